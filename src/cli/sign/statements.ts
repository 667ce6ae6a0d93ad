// Signed statements (in-toto Statement v1 in a DSSE v1 envelope) about files and images. The same subject, predicate and
// key give the same bytes: members stand in one order, a predicate stands as its file has it, and there is no time in
// it. Leaves out what a predicate of some type must have inside.
import { basename } from "node:path"
import { utf8 } from "../../core/base/bytes.ts"
import { digestOf, type HashName, hashNames } from "../../core/base/digest.ts"
import { bug, refuse, shown } from "../../core/base/errors.ts"
import { asObject, parseJson } from "../../core/base/json-value.ts"
import { formatBase64, formatHex } from "../../core/base/text.ts"
import { algorithms, messageAlgorithm } from "../../entry/algorithm.ts"
import type { EntryRequest } from "../../entry/kinds/registry.ts"
import { dssePae, IN_TOTO_PAYLOAD_TYPE } from "../../entry/statement/pae.ts"
import { verifierKeyText } from "../../entry/verifier-key.ts"
import { digestFile, readText } from "../command/file.ts"
import type { PrivateKey } from "./keys/private-key.ts"
import { asSubmitted, type Signed } from "./signed.ts"
import { hashedrekordRequest } from "./signed-digest.ts"

const STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
/** The predicate type that says of its subject that it was signed, and nothing else; cosign's since version 3. */
const SIGNED = "https://sigstore.dev/cosign/sign/v1"
const LONGEST_PREDICATE = 16 * 1024 * 1024

/** The short names that cosign's `--type` has. */
const knownTypes: ReadonlyMap<string, string> = new Map([
  ["slsaprovenance", "https://slsa.dev/provenance/v0.2"],
  ["slsaprovenance02", "https://slsa.dev/provenance/v0.2"],
  ["slsaprovenance1", "https://slsa.dev/provenance/v1"],
  ["link", "https://in-toto.io/Link/v1"],
  ["spdx", "https://spdx.dev/Document"],
  ["spdxjson", "https://spdx.dev/Document"],
  ["cyclonedx", "https://cyclonedx.org/bom"],
  ["vuln", "https://cosign.sigstore.dev/attestation/vuln/v1"],
  ["openvex", "https://openvex.dev/ns"],
  ["custom", "https://cosign.sigstore.dev/attestation/v1"],
])

const KNOWN_TYPES = [...knownTypes.keys()].join(", ")

/** The URI of a predicate type, which may be given by a short name. Refuses `malformed` for neither. */
export function parsePredicateType(text: string): string {
  const known = knownTypes.get(text)
  if (known !== undefined) return known
  if (/^[a-z][a-z0-9+.-]*:[^\s"\\]+$/.test(text) && URL.canParse(text)) return text
  return refuse("malformed", `expected a URI or one of ${KNOWN_TYPES}, found ${shown(text)}`)
}

/** What a statement says of its subject: the text of a JSON object, and its type. */
export interface Predicate {
  readonly type: string
  readonly json: string
}

export const SIGNED_PREDICATE: Predicate = { type: SIGNED, json: "{}" }

/**
 * Reads the predicate of a file. Its text goes into the statement as it is, so that no number in it loses digits.
 * Refuses `malformed` for anything but a JSON object.
 */
export async function readPredicate(path: string, type: string): Promise<Predicate> {
  const text = await readText(path, "predicate", LONGEST_PREDICATE)
  const json = text.replace(/^\u{feff}/u, "").trim()
  asObject(parseJson(json, `predicate ${path}`, LONGEST_PREDICATE), `predicate ${path}`)
  return { type, json }
}

/** What a statement is about. */
export interface Subject {
  readonly name: string
  readonly digests: Readonly<Partial<Record<HashName, Uint8Array>>>
}

/** A file by its name without folders, with all three digests. Throws trouble ("disk"). */
export async function fileSubject(path: string): Promise<Subject> {
  return { name: basename(path), digests: await digestFile(path, hashNames) }
}

function formatStatement({ name, digests }: Subject, { type, json }: Predicate): string {
  const digest = Object.fromEntries(
    hashNames.flatMap((hash) => {
      const bytes = digests[hash]
      return bytes === undefined ? [] : [[hash, formatHex(bytes)]]
    }),
  )
  const head = { _type: STATEMENT_TYPE, subject: [{ name, digest }], predicateType: type }
  const text = JSON.stringify(head)
  if (!text.endsWith("}")) bug("a statement is no object")
  return `${text.slice(0, -1)},"predicate":${json}}`
}

/** How a log gets a statement: its envelope, or a signature over the digest of what is signed of that. */
type StatementKind = EntryRequest["kind"]

/** Refuses `malformed`. */
export function parseStatementKind(text: string): StatementKind {
  if (text === "dsse" || text === "hashedrekord") return text
  return refuse("malformed", `expected dsse or hashedrekord, found ${shown(text)}`)
}

/**
 * A statement about one subject, signed with this key. cosign 3 and sigstore-go log theirs as `hashedrekord` on Rekor v2
 * and read no `dsse` 0.0.2. An Ed25519 key signs digests in another way than messages, so its statements are `dsse`.
 */
export function signStatement(
  key: PrivateKey,
  subject: Subject,
  predicate: Predicate,
  kind: StatementKind,
): Signed {
  const payload = utf8(formatStatement(subject, predicate))
  const message = dssePae(IN_TOTO_PAYLOAD_TYPE, payload)
  const signature = key.signMessage(message)
  const whole: EntryRequest = {
    kind: "dsse",
    envelope: {
      payload: formatBase64(payload),
      payloadType: IN_TOTO_PAYLOAD_TYPE,
      signatures: [{ sig: formatBase64(signature) }],
    },
    verifiers: [verifierKeyText(key.verifier)],
  }
  const { keyType } = key.verifier
  if (kind === "dsse" || keyType === "ed25519") return asSubmitted(whole)
  const { hash } = algorithms[messageAlgorithm[keyType]]
  const digest = digestOf(hash, message)
  return { request: hashedrekordRequest(key.verifier, { hash, digest, signature }), shown: whole }
}
