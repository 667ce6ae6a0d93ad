// What doors, readers and judges ask of an entry kind: each module of this folder answers it for one kind in
// one version, and registry.ts has them all. A kind that has no answer to a question says so by `undefined`.
import type { Algorithm, HashName } from "../algorithm.ts"
import type { KeptPayload } from "../dsse.ts"
import type { Proposal, SignatureCheck, Signed } from "../entry.ts"
import type { EntryKind } from "../kind-names.ts"
import type { Digest, ProposalOptions } from "../signature.ts"
import type { VerifierKey, VerifierKeyReader, VerifierKeyText } from "../verifier-key.ts"

/** Reads keys by the text that stands for them in a body; a cache if the same ones come often. */
export interface RecordedKeys {
  readonly der: VerifierKeyReader
  /** Of base64 of PEM, as Rekor v1 has it. */
  readonly pem: (content: string) => VerifierKey
}

/** A signature of a body with the key it is said to hold under. */
export interface RecordedSignature {
  readonly key: VerifierKey
  /** Base64 of the signature if the body is what the log makes; not looked at. */
  readonly content: unknown
  /** What Rekor v2 says of the algorithm; not looked at. */
  readonly keyDetails?: unknown
}

/** The check of a signature over the digest of an artifact. */
export type DigestChecks = (
  signature: RecordedSignature,
  digest: Digest,
) => readonly SignatureCheck[]

/** What a body says, parsed back. */
export interface RecordedParts {
  /** The digest of the artifact, as `algorithm:hex`. */
  readonly digest?: string
  /** The digest of a DSSE payload. */
  readonly payload?: string
  readonly payloadType?: unknown
  readonly signatures: readonly RecordedSignature[]
}

/** How signatures are verified that were made over a payload of which the body has only the digest. */
export interface EnvelopeReading {
  /**
   * With the payload, which is the one of the body. That they fail proves a bad entry, so there are none if
   * the body does not keep the type that was signed too.
   */
  payloadChecks(parts: RecordedParts, payload: Uint8Array): readonly SignatureCheck[]
  /** With the type that the log keeps beside the body; that they fail proves nothing. */
  envelopeChecks(parts: RecordedParts, kept: KeptPayload): readonly SignatureCheck[]
  /** Of all signatures, as the log verified them: if every one holds, this payload with its type was signed. */
  messageChecks(parts: RecordedParts, kept: KeptPayload): readonly SignatureCheck[]
}

/** The kind as submissions to Rekor v1 have it: `spec` beside `apiVersion` and `kind`. */
interface RekorV1Form {
  /**
   * Checks everything about a submission but its signatures. Refuses `malformed`, `too-large`,
   * `unsupported` or `mismatch`. The caller bounds the size of the whole.
   */
  propose(spec: unknown, options: ProposalOptions): Proposal
}

/** The artifact's digest by the bundle's word. */
export interface MessageDigest {
  readonly hash: HashName
  readonly digest: Uint8Array
}

/** A signature over an artifact. */
export interface MessageSignature {
  readonly form: "message-signature"
  readonly messageDigest?: MessageDigest
  readonly signature: Uint8Array
}

/** A DSSE envelope with its one signature. */
export interface SignedEnvelope {
  readonly form: "dsse"
  readonly payload: Uint8Array
  readonly payloadType: string
  readonly signature: Uint8Array
  readonly keyid?: string
}

/** What a bundle holds: a signature over an artifact, or an envelope. */
export type SignedContent = MessageSignature | SignedEnvelope

/** What a verifier holds in hand: an artifact by its digests, or an envelope with what its digests are made by. */
export type SignedThing =
  | {
      readonly form: "artifact"
      digest(hash: HashName): Uint8Array
      /** The artifact itself, where it is at hand: a signature that does not hold is explained with it. */
      readonly bytes?: Uint8Array
    }
  | ({
      readonly form: "envelope"
      /** noble's by default, which is slow for large payloads. */
      readonly digestOf?: (hash: HashName, bytes: Uint8Array) => Uint8Array
    } & KeptPayload)

/** What the signature was made over, and the entry that follows from it. */
export interface EntryStatement {
  readonly kind: EntryKind
  readonly version: string
  readonly algorithm: Algorithm
  /** In which ways it may have been made; one of them must hold. */
  readonly signed: readonly Signed[]
  /**
   * The body as it must be. Of the logged one only the spelling is taken, and the digests that nobody but the client
   * could make; each module says which and why.
   */
  body(signature: Uint8Array): Uint8Array
}

/**
 * The entry that follows from what was signed; `spec` is that of the logged body. Undefined for a thing that the kind is
 * not about. Refuses `unsupported` for an algorithm or a pair of key and hash that is not known here.
 */
export type StatementOf = (
  thing: SignedThing,
  key: VerifierKey,
  spec: unknown,
) => EntryStatement | undefined

/** The way between submissions and what Sigstore bundles have of them. */
export interface BundleForm<Request> {
  /** What a bundle holds of a submission. Refuses `unsupported` for what no bundle can hold. */
  contentOf(request: Request): { readonly key: VerifierKeyText; readonly content: SignedContent }
  /**
   * The way back from a body that the log made itself to its submission; `envelope` is what was kept of it.
   * Undefined if that is not enough.
   */
  requestOf(parts: RecordedParts, envelope?: Uint8Array): Request | undefined
}

/** The kind as submissions to the native API have it. */
interface NativeForm<Request> {
  /** As {@link RekorV1Form.propose}. */
  propose(request: Request, options: ProposalOptions): Proposal
  readonly bundle: BundleForm<Request> | undefined
}

/** An entry kind in one version. */
export interface LoggedKind {
  readonly kind: EntryKind
  /** `apiVersion` in the body. */
  readonly version: string
  /**
   * Parses `spec` of a body back. Refuses `malformed` for what is not of this kind, `unsupported` or
   * `too-large` for a key or a hash that is not known here.
   */
  read(spec: unknown, keys: RecordedKeys): RecordedParts
  /** Where the body alone says what was signed. */
  readonly checks: DigestChecks | undefined
  /** Where what was signed is not in the body. */
  readonly envelope: EnvelopeReading | undefined
  readonly rekorV1: RekorV1Form | undefined
  /** Undefined for a kind that no Sigstore bundle is about. */
  readonly statement: StatementOf | undefined
}

/** A kind that the native API takes. */
export interface NativeKind<Request> extends LoggedKind {
  readonly native: NativeForm<Request>
}
