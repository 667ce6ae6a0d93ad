// The verifier key of a signature: a public key, or the leaf certificate (RFC 5280) that holds one, as
// the signer sent it. A certificate is opened for its key and its names only; whether the
// names are true, chains and dates are the business of whoever verifies an entry. Leaves out PEM.
import { canonicalBase64 } from "../core/base/any-base64.ts"
import { equalBytes, utf8 } from "../core/base/bytes.ts"
import { assertAtMost, refuse } from "../core/base/errors.ts"
import { type ForeignKey, foreignDer } from "../core/base/foreign-key.ts"
import { formatBase64 } from "../core/base/text.ts"
import type { KeyType } from "./algorithm.ts"
import { type Base64Field, readBase64 } from "./base64-fields.ts"
import {
  type CertificateNames,
  LONGEST_CERTIFICATE,
  namesIn,
  readCertificate,
  type Validity,
} from "./certificate.ts"
import { LONGEST_SPKI, readPublicKey } from "./public-key.ts"

type VerifierKeyForm = "publicKey" | "certificate"

export interface VerifierKey {
  readonly form: VerifierKeyForm
  /** What the signer sent and the body repeats. */
  readonly der: Uint8Array
  /** The canonical SubjectPublicKeyInfo; the same bytes as `der` for a bare public key. */
  readonly spki: Uint8Array
  readonly keyType: KeyType
  /** Whom a certificate names; not verified. */
  readonly names?: CertificateNames
  /** From when to when a certificate holds; not verified. */
  readonly validity?: Validity
  /** The certificates that came with it, as DER, if any did; not verified. */
  readonly issuers?: readonly Uint8Array[]
}

type VerifierKeyBytes = { readonly publicKey: Uint8Array } | { readonly certificate: Uint8Array }

/** Exactly one of the two, as canonical base64 of DER. */
export interface VerifierKeyText {
  readonly publicKey?: string | undefined
  readonly certificate?: string | undefined
}

export type VerifierKeyReader = (text: VerifierKeyText) => VerifierKey

/** In characters of base64, also in lines. */
const LONGEST_TEXT: Readonly<Record<VerifierKeyForm, number>> = {
  publicKey: 2 * LONGEST_SPKI,
  certificate: 2 * LONGEST_CERTIFICATE,
}

const FIELD = {
  publicKey: "native publicKey",
  certificate: "native certificate",
} as const satisfies Record<VerifierKeyForm, Base64Field>

/** The text that a key was read from in its canonical spelling, the same one if it was. */
export function canonicalKeyText(
  text: VerifierKeyText,
  { form, der }: VerifierKey,
): VerifierKeyText {
  return { [form]: canonicalBase64(text[form] ?? "", der) }
}

/** The way back to the text that {@link readVerifierKeyText} reads. */
export function verifierKeyText({ form, der }: Pick<VerifierKey, "form" | "der">): VerifierKeyText {
  return { [form]: formatBase64(der) }
}

/** Refuses `too-large` or `malformed` for what is not a certificate, whatever its key is. */
export function assertCertificate(der: Uint8Array): void {
  readCertificate(der)
}

/**
 * Reads a key from DER. Refuses `too-large` before anything is parsed, `malformed` for what is not
 * canonical DER of its form, `unsupported` for a key that no algorithm here uses.
 */
export function readVerifierKey(request: VerifierKeyBytes): VerifierKey {
  if ("publicKey" in request) {
    const der = request.publicKey
    return { form: "publicKey", der, spki: der, keyType: readPublicKey(der).type }
  }
  const der = request.certificate
  const { spki, validity, extensions } = readCertificate(der)
  const keyType = readPublicKey(spki, "public key of the certificate").type
  return { form: "certificate", der, spki, keyType, names: namesIn(extensions), validity }
}

/** The key of a leaf with the certificates that came with it; the same one if none did. */
export function sentWith(
  key: VerifierKey,
  issuers: readonly { readonly der: Uint8Array }[],
): VerifierKey {
  return issuers.length === 0 ? key : { ...key, issuers: issuers.map(({ der }) => der) }
}

const PEM_START = utf8("-----BEGIN ")
const pemFound: ForeignKey = {
  found: "base64 of PEM",
  advice: "send what stands between its lines",
}

function isPem(bytes: Uint8Array): boolean {
  return equalBytes(bytes.subarray(0, PEM_START.length), PEM_START)
}

interface ChosenForm {
  readonly form: VerifierKeyForm
  readonly text: string
}

function chosenForm({ publicKey, certificate }: VerifierKeyText): ChosenForm {
  if (publicKey !== undefined && certificate === undefined) {
    return { form: "publicKey", text: publicKey }
  }
  if (certificate !== undefined && publicKey === undefined) {
    return { form: "certificate", text: certificate }
  }
  const found = publicKey === undefined ? "neither" : "both"
  const expected = 'either "publicKey" or "certificate"'
  return refuse("malformed", `verifier key: expected ${expected}, found ${found}`)
}

function readChosen({ form, text }: ChosenForm): VerifierKey {
  assertAtMost(LONGEST_TEXT[form], text.length, form, "characters")
  const der = readBase64(FIELD[form], text, form)
  const foreign = isPem(der) ? pemFound : foreignDer(der)
  if (foreign !== undefined) {
    const expected = "base64 of DER"
    refuse("malformed", `${form}: expected ${expected}, found ${foreign.found}; ${foreign.advice}`)
  }
  return readVerifierKey(form === "publicKey" ? { publicKey: der } : { certificate: der })
}

/** Reads a key from base64, uncached; refuses as {@link readVerifierKey} does. */
export const readVerifierKeyText: VerifierKeyReader = (text) => readChosen(chosenForm(text))

/** Longer keys are read anew each time, so that the cache's size in bytes has a bound too. */
const LONGEST_CACHED_TEXT = 4096

/**
 * Remembers the last `limit` keys by the text they came as, at most about 12 KB each. What `read` refuses
 * it does not remember.
 */
export function rememberKeys(limit: number, read: (text: string) => VerifierKey) {
  const known = new Map<string, VerifierKey>()
  return (text: string): VerifierKey => {
    const cached = known.get(text)
    // Until it is full nothing falls out, so which key is the oldest matters only from then on.
    if (cached !== undefined && known.size < limit) return cached
    const key = cached ?? read(text)
    if (text.length > LONGEST_CACHED_TEXT || limit === 0) return key
    // A Map keeps insertion order, so putting a key back in makes it the newest.
    known.delete(text)
    known.set(text, key)
    const oldest = known.size > limit ? known.keys().next() : undefined
    if (oldest?.done === false) known.delete(oldest.value)
    return key
  }
}

/** A reader that remembers the last `limit` keys of each form, as {@link rememberKeys} does. */
export function createVerifierKeyCache(limit: number): VerifierKeyReader {
  const readers = {
    publicKey: rememberKeys(limit, (text) => readChosen({ form: "publicKey", text })),
    certificate: rememberKeys(limit, (text) => readChosen({ form: "certificate", text })),
  }
  return (request) => {
    const { form, text } = chosenForm(request)
    return readers[form](text)
  }
}
