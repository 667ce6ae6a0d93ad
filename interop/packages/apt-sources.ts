// Reads which mirror of Debian's archive this machine uses, out of apt's own sources in both their forms
// (sources.list(5): one line a source, or deb822 stanzas).
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"

export interface SourceFile {
  /** Its ending tells the form. */
  readonly name: string
  readonly text: string
}

interface Source {
  readonly uri: string
  readonly suites: readonly string[]
  readonly components: readonly string[]
}

const FOLDER = "/etc/apt"
const words = (text = "") => text.split(/\s+/).filter((word) => word !== "")

function sourceOfLine(line: string): Source | undefined {
  const [, uri, suite, components] =
    /^deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\S+)\s+(.+)$/.exec(line.replace(/#.*/, "").trim()) ?? []
  if (uri === undefined || suite === undefined) return undefined
  return { uri, suites: [suite], components: words(components) }
}

function sourceOfStanza(stanza: string): Source | undefined {
  const lines = stanza.split("\n").filter((line) => !line.startsWith("#"))
  const fields = lines.join("\n").replaceAll(/\n[ \t]+/g, " ")
  const field = (name: string) => words(new RegExp(`^${name}:(.*)$`, "im").exec(fields)?.[1])
  const [uri] = field("URIs")
  const isOff = field("Enabled")[0] === "no" || !field("Types").includes("deb")
  if (uri === undefined || isOff) return undefined
  return { uri, suites: field("Suites"), components: field("Components") }
}

function sourcesOf({ name, text }: SourceFile): readonly Source[] {
  const parts = name.endsWith(".sources") ? text.split(/\n\s*\n/) : text.split("\n")
  const read = name.endsWith(".sources") ? sourceOfStanza : sourceOfLine
  return parts.map(read).filter((source) => source !== undefined)
}

/** The mirror from which these files take `codename` itself, not its updates; undefined if none does. */
export function mirrorOf(files: readonly SourceFile[], codename: string): string | undefined {
  const found = files
    .flatMap(sourcesOf)
    .find(({ suites, components }) => suites.includes(codename) && components.includes("main"))
  return found?.uri
}

function sourceFiles(): readonly SourceFile[] {
  const more = join(FOLDER, "sources.list.d")
  const parts = existsSync(more) ? readdirSync(more).map((name) => join(more, name)) : []
  return [join(FOLDER, "sources.list"), ...parts]
    .filter((name) => /\.(?:list|sources)$/.test(name) && existsSync(name))
    .map((name) => ({ name, text: readFileSync(name, "utf8") }))
}

/** The mirror that this machine uses. Throws if it runs no Debian. */
export function findMirror(): string {
  const release = existsSync("/etc/os-release") ? readFileSync("/etc/os-release", "utf8") : ""
  const field = (name: string) => new RegExp(`^${name}="?([^"\\n]*)"?$`, "m").exec(release)?.[1]
  const codename = field("VERSION_CODENAME")
  if (field("ID") !== "debian" || codename === undefined) {
    throw new Error("expected a machine that runs a release of Debian, found another system")
  }
  const mirror = mirrorOf(sourceFiles(), codename)
  if (mirror === undefined) throw new Error(`apt's sources name no mirror for ${codename}`)
  return mirror
}
