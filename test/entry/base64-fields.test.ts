// Every base64 field of every door in every spelling: it makes the same entry as the plain one, or it is refused by a
// sentence that names the field, what was expected and what was found.
import { describe, expect, test } from "vitest"
import { utf8 } from "../../src/core/base/bytes.ts"
import { Refusal } from "../../src/core/base/errors.ts"
import { formatPem } from "../../src/core/base/pem.ts"
import { type Base64Field, base64Fields } from "../../src/entry/base64-fields.ts"
import { dssePae } from "../../src/entry/dsse.ts"
import type { Proposal } from "../../src/entry/entry.ts"
import { proposeEntry, proposeRekorV1 } from "../../src/entry/kinds/request.ts"
import { verifyPortably } from "../../src/entry/portable-verification.ts"
import { readRekorV2Request } from "../../src/sigstore/rekor-v2-request.ts"
import { certificateFor } from "../monitor/entries/watched-entries.ts"
import { base64, hashOf, makeSigner, signMessage } from "./signers.ts"

type Spell = (text: string) => string

const algorithm = "PKIX_ECDSA_P256_SHA_256"
const signer = makeSigner("ecdsa-p256")
// One byte more than a multiple of three, so that there is padding, and bytes that differ in the two alphabets.
const payload = Uint8Array.from([
  ...utf8("an artifact of some length, to be wrapped!"),
  251,
  255,
  254,
  1,
])
const type = "application/x"
const digest = hashOf(algorithm, payload)
const hex = Buffer.from(digest).toString("hex")

/** A signature whose length is no multiple of three; ECDSA's vary. */
function signed(message: Uint8Array): string {
  for (;;) {
    const signature = signMessage(signer, algorithm, message)
    const text = base64(signature)
    if (signature.length % 3 !== 0 && /[+/]/.test(text)) return text
  }
}

const signature = signed(payload)
const sig = signed(dssePae(type, payload))
const key = base64(signer.spki)
const pem = base64(utf8(formatPem({ label: "PUBLIC KEY", der: signer.spki })))
const twice = (text: string) => base64(utf8(text))
const plain: Spell = (text) => text

function hashedrekord(spelled: { signature?: Spell; publicKey?: Spell }) {
  return proposeEntry({
    kind: "hashedrekord",
    digest: `sha256:${hex}`,
    signature: (spelled.signature ?? plain)(signature),
    publicKey: (spelled.publicKey ?? plain)(key),
  })
}

function dsse(spelled: { payload?: Spell; sig?: Spell }) {
  const envelope = {
    payload: (spelled.payload ?? plain)(base64(payload)),
    payloadType: type,
    signatures: [{ sig: (spelled.sig ?? plain)(sig) }],
  }
  return proposeEntry({ kind: "dsse", envelope, verifiers: [{ publicKey: key }] })
}

function rekord(spelled: { content?: Spell; publicKey?: Spell; data?: Spell }) {
  return proposeRekorV1({
    apiVersion: "0.0.1",
    kind: "rekord",
    spec: {
      data: { content: (spelled.data ?? plain)(base64(payload)) },
      signature: {
        format: "x509",
        content: (spelled.content ?? plain)(signature),
        publicKey: { content: (spelled.publicKey ?? plain)(pem) },
      },
    },
  })
}

function dsseV1(spelled: { payload?: Spell; sig?: Spell }) {
  const envelope = JSON.stringify({
    payload: (spelled.payload ?? plain)(base64(payload)),
    payloadType: type,
    signatures: [{ sig: (spelled.sig ?? plain)(sig) }],
  })
  return proposeRekorV1({
    apiVersion: "0.0.1",
    kind: "dsse",
    spec: { proposedContent: { envelope, verifiers: [pem] } },
  })
}

