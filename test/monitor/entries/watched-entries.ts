// Entries for the rules of a watch file: by bare keys and by certificates that name anyone, about artifacts
// and in-toto subjects, with a monitor's documents in memory.
import { AsnConvert, OctetString } from "@peculiar/asn1-schema"
import {
  Certificate,
  Extension,
  Extensions,
  GeneralName,
  SubjectAlternativeName,
  SubjectPublicKeyInfo,
  Time,
} from "@peculiar/asn1-x509"
import { concat, utf8 } from "../../../src/core/base/bytes.ts"
import { present } from "../../../src/core/base/present.ts"
import type { Hash } from "../../../src/core/tree/hash.ts"
import { createEntryCheck } from "../../../src/crypto/engines/entry-check.ts"
import { nativeHasher } from "../../../src/crypto/tree-hasher.ts"
import { digestAlgorithm, messageAlgorithm } from "../../../src/entry/algorithm.ts"
import { dssePae, formatEnvelope } from "../../../src/entry/dsse.ts"
import { dsseBody } from "../../../src/entry/kinds/dsse-v002.ts"
import { hashedrekordBody } from "../../../src/entry/kinds/hashedrekord-v002.ts"
import {
  createEntryExaminer,
  type EntryExaminer,
  type EntryExaminerOptions,
  type ExaminedResult,
} from "../../../src/monitor/entries/examiner.ts"
import type { ExaminedEntry } from "../../../src/monitor/entries/reading.ts"
import type { EntryRemark } from "../../../src/monitor/entries/remark.ts"
import { createDocumentSet, createDraft, type Draft } from "../../../src/monitor/state/set.ts"
import { parseWatch, type Watch } from "../../../src/monitor/watch/watch.ts"
import { ecdsaCertificate } from "../../entry/certificates.ts"
import { base64, hashOf, type Signer, signMessage } from "../../entry/signers.ts"
import { sha256 } from "../../reference.ts"

export const ORIGIN = "log.example"
export const ISSUER = "https://token.actions.githubusercontent.com"
const IN_TOTO = "application/vnd.in-toto+json"

export const check = createEntryCheck()

export function newDocuments(): Draft {
  return createDraft(createDocumentSet([], nativeHasher))
}

export function leafHashOf(body: Uint8Array): Hash {
  return nativeHasher.leaf(body)
}

export function digestOf(artifact: string): string {
  return `sha256:${Buffer.from(sha256(utf8(artifact))).toString("hex")}`
}

/** Reads a watch file; `files` are the lists that it names. */
export function watchOf(
  lines: readonly string[],
  files: Readonly<Record<string, string>> = {},
): Promise<Watch> {
  const text = ["countersign-watch/v1", ...lines, ""].join("\n")
  return parseWatch(text, (path) => {
    const found = files[path]
    return found === undefined ? Promise.reject(new Error(`no ${path}`)) : Promise.resolve(found)
  })
}

export interface Named {
  readonly identity?: string
  readonly issuer?: string
  /** Bytes of the subject alternative names, instead of an identity. */
  readonly rawNames?: Uint8Array
  readonly notBefore?: Date
  readonly notAfter?: Date
}

function extension(oid: string, value: Uint8Array): Extension {
  return new Extension({ extnID: oid, critical: false, extnValue: new OctetString(value) })
}

function utf8Text(text: string): Uint8Array {
  const bytes = utf8(text)
  return concat(Uint8Array.of(0x0c, bytes.length), bytes)
}

/** A certificate for this key; its own signature does not hold, as nobody looks at it. */
export function certificateFor({ spki }: Signer, named: Named): Uint8Array {
  const certificate = AsnConvert.parse(Buffer.from(ecdsaCertificate, "base64"), Certificate)
  const { tbsCertificate } = certificate
  tbsCertificate.subjectPublicKeyInfo = AsnConvert.parse(spki, SubjectPublicKeyInfo)
  const { identity = "signer@example.org", issuer, rawNames, notBefore, notAfter } = named
  const names = new SubjectAlternativeName([
    new GeneralName({ uniformResourceIdentifier: identity }),
  ])
  tbsCertificate.extensions = new Extensions([
    extension("2.5.29.17", rawNames ?? new Uint8Array(AsnConvert.serialize(names))),
    ...(issuer === undefined ? [] : [extension("1.3.6.1.4.1.57264.1.8", utf8Text(issuer))]),
  ])
  if (notBefore !== undefined) tbsCertificate.validity.notBefore = new Time(notBefore)
  if (notAfter !== undefined) tbsCertificate.validity.notAfter = new Time(notAfter)
  return new Uint8Array(AsnConvert.serialize(certificate))
}

/** A logged signature over an artifact under a certificate. */
export function certifiedBody(signer: Signer, artifact: string, named: Named): Uint8Array {
  const algorithm = digestAlgorithm[signer.keyType]
  return hashedrekordBody({
    algorithm,
    digest: hashOf(algorithm, utf8(artifact)),
    signature: signMessage(signer, algorithm, utf8(artifact)),
    key: { form: "certificate", der: certificateFor(signer, named) },
  })
}

export interface Attestation {
  readonly body: Uint8Array
  readonly envelope: Uint8Array
}

/** A logged envelope around a payload. */
export function attestationOf(
  signers: readonly Signer[],
  payload: Uint8Array,
  payloadType = IN_TOTO,
): Attestation {
  const message = dssePae(payloadType, payload)
  const signatures = signers.map((signer) => {
    const algorithm = messageAlgorithm[signer.keyType]
    const signature = signMessage(signer, algorithm, message)
    return { algorithm, signature, key: { form: "publicKey", der: signer.spki } as const }
  })
  const sigs = signatures.map(({ signature }) => ({ sig: base64(signature) }))
  return {
    body: dsseBody({ payloadDigest: sha256(payload), signatures }),
    envelope: formatEnvelope({ payload: base64(payload), payloadType, signatures: sigs }),
  }
}

export interface Examination {
  readonly examiner: EntryExaminer
  readonly documents: Draft
  /** Examines the next entry, and gives what there is to say about it. */
  next(body: Uint8Array, envelope?: Uint8Array): readonly EntryRemark[]
  /** Examines the next entry with what is known of it. */
  examine(body: Uint8Array, known?: Partial<ExaminedEntry>): ExaminedResult
}

/** An examiner with entries from index 0 on. */
export function startExamination(
  watch: Watch,
  {
    duplicateOf,
    ...options
  }: Partial<EntryExaminerOptions> & {
    readonly duplicateOf?: (leafHash: Hash, index: number) => number | undefined
  } = {},
): Examination {
  const { verify } = check
  const examiner = createEntryExaminer({ origin: ORIGIN, watch, verify, ...options })
  const documents = newDocuments()
  let index = -1
  function examine(body: Uint8Array, known: Partial<ExaminedEntry> = {}): ExaminedResult {
    index += 1
    const leafHash = leafHashOf(body)
    const repeats = present({ repeats: duplicateOf?.(leafHash, index) })
    return examiner.examine({ index, leafHash, body, ...repeats, ...known }, documents)
  }
  return {
    examiner,
    documents,
    next: (body, envelope) => examine(body, present({ envelope })).remarks,
    examine,
  }
}

/** `KIND about` of each remark. */
export function kindsOf(remarks: readonly EntryRemark[]): readonly string[] {
  return remarks.map(({ kind, about }) => (about === undefined ? kind : `${kind} ${about}`))
}
