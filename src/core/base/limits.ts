// The limits that more than one file goes by, each under one name: whatever a writer may make, every reader
// takes. A limit that one file alone knows stays in that file. Lengths are bytes of UTF-8 or, for JSON that
// is read, UTF-16 units, of which there are never more.

/** The longest body of an entry: its length stands in an entry bundle as a u16 (C2SP tlog-tiles). */
export const LONGEST_BODY = 65_535

/** A full entry bundle of the longest bodies: 256 of them, each behind its length. */
export const LONGEST_ENTRY_BUNDLE = 256 * (2 + LONGEST_BODY)

/**
 * The most hashes of a proof. SPEC: a consistency proof MUST NOT have more than 63 (C2SP tlog-witness), and
 * an inclusion proof in a tree of fewer than 2^63 entries never has. Sizes end at 2^53-1 here, so that
 * Countersign itself makes no more than 53 for inclusion and 54 for consistency.
 */
export const MOST_PROOF_HASHES = 63

/**
 * The longest note: 16 signatures of 5 kB fit three times. Two notes must fit into one file of evidence, or
 * a log could lie in heads so long that nobody can prove it.
 */
export const LONGEST_NOTE = 262_144

/** The longest note that a monitor keeps, without lines of unknown keys: 16 signatures of ML-DSA-44 are 52 kB. */
export const LONGEST_KEPT_NOTE = 131_072

/** An answer to a submission, or a tlog-proof: the longest note, and as much for body and proof. */
export const LONGEST_RECEIPT = 2 * LONGEST_NOTE

// Files, as texts.
export const LONGEST_HEAD_LIST = 1_048_576
export const LONGEST_POLICY = 1_048_576
export const LONGEST_TRUSTED_ROOT = 1_048_576
export const LONGEST_EVIDENCE = 1_048_576
/** A watch file: 10,000 subjects, each with images and signers, are some 4 MB. */
export const LONGEST_WATCH = 16 * 1024 * 1024
/** A list that a watch file names. */
export const LONGEST_WATCH_LIST = 128 * 1024 * 1024
/** A key or a certificate chain, also as a file. */
export const LONGEST_PEM = 131_072

/** Characters of the remark in a file of evidence. */
export const LONGEST_REMARK = 500

/** Characters of a value that entries can be found by, in the index and in a question. */
export const LONGEST_TERM = 512

/**
 * The most terms that one entry is found by: thousands of subjects, or of packages in a bill of materials, as many as
 * real ones have that fit into the largest submission. The index has 16 bytes of each, and takes 512 entries a step.
 */
export const MOST_TERMS = 16_384

/**
 * The longest payload of a DSSE envelope, in base64: eight times what a log takes by default. Whoever reads
 * envelopes of other people's logs has several copies of one in memory.
 */
export const LONGEST_PAYLOAD = 32 * 1024 * 1024

/** A DSSE envelope as JSON: the longest payload, and room for ten signatures with the names of their keys. */
export const LONGEST_ENVELOPE = LONGEST_PAYLOAD + 1024 * 1024

export const MOST_BUNDLE_ENTRIES = 32

/** A Sigstore bundle: the longest envelope, and the most entries with the longest receipts. */
export const LONGEST_BUNDLE = LONGEST_ENVELOPE + MOST_BUNDLE_ENTRIES * LONGEST_RECEIPT

export const MOST_CERTIFICATES = 10

/** The most subjects of an in-toto statement, likewise materials and dependencies, and digests of each. */
export const MOST_SUBJECTS = 1024
export const MOST_SUBJECT_DIGESTS = 32

/** The most entries on one page of a search (openapi.yaml, `limit`). */
export const MOST_FOUND_ON_PAGE = 100

/** How many requests a batch of submissions may have, unless a log's operator says otherwise. */
export const MOST_IN_BATCH = 1_000
/** How many bytes a batch of submissions may have, unless a log's operator says otherwise. */
export const LONGEST_BATCH = 8 * 1024 * 1024
