// A key in a PKCS#11 token through the package pkcs11js, which the operator installs: a session that is made again after
// it broke, ECDSA over SHA-256 and Ed25519 (PKCS#11 3.0). Blocks its thread; pkcs11-key.ts keeps it off the others.
import { createHash } from "node:crypto"
import type * as Pkcs11 from "pkcs11js"
import { concat, equalBytes } from "../../core/base/bytes.ts"
import { refuse, shown, Trouble } from "../../core/base/errors.ts"
import { parseHex } from "../../core/base/text.ts"
import { derContents, derElement } from "../../entry/der.ts"
import type { KeyAlgorithm } from "./handle.ts"
import type { Pkcs11Uri } from "./pkcs11-uri.ts"
import { readSecretFile } from "./secret-file.ts"

const WHAT = "pkcs11 key"
const OCTET_STRING = 0x04
const CKK_EC_EDWARDS = 0x40
const CKM_EDDSA = 0x1057
const CKR_USER_ALREADY_LOGGED_IN = 0x100
const CKR_CRYPTOKI_ALREADY_INITIALIZED = 0x191
const CKS_RO_USER_FUNCTIONS = 1
const LONGEST_PIN = 1_024
const MOST_FOUND = 2
const SIGNATURE_SIZE = 64
const PREFIXES: Readonly<Record<KeyAlgorithm, Uint8Array>> = {
  "ecdsa-p256": parseHex("3059301306072a8648ce3d020106082a8648ce3d030107034200", "P-256 prefix"),
  ed25519: parseHex("302a300506032b6570032100", "Ed25519 prefix"),
}
const P256 = parseHex("06082a8648ce3d030107", "P-256")
/** As an object identifier (RFC 8410) and as the name that PKCS#11 3.0 began with. */
const EDWARDS = [
  parseHex("06032b6570", "Ed25519"),
  parseHex("130c656477617264733235353139", "name"),
]

interface TokenKey {
  readonly algorithm: KeyAlgorithm
  /** SPKI in DER. */
  readonly spki: Uint8Array
  /** DER for ECDSA. Throws trouble ("busy"). */
  sign(message: Uint8Array): Uint8Array
}

interface Session {
  readonly session: Buffer
  readonly key: Buffer
}

function codeOf(reason: unknown): number | undefined {
  return reason instanceof Error && "code" in reason && typeof reason.code === "number"
    ? reason.code
    : undefined
}

/** Does `work`, taking this one answer of the token for a success. */
function unless(code: number, work: () => void): void {
  try {
    work()
  } catch (reason) {
    if (codeOf(reason) !== code) throw reason
  }
}

function busy(doing: string, cause: unknown): Trouble {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new Trouble("busy", `the PKCS#11 token cannot ${doing}: ${reason}`, { cause })
}

/** The package, and the library of the token in it. Refuses `unsupported` without the package, `not-found`. */
async function loadModule(path: string) {
  const package_ = await import("pkcs11js").catch((cause: unknown) => {
    const advice = "install it beside countersign with: npm install pkcs11js"
    return refuse("unsupported", `${WHAT}: needs the package pkcs11js; ${advice}`, { cause })
  })
  const { default: constants } = package_
  const module = new constants.PKCS11()
  try {
    module.load(path)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    refuse("not-found", `${WHAT}: expected a PKCS#11 library in ${path}: ${reason}`, { cause })
  }
  try {
    unless(CKR_CRYPTOKI_ALREADY_INITIALIZED, () => {
      module.C_Initialize({ flags: constants.CKF_OS_LOCKING_OK })
    })
  } catch (cause) {
    throw busy("be started", cause)
  }
  return { module, constants }
}

type Loaded = Awaited<ReturnType<typeof loadModule>>

