// What an entry is found by: the names and the form of a search term. Which terms an entry has is in
// search-terms.ts.

/**
 * `digest`: of the artifact. `payload`, `envelope`: SHA-256 of the DSSE payload and of the envelope as it
 * was sent. `subject-digest`, `subject`, `predicate-type`: of an in-toto statement. `mention`: a digest
 * that stands elsewhere in one, of something that its subjects were made of or contain. `key`: SHA-256 over
 * the signer's SPKI. `identity`, `issuer`: in the signer's certificate. `kind`: with its version.
 */
export type TermName =
  | "digest"
  | "payload"
  | "envelope"
  | "subject-digest"
  | "subject"
  | "mention"
  | "key"
  | "identity"
  | "issuer"
  | "predicate-type"
  | "kind"

/**
 * Digests are `algorithm:hex` in lower case (in-toto has other algorithms and texts, too); identities
 * are in lower case; a kind is `hashedrekord:0.0.1`. All other values stand as they were sent.
 */
export interface Term {
  readonly name: TermName
  /** 1 to 512 UTF-16 units of well-formed text. */
  readonly value: string
}
