// URIs of keys in PKCS#11 tokens (RFC 7512), strictly: what is misspelt or not known is refused, and not passed over.
// Leaves out PINs in the URI itself, which everyone can read who sees the processes, and modules by name.
import { isAbsolute } from "node:path"
import { refuse, shown } from "../../core/base/errors.ts"

export interface Pkcs11Uri {
  /** What the token says of itself; an attribute that is missing fits every token. */
  readonly token: Readonly<Partial<Record<"label" | "manufacturer" | "serial" | "model", string>>>
  /** The label of the key. */
  readonly object?: string
  /** The ID of the key. */
  readonly id?: Uint8Array
  /** The path of the token's shared library. */
  readonly module: string
  /** The file with the PIN; none for a token without one. */
  readonly pinFile?: string
}

const WHAT = "pkcs11 key"
const LONGEST = 2_048
const PATH_NAMES = ["token", "manufacturer", "serial", "model", "object", "id", "type"] as const
const QUERY_NAMES = ["module-path", "pin-source"] as const
const SAFE = /^(?:[A-Za-z0-9\-._~:[\]@!$'()*+,=/?|&]|%[0-9A-Fa-f]{2})*$/

type Attributes<Name extends string> = ReadonlyMap<Name, string>

function refuseUri(expected: string, found: string): never {
  return refuse("malformed", `${WHAT}: expected ${expected}, found ${shown(found, 120)}`)
}

/** Each `name=value`, still encoded. */
function attributesOf<Name extends string>(
  text: string,
  separator: string,
  names: readonly Name[],
): Attributes<Name> {
  const found = new Map<Name, string>()
  for (const pair of text === "" ? [] : text.split(separator)) {
    const at = pair.indexOf("=")
    const name = names.find((known) => known === pair.slice(0, at))
    // SPEC: an attribute MUST NOT stand twice (RFC 7512 section 2.3); the value may be a secret and is not repeated.
    if (name === undefined) refuseUri(`one of ${names.join(", ")}`, pair.slice(0, Math.max(at, 0)))
    if (found.has(name)) refuseUri(`${name} once`, name)
    const value = pair.slice(at + 1)
    if (value === "" || !SAFE.test(value)) refuseUri(`a value in percent encoding`, name)
    found.set(name, value)
  }
  return found
}

function decoded(value: string | undefined, name: string): string | undefined {
  if (value === undefined) return undefined
  try {
    return decodeURIComponent(value)
  } catch {
    return refuseUri("UTF-8 in percent encoding", name)
  }
}

function bytesOf(value: string | undefined): Uint8Array | undefined {
  if (value === undefined) return undefined
  const text = value.replaceAll(/%(..)/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
  return new Uint8Array(Buffer.from(text, "latin1"))
}

/** The path of `pin-source`, which may be a `file:` URI. */
function pinFileOf(source: string | undefined): string | undefined {
  if (source === undefined) return undefined
  if (source.startsWith("|")) refuseUri("pin-source=file:PATH", "a command")
  const path = source.replace(/^file:(?:\/\/(?=\/))?/, "")
  return isAbsolute(path) ? path : refuseUri("an absolute path in pin-source", source)
}

function assertNoPin(query: string): void {
  if (!/(?:^|&)pin-value=/.test(query)) return
  const advice = "write it into a file of yours (chmod 600) and give pin-source=file:PATH"
  refuse("untrusted", `${WHAT}: a PIN in the URI can be read by others; ${advice}`)
}

/** Refuses `malformed`, and `untrusted` for a URI with a PIN in it. */
export function parsePkcs11Uri(uri: string): Pkcs11Uri {
  if (uri.length > LONGEST) refuse("too-large", `${WHAT}: expected up to ${LONGEST} characters`)
  const [, path, query = ""] = /^pkcs11:([^?]*)(?:\?(.*))?$/s.exec(uri) ?? []
  if (path === undefined) return refuseUri("pkcs11:token=…;object=…?module-path=…", uri)
  assertNoPin(query)
  const given = attributesOf(path, ";", PATH_NAMES)
  const asked = attributesOf(query, "&", QUERY_NAMES)
  const text = (name: (typeof PATH_NAMES)[number]) => decoded(given.get(name), name)
  const type = text("type")
  if (type !== undefined && type !== "private") refuseUri("type=private", type)
  const id = bytesOf(given.get("id"))
  const object = text("object")
  if (object === undefined && id === undefined) refuseUri("object=LABEL or id=ID", path)
  const module = decoded(asked.get("module-path"), "module-path")
  if (module === undefined || !isAbsolute(module)) {
    const expected = "?module-path= with the absolute path of the token's library"
    return refuseUri(expected, module ?? "none")
  }
  const pinFile = pinFileOf(decoded(asked.get("pin-source"), "pin-source"))
  const [label, manufacturer] = [text("token"), text("manufacturer")]
  const [serial, model] = [text("serial"), text("model")]
  return {
    token: {
      ...(label !== undefined && { label }),
      ...(manufacturer !== undefined && { manufacturer }),
      ...(serial !== undefined && { serial }),
      ...(model !== undefined && { model }),
    },
    module,
    ...(object !== undefined && { object }),
    ...(id !== undefined && { id }),
    ...(pinFile !== undefined && { pinFile }),
  }
}