function findSlot({ module }: Loaded, { token }: Pkcs11Uri): Buffer {
  const slots = module.C_GetSlotList(true).filter((slot) => {
    const info = module.C_GetTokenInfo(slot)
    const said = {
      label: info.label,
      manufacturer: info.manufacturerID,
      serial: info.serialNumber,
      model: info.model,
    }
    return Object.entries(token).every(
      ([name, wanted]) => said[name as keyof typeof said].trimEnd() === wanted,
    )
  })
  const [slot, another] = slots
  if (slot === undefined) throw new Trouble("busy", "the PKCS#11 token is not there")
  if (another === undefined) return slot
  return refuse("conflict", `${WHAT}: expected one token, found ${slots.length}; give its serial=`)
}

function findObject(loaded: Loaded, session: Buffer, kind: number, uri: Pkcs11Uri): Buffer {
  const { module, constants } = loaded
  const template: Pkcs11.Template = [{ type: constants.CKA_CLASS, value: kind }]
  if (uri.object !== undefined) template.push({ type: constants.CKA_LABEL, value: uri.object })
  if (uri.id !== undefined) template.push({ type: constants.CKA_ID, value: Buffer.from(uri.id) })
  module.C_FindObjectsInit(session, template)
  const found = module.C_FindObjects(session, MOST_FOUND)
  module.C_FindObjectsFinal(session)
  const [object, another] = found
  const what = kind === constants.CKO_PRIVATE_KEY ? "private key" : "public half of the key"
  const name = shown(uri.object ?? "with this id")
  if (object === undefined) {
    return refuse("not-found", `${WHAT}: expected a ${what} ${name} in the token, found none`)
  }
  if (another === undefined) return object
  return refuse("conflict", `${WHAT}: expected one ${what} ${name}, found several; give its id=`)
}

/** A wrong PIN was tried since the last right one; one more try may lock the token; it is locked. */
const PIN_DANGERS = 0x10000 | 0x20000 | 0x40000

/**
 * Refuses `untrusted` for a token that was told a wrong PIN before, by whichever process: a service that is started again
 * and again would lock it.
 */
function assertPinUntried({ module }: Loaded, slot: Buffer, session: Buffer): void {
  const { state } = module.C_GetSessionInfo(session)
  if (state === CKS_RO_USER_FUNCTIONS) return
  if ((module.C_GetTokenInfo(slot).flags & PIN_DANGERS) === 0) return
  const advice =
    "put the right one into the PIN file, then log in once by hand, which takes this back: pkcs11-tool --module LIBRARY --token-label LABEL --login -O"
  refuse("untrusted", `${WHAT}: the token was told a wrong PIN and may lock itself; ${advice}`)
}

function login(loaded: Loaded, slot: Buffer, session: Buffer, pinFile: string | undefined): void {
  if (pinFile === undefined) return
  const { module, constants } = loaded
  const pin = readSecretFile(pinFile, "PIN file", LONGEST_PIN).split(/\r?\n/, 1)[0] ?? ""
  if (pin === "") refuse("untrusted", `PIN file ${pinFile}: expected a PIN in its first line`)
  assertPinUntried(loaded, slot, session)
  unless(CKR_USER_ALREADY_LOGGED_IN, () => module.C_Login(session, constants.CKU_USER, pin))
}

function openSession(loaded: Loaded, uri: Pkcs11Uri): Session {
  const { module, constants } = loaded
  const slot = findSlot(loaded, uri)
  const session = module.C_OpenSession(slot, constants.CKF_SERIAL_SESSION)
  try {
    login(loaded, slot, session, uri.pinFile)
    return { session, key: findObject(loaded, session, constants.CKO_PRIVATE_KEY, uri) }
  } catch (reason) {
    closeQuietly(loaded, session)
    throw reason
  }
}

/** A session that broke cannot always be closed. */
function closeQuietly({ module }: Loaded, session: Buffer): void {
  try {
    module.C_CloseSession(session)
  } catch {
    // The token has forgotten it.
  }
}