function intoto(spelled: { payload?: Spell; sig?: Spell; outerPayload?: Spell; outerSig?: Spell }) {
  const inner = (spelled.payload ?? plain)(base64(payload))
  const innerSig = (spelled.sig ?? plain)(sig)
  const envelope = {
    payload: (spelled.outerPayload ?? plain)(twice(inner)),
    payloadType: type,
    signatures: [{ sig: (spelled.outerSig ?? plain)(twice(innerSig)), publicKey: pem }],
  }
  const hash = { algorithm: "sha256", value: hex }
  return proposeRekorV1({
    apiVersion: "0.0.2",
    kind: "intoto",
    spec: { content: { envelope, hash } },
  })
}

function hashedrekordV2(spelled: { content?: Spell; digest?: Spell; rawBytes?: Spell }) {
  const verifier = {
    keyDetails: algorithm,
    publicKey: { rawBytes: (spelled.rawBytes ?? plain)(key) },
  }
  return proposeEntry(
    readRekorV2Request({
      hashedRekordRequestV002: {
        digest: (spelled.digest ?? plain)(base64(digest)),
        signature: { content: (spelled.content ?? plain)(signature), verifier },
      },
    }),
  )
}

function dsseV2(spelled: { payload?: Spell; sig?: Spell }) {
  const envelope = {
    payload: (spelled.payload ?? plain)(base64(payload)),
    payloadType: type,
    signatures: [{ sig: (spelled.sig ?? plain)(sig) }],
  }
  const verifiers = [{ keyDetails: algorithm, publicKey: { rawBytes: key } }]
  return proposeEntry(readRekorV2Request({ dsseRequestV002: { envelope, verifiers } }))
}

/** Bundles and trusted roots are tried with the verifier. */
type Tried = Exclude<Base64Field, "bundle and trusted root bytes">

/** One with padding and a digit that differs in the two alphabets. */
function certified(): string {
  for (let identity = "signer"; ; identity += "r") {
    const der = certificateFor(signer, { identity })
    const text = base64(der)
    if (der.length % 3 !== 0 && /[+/]/.test(text)) return text
  }
}
const certificate = certified()

function withCertificate(spell: Spell) {
  return proposeEntry({
    kind: "hashedrekord",
    digest: `sha256:${hex}`,
    signature,
    certificate: spell(certificate),
  })
}

const submissions: Readonly<Record<Tried, (spell: Spell) => Proposal>> = {
  "native hashedrekord signature": (spell) => hashedrekord({ signature: spell }),
  "native publicKey": (spell) => hashedrekord({ publicKey: spell }),
  "native certificate": withCertificate,
  "native dsse payload": (spell) => dsse({ payload: spell }),
  "native dsse sig": (spell) => dsse({ sig: spell }),
  "rekor-v1 signature content": (spell) => rekord({ content: spell }),
  "rekor-v1 publicKey content": (spell) => rekord({ publicKey: spell }),
  "rekor-v1 data content": (spell) => rekord({ data: spell }),
  "rekor-v1 dsse payload": (spell) => dsseV1({ payload: spell }),
  "rekor-v1 dsse sig": (spell) => dsseV1({ sig: spell }),
  "rekor-v1 intoto payload": (spell) => intoto({ outerPayload: spell }),
  "rekor-v1 intoto sig": (spell) => intoto({ outerSig: spell }),
  "rekor-v1 intoto inner payload": (spell) => intoto({ payload: spell }),
  "rekor-v1 intoto inner sig": (spell) => intoto({ sig: spell }),
  "rekor-v2 signature content": (spell) => hashedrekordV2({ content: spell }),
  "rekor-v2 digest": (spell) => hashedrekordV2({ digest: spell }),
  "rekor-v2 rawBytes": (spell) => hashedrekordV2({ rawBytes: spell }),
  "rekor-v2 dsse payload": (spell) => dsseV2({ payload: spell }),
  "rekor-v2 dsse sig": (spell) => dsseV2({ sig: spell }),
}

const wrapped = (width: number, end: string): Spell => {
  return (text) => (text.match(new RegExp(`.{1,${width}}`, "g")) ?? []).join(end) + end
}
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

