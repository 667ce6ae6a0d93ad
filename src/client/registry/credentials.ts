// Credentials for registries from a Docker configuration file (config.json, member `auths`). Leaves out credential
// helpers, which are programs: whoever needs one writes its answer into a file.
import { parseUtf8 } from "../../core/base/bytes.ts"
import { refuse } from "../../core/base/errors.ts"
import { asObject, asText, isAbsent, optional, parseJson } from "../../core/base/json-value.ts"
import { parseBase64 } from "../../core/base/text.ts"

export type Credentials =
  | { readonly form: "password"; readonly user: string; readonly password: string }
  /** An OAuth refresh token, good for the token service alone. */
  | { readonly form: "refresh-token"; readonly token: string }

const LONGEST_CONFIG = 1_048_576

/** Docker Hub is known by several names. */
const HUB = ["docker.io", "index.docker.io", "registry-1.docker.io"]

/** `https://index.docker.io/v1/` is `index.docker.io`. */
function hostOf(name: string): string {
  return name
    .replace(/^https?:\/\//, "")
    .replace(/\/.*$/, "")
    .toLowerCase()
}

function isSameHost(a: string, b: string): boolean {
  return a === b || (HUB.includes(a) && HUB.includes(b))
}

function readAuth(value: unknown, what: string): Credentials | undefined {
  const { auth, identitytoken, username, password } = asObject(value, what)
  const token = optional(identitytoken, (it) => asText(it, `${what}.identitytoken`)) ?? ""
  if (token !== "") return { form: "refresh-token", token }
  const coded = optional(auth, (it) => asText(it, `${what}.auth`)) ?? ""
  if (coded !== "") {
    const text = parseUtf8(parseBase64(coded, `${what}.auth`), `${what}.auth`)
    const colon = text.indexOf(":")
    if (colon < 0)
      refuse("malformed", `${what}.auth: expected USER:PASSWORD in base64, found another`)
    return { form: "password", user: text.slice(0, colon), password: text.slice(colon + 1) }
  }
  if (isAbsent(username) || isAbsent(password)) return undefined
  const user = asText(username, `${what}.username`)
  return { form: "password", user, password: asText(password, `${what}.password`) }
}

/**
 * The credentials for a registry by its HOST[:PORT]; undefined if the file has none. Refuses `malformed`, and
 * `unsupported` for a registry whose credentials a helper program has.
 */
export function readCredentials(text: string, host: string): Credentials | undefined {
  const what = "registry credentials"
  const { auths, credHelpers, credsStore } = asObject(parseJson(text, what, LONGEST_CONFIG), what)
  const wanted = host.toLowerCase()
  const named = <T>(members: unknown, place: string) =>
    Object.entries(asObject<string>(members ?? {}, `${what}: ${place}`) as Record<string, T>).find(
      ([name]) => isSameHost(hostOf(name), wanted),
    )
  const found = named(auths, "auths")
  const credentials = found && readAuth(found[1], `${what}: auths of ${found[0]}`)
  if (credentials !== undefined) return credentials
  const isHelped = named(credHelpers, "credHelpers") !== undefined
  if (!isHelped && (found === undefined || isAbsent(credsStore))) return undefined
  return refuse(
    "unsupported",
    `${what}: expected the credentials of ${host} in "auths", found a credential helper, which is not run; ` +
      `write them into a file of their own, as "docker login" does without a helper`,
  )
}