/** The public half as the token has it. Refuses `unsupported` for another kind of key. */
function publicHalf(loaded: Loaded, { session }: Session, uri: Pkcs11Uri) {
  const { module, constants } = loaded
  const object = findObject(loaded, session, constants.CKO_PUBLIC_KEY, uri)
  const read = (type: number) => {
    const [attribute] = module.C_GetAttributeValue(session, object, [{ type }])
    return new Uint8Array(attribute?.value as Buffer)
  }
  const type = read(constants.CKA_KEY_TYPE)[0]
  const curve = read(constants.CKA_EC_PARAMS)
  const written = read(constants.CKA_EC_POINT)
  // Some tokens leave out the tag and length that PKCS#11 asks for.
  const point = derContents(written, OCTET_STRING) ?? written
  if (type === constants.CKK_EC && equalBytes(curve, P256) && point.length === 65) {
    return { algorithm: "ecdsa-p256", spki: concat(PREFIXES["ecdsa-p256"], point) } as const
  }
  const isEdwards = type === CKK_EC_EDWARDS && EDWARDS.some((name) => equalBytes(curve, name))
  if (isEdwards && point.length === 32) {
    return { algorithm: "ed25519", spki: concat(PREFIXES.ed25519, point) } as const
  }
  return refuse("unsupported", `${WHAT}: expected ECDSA P-256 or Ed25519, found another kind`)
}

/** r and s side by side as DER has them. */
function derSignature(raw: Uint8Array): Uint8Array {
  const numbers = [raw.subarray(0, 32), raw.subarray(32)].map((number) => {
    const from = number.findIndex((byte) => byte !== 0)
    const digits = number.subarray(from < 0 ? 31 : from)
    return derElement(
      0x02,
      (digits[0] as number) < 0x80 ? digits : concat(Uint8Array.of(0), digits),
    )
  })
  return derElement(0x30, concat(...numbers))
}

/**
 * Opens the key of a URI. Refuses as the token's objects are wrong, `untrusted` for a PIN file that others can read;
 * throws trouble ("busy") while the token is not there. A PIN that the token refused is never tried again, because a
 * few such tries lock the token.
 */
export async function openTokenKey(uri: Pkcs11Uri): Promise<TokenKey> {
  const loaded = await loadModule(uri.module)
  const { module, constants } = loaded
  let refusedPin: unknown
  let held: Session | undefined

  function open(): Session {
    if (refusedPin !== undefined) throw busy("be opened again, restart to try its PIN", refusedPin)
    try {
      return openSession(loaded, uri)
    } catch (reason) {
      const name = reason instanceof Error ? reason.message : ""
      if (name.startsWith("CKR_PIN_")) refusedPin = reason
      throw codeOf(reason) === undefined ? reason : busy("be opened", reason)
    }
  }

  const first = open()
  held = first
  const { algorithm, spki } = publicHalf(loaded, first, uri)
  const mechanism = algorithm === "ed25519" ? CKM_EDDSA : constants.CKM_ECDSA

  function signOnce({ session, key }: Session, data: Buffer): Uint8Array {
    module.C_SignInit(session, { mechanism }, key)
    const signature = module.C_Sign(session, data, Buffer.alloc(2 * SIGNATURE_SIZE))
    if (signature.length !== SIGNATURE_SIZE)
      throw new Error(`${signature.length} bytes of signature`)
    return algorithm === "ed25519" ? new Uint8Array(signature) : derSignature(signature)
  }

  return {
    algorithm,
    spki,
    sign(message) {
      const data =
        algorithm === "ed25519"
          ? Buffer.from(message)
          : createHash("sha256").update(message).digest()
      if (held !== undefined) {
        try {
          return signOnce(held, data)
        } catch {
          // The token was taken out or has ended the session: once more over a new one.
          closeQuietly(loaded, held.session)
          held = undefined
        }
      }
      held = open()
      try {
        return signOnce(held, data)
      } catch (cause) {
        throw busy("sign", cause)
      }
    },
  }
}