/** The same bytes with the last bit that no byte has set. */
const leftOver: Spell = (text) => {
  const end = text.replace(/=+$/, "")
  const last = ALPHABET[ALPHABET.indexOf(end.at(-1) ?? "") | 1] ?? ""
  return end.slice(0, -1) + last + text.slice(end.length)
}
const urlSafe: Spell = (text) => text.replaceAll("+", "-").replaceAll("/", "_")

const otherSpellings: readonly (readonly [string, Spell])[] = [
  ["unpadded", (text) => text.replace(/=+$/, "")],
  ["in the URL alphabet", urlSafe],
  ["in the URL alphabet without padding", (text) => urlSafe(text).replace(/=+$/, "")],
  ["wrapped at 64", wrapped(64, "\n")],
  ["wrapped at 76 with CR LF", wrapped(76, "\r\n")],
  ["with a line feed at its end", (text) => `${text}\n`],
  ["with blanks around", (text) => `  ${text}\t `],
  ["with a byte order mark", (text) => `\ufeff${text}`],
]
const wrongSpellings: readonly (readonly [string, Spell, RegExp])[] = [
  ["in both alphabets", (text) => `+-${text.slice(2)}`, /digits of two alphabets/],
  [
    "with something behind the padding",
    (text) => `${text}AAAA`,
    /behind the padding|one digit too many/,
  ],
  [
    "with half a padding",
    (text) => `${text.replace(/=*$/, "").slice(0, -1)}=`,
    /padding|digit|left over|hexadecimal/,
  ],
  ["with bits left over", leftOver, /bits left over/],
  ["with a blank within", (text) => `${text.slice(0, 9)} ${text.slice(9)}`, /blanks/],
  ["with a letter of another alphabet", (text) => `é${text.slice(1)}`, /no digits of base64/],
]

function bodyOf(proposal: Proposal): string {
  const held = proposal.claims.map((checks) => checks.findIndex(verifyPortably))
  expect(held).not.toContain(-1)
  return Buffer.from(proposal.body(held)).toString("utf8")
}

function refusalOf(propose: () => unknown): Refusal {
  try {
    propose()
  } catch (error) {
    if (error instanceof Refusal) return error
    throw error
  }
  throw new Error("expected a refusal, found none")
}

/** The SHA-256 of the envelope as it was spelled is a part of these bodies. */
const withoutEnvelope = (body: string) => body.replace(/"envelopeHash":\{[^}]*\}/, "")

describe.each(Object.entries(submissions))("%s", (field, submit) => {
  const rule = base64Fields[field as Base64Field]
  const expected = bodyOf(submit(plain))
  let isPadded = false
  submit((text) => {
    isPadded = text.endsWith("=")
    return text
  })

  test.each(otherSpellings)("%s", (_name, spell) => {
    if (spell(base64(payload)) === base64(payload)) return
    if (rule === "strict") {
      const { code, message } = refusalOf(() => submit(spell))
      expect(code).toBe("malformed")
      expect(message).toMatch(/: expected padded standard base64, found \w+/)
      return
    }
    const body = bodyOf(submit(spell))
    if (field.startsWith("rekor-v1 dsse")) {
      expect(withoutEnvelope(body)).toBe(withoutEnvelope(expected))
    } else expect(body).toBe(expected)
  })

  test.each(wrongSpellings)("is refused %s", (name, spell, words) => {
    // Text without padding has no bits to spare, and what is put behind it is a part of it.
    if (!isPadded && /left over|padding/.test(name)) return
    const { code, message } = refusalOf(() => submit(spell))
    expect(code).toBe("malformed")
    expect(message).toMatch(/\S+: expected .*base64/)
    expect(message).toMatch(words)
  })

  test("is refused empty", () => {
    if (field === "native dsse payload" || field.endsWith("payload")) return
    if (field === "rekor-v1 data content") return
    expect(refusalOf(() => submit(() => "")).message).toMatch(
      /found (?:nothing|no|none|neither|other)/,
    )
  })
})

test("every field of the table is tried", () => {
  const elsewhere = ["bundle and trusted root bytes"]
  expect([...Object.keys(submissions), ...elsewhere].sort()).toEqual(
    Object.keys(base64Fields).sort(),
  )
})
