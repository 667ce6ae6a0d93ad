// Names of subjects in one spelling: what package URLs, registries and web addresses leave to the writer is taken away
// (purl specification, OCI distribution, RFC 3986), so that two names of one thing compare as equal. Both sides of a
// comparison take it. Made for finding: where in doubt, two spellings are one name.
import { confusables } from "./confusables.ts"

/** Names under which Docker Hub is reached. */
const dockerHub: ReadonlySet<string> = new Set([
  "docker.io",
  "index.docker.io",
  "registry-1.docker.io",
  "registry.hub.docker.com",
])

/** Package types whose names have no capital letters (purl specification). */
const lowerCaseTypes: ReadonlySet<string> = new Set([
  "alpm",
  "apk",
  "bitbucket",
  "composer",
  "deb",
  "docker",
  "github",
  "gitlab",
  "hex",
  "npm",
  "oci",
  "pypi",
  "rpm",
])

const PERCENT = /(?:%[0-9a-fA-F]{2})+/g

function decoded(text: string): string {
  if (!text.includes("%")) return text
  return text.replaceAll(PERCENT, (escapes) => {
    try {
      return decodeURIComponent(escapes)
    } catch {
      return escapes.toUpperCase()
    }
  })
}

const SCHEME = /^([a-zA-Z][a-zA-Z0-9+.-]*):\/\/+/
const HOST = /^([^/@]+?)(?::([0-9]+))?(?=\/|$)/
/** Schemes that say only how to fetch a thing. */
const fetching: ReadonlySet<string> = new Set(["http", "https", "oci", "docker"])
const defaultPorts: ReadonlySet<string> = new Set(["80", "443"])

function isHost(name: string, port: string | undefined): boolean {
  return port !== undefined || name.includes(".") || name.toLowerCase() === "localhost"
}

/** `host[:port]/path`; undefined for what does not begin with a host. */
function canonicalAddress(text: string, hasScheme: boolean): string | undefined {
  const [whole = "", name = "", port] = HOST.exec(text) ?? []
  const path = text.slice(whole.length)
  if (name === "" || !(hasScheme || (path !== "" && isHost(name, port)))) return undefined
  const host = name.toLowerCase().replace(/\.$/, "")
  const isDefault = port === undefined || defaultPorts.has(port)
  if (isDefault && dockerHub.has(host)) return `docker.io${libraryPath(path)}`
  return `${host}${isDefault ? "" : `:${port}`}${path.replace(/\/+$/, "")}`
}

/** Docker Hub's own images stand in `library/`. */
function libraryPath(path: string): string {
  const own = path.replace(/\/+$/, "")
  return /^\/[^/]+$/.test(own) ? `/library${own}` : own
}

const PURL = /^pkg:\/*([a-zA-Z][a-zA-Z0-9+.-]*)\/+([^?#]*)(?:\?([^#]*))?(?:#.*)?$/s

function repositoryUrl(qualifiers = ""): string | undefined {
  for (const qualifier of qualifiers.split("&")) {
    const at = qualifier.indexOf("=")
    if (qualifier.slice(0, at).toLowerCase() === "repository_url") {
      return decoded(qualifier.slice(at + 1))
    }
  }
  return undefined
}

/** A package URL of an image is the name of its repository: the digest in it is a digest. */
function canonicalImage(type: string, path: string, qualifiers?: string): string | undefined {
  const url = repositoryUrl(qualifiers)
  const name = path.replace(/@[^/]*$/, "")
  if (type === "oci") return url === "" ? undefined : url
  if (type !== "docker") return undefined
  return `https://${(url ?? "docker.io").replace(SCHEME, "")}/${name}`
}

function canonicalPurl(text: string): string | undefined {
  const [whole, kind = "", rest = "", qualifiers] = PURL.exec(text) ?? []
  if (whole === undefined) return undefined
  const type = kind.toLowerCase()
  const path = decoded(rest).replaceAll(/\/+/g, "/").replace(/\/$/, "")
  const image = canonicalImage(type, path, qualifiers)
  if (image !== undefined) return image
  const at = path.lastIndexOf("@")
  const [name, version] =
    at > 0 && path[at - 1] !== "/" ? [path.slice(0, at), path.slice(at)] : [path, ""]
  const lower = lowerCaseTypes.has(type) ? name.toLowerCase() : name
  const own = type === "pypi" ? lower.replaceAll(/[-_.]+/g, "-") : lower
  return `pkg:${type}/${own}${version}${qualifiers ? `?${decoded(qualifiers)}` : ""}`
}

/** One spelling taken away; the same text again if there is none. */
function plainer(name: string): string {
  const text = name.normalize("NFC")
  if (/^pkg:/i.test(text)) return canonicalPurl(`pkg:${text.slice(4)}`) ?? text
  const [start, scheme = ""] = SCHEME.exec(text) ?? []
  if (start === undefined) return canonicalAddress(text, false) ?? text
  const address = canonicalAddress(decoded(text.slice(start.length)), true)
  if (address === undefined) return text
  const own = scheme.toLowerCase()
  return fetching.has(own) ? address : `${own}://${address}`
}

/** A name that is longer is no name of anything, in UTF-16 units. */
const LONGEST_NAME = 1024
/** A name that takes more steps was made to. */
const MOST_STEPS = 16

/**
 * The name in its canonical spelling: percent-encoding undone, host and package type in lower case, without the
 * ports 80 and 443 and without `https://`; Docker Hub as `docker.io/library/NAME`; an image's package URL with a
 * `repository_url` as that repository; Unicode in NFC. What is canonical stays as it is, and so does what is longer
 * than 1,024 units. Any text is a name.
 */
export function canonicalName(name: string): string {
  let text = name
  for (let step = 0; step < MOST_STEPS && text.length <= LONGEST_NAME; step++) {
    const next = plainer(text)
    if (next === text) break
    text = next
  }
  return text
}

/** Characters that show nothing: marks of direction, joiners, variation selectors, soft hyphens. */
const INVISIBLE = /[\p{Default_Ignorable_Code_Point}\p{Mn}]/gu

/**
 * What a name looks like: letters that are taken for each other are one. Names with one skeleton and two
 * canonical spellings are look-alikes. Not a name itself.
 */
export function skeletonOf(name: string): string {
  const plain = canonicalName(name).normalize("NFKD").replaceAll(INVISIBLE, "")
  let skeleton = ""
  for (const char of plain) skeleton += confusables.get(char) ?? char
  return skeleton.toLowerCase().replaceAll("rn", "m").replaceAll("vv", "w")
}
