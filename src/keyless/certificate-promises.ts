// The promises of certificate logs in a certificate (RFC 6962 sections 3.2 and 3.3) as `@sigstore/verify` is shown them:
// those of logs that the trusted root has, each of which must hold, over the certificate's own bytes without their
// extension. A promise of any other log is passed over: it counts for nothing, and one that is known suffices.
import { concat, equalBytes } from "../core/base/bytes.ts"
import { refuse } from "../core/base/errors.ts"
import { derContents, derElement, derElements, objectIdentifier } from "../entry/der.ts"
import type { LibraryCertificate } from "./library-certificate.ts"

type DerObject = LibraryCertificate["root"]

const PROMISES = "1.3.6.1.4.1.11129.2.4.2"
const OCTET_STRING = 0x04
const SEQUENCE = 0x30
const EXTENSIONS = 0xa3
const VERSION_1 = 0
const LOG_ID_SIZE = 32

function unreadable(): never {
  return refuse("malformed", "certificate: the promises of its certificate logs cannot be read")
}

/** What a TLS vector with a length of two bytes holds, and what stands behind it. */
function readVector(bytes: Uint8Array): readonly [contents: Uint8Array, rest: Uint8Array] {
  const [high, low] = bytes
  if (high === undefined || low === undefined) return unreadable()
  const end = 2 + high * 256 + low
  return end <= bytes.length ? [bytes.subarray(2, end), bytes.subarray(end)] : unreadable()
}

function vector(contents: Uint8Array): Uint8Array {
  return concat(Uint8Array.of(contents.length >> 8, contents.length & 0xff), contents)
}

function readPromises(list: Uint8Array): readonly Uint8Array[] {
  const [all, behind] = readVector(list)
  if (behind.length > 0) unreadable()
  const promises: Uint8Array[] = []
  for (let rest = all; rest.length > 0; ) {
    const [promise, others] = readVector(rest)
    promises.push(promise)
    rest = others
  }
  return promises
}

/** SPEC: RFC 6962 section 3.2: the log's ID follows the version; of other versions nothing is known. */
function isOf(logIds: readonly Uint8Array[], promise: Uint8Array): boolean {
  const logId = promise.subarray(1, 1 + LOG_ID_SIZE)
  return promise[0] === VERSION_1 && logIds.some((id) => equalBytes(id, logId))
}

function isPromises(extension: Uint8Array): boolean {
  return objectIdentifier(derElements(extension)?.[0]) === PROMISES
}

/** SPEC: RFC 6962 section 3.2: what is signed is the certificate's signed part without the extension. */
function withoutPromises(signed: Uint8Array): Uint8Array {
  const fields = (derElements(signed) ?? unreadable()).map((field) => {
    if (field[0] !== EXTENSIONS) return field
    const [list = unreadable()] = derElements(field) ?? []
    const others = (derElements(list) ?? unreadable()).filter((each) => !isPromises(each))
    return derElement(EXTENSIONS, derElement(SEQUENCE, concat(...others)))
  })
  return derElement(SEQUENCE, concat(...fields))
}

/** The same object with other members. */
function variantOf<T extends object>(object: T, members: Partial<T>): T {
  const described = Object.entries(members).map(([name, value]) => [name, { value }] as const)
  return Object.create(object, Object.fromEntries(described)) as T
}

function onlyKnown(extension: DerObject, logIds: readonly Uint8Array[]): DerObject {
  const octets = extension.subs.at(-1) ?? unreadable()
  const list = derContents(octets.value, OCTET_STRING) ?? unreadable()
  const [inner = unreadable()] = octets.subs
  const known = readPromises(list).filter((promise) => isOf(logIds, promise))
  const value = Buffer.from(vector(concat(...known.map(vector))))
  const subs = [
    ...extension.subs.slice(0, -1),
    variantOf(octets, { subs: [variantOf(inner, { value })] }),
  ]
  return variantOf(extension, { subs })
}

/**
 * Has the library verify the promises of these certificate logs alone. `signed` is the part of the certificate that its
 * issuer signed. What cannot be read is refused as `malformed` once the library asks for it.
 */
export function pinPromises(
  certificate: LibraryCertificate,
  signed: Uint8Array,
  logIds: readonly Uint8Array[],
): void {
  // The library takes the extension out of a copy.
  certificate.clone = () => {
    const extensions = certificate.extensions.map((each) =>
      each.subs[0]?.toOID() === PROMISES ? onlyKnown(each, logIds) : each,
    )
    const tbsCertificate = variantOf(certificate.tbsCertificate, {
      toDER: () => Buffer.from(withoutPromises(signed)),
    })
    return variantOf(certificate, { extensions, tbsCertificate })
  }
}
