// C2SP tlog-proof: one file with an entry's index, its inclusion proof and the checkpoint's note. Only
// reads and writes it; verifying takes policy.ts for the note and proof.ts for the path.
import { refuse, shown } from "../base/errors.ts"
import { LONGEST_RECEIPT, MOST_PROOF_HASHES } from "../base/limits.ts"
import { formatBase64, parseBase64, parseDecimal, parsePlainText } from "../base/text.ts"
import { asHash, type Hash } from "../tree/hash.ts"
import { parseNote } from "./note.ts"

/** A proof that can be handed on in one file (C2SP tlog-proof). */
export interface TlogProof {
  readonly index: number
  readonly path: readonly Hash[]
  /** Not covered by any signature; at least one byte if present. */
  readonly extra?: Uint8Array
  /** The whole note of the checkpoint, unverified. */
  readonly checkpoint: string
}

const FIRST_LINE = "c2sp.org/tlog-proof@v1"
const EXTRA = "extra "
const INDEX = "index "

function parseExtra(text: string): Uint8Array {
  const extra = parseBase64(text, "tlog-proof extra")
  return extra.length > 0 ? extra : refuse("malformed", "tlog-proof: expected no empty extra line")
}

/**
 * Reads a proof (C2SP tlog-proof) without verifying it: that takes {@link checkPolicy} for the note and
 * {@link verifyInclusion} for the path. Refuses `malformed`, or `too-large` above 512 KiB.
 *
 * @example
 * ```ts
 * import { readFileSync } from "node:fs"
 * import { parseTlogProof } from "countersign/audit"
 *
 * const { index, path } = parseTlogProof(readFileSync("proof.txt"))
 * console.log(index, path.length) // 0 3
 * ```
 */
export function parseTlogProof(input: Uint8Array | string): TlogProof {
  const text = parsePlainText(input, LONGEST_RECEIPT, "tlog-proof")
  // SPEC: the first empty line ends the header; the note below has one of its own.
  const blank = text.indexOf("\n\n")
  const [first, ...lines] = text.slice(0, Math.max(blank, 0)).split("\n")
  if (first !== FIRST_LINE) {
    refuse("malformed", `tlog-proof: expected ${FIRST_LINE} and a header, found ${shown(text)}`)
  }
  const extra = lines[0]?.startsWith(EXTRA) ? lines.shift() : undefined
  const index = lines.shift() ?? ""
  if (!index.startsWith(INDEX)) {
    refuse("malformed", `tlog-proof: expected a line "index NUMBER", found ${shown(index)}`)
  }
  if (lines.length > MOST_PROOF_HASHES) {
    const most = `up to ${MOST_PROOF_HASHES} hashes`
    refuse("malformed", `tlog-proof: expected ${most}, found ${lines.length}`)
  }
  const checkpoint = text.slice(blank + 2)
  parseNote(checkpoint)
  return {
    index: parseDecimal(index.slice(INDEX.length), "tlog-proof index"),
    path: lines.map((line) => asHash(parseBase64(line, "tlog-proof hash"), "tlog-proof hash")),
    ...(extra === undefined ? {} : { extra: parseExtra(extra.slice(EXTRA.length)) }),
    checkpoint,
  }
}

/** The file's text. An empty `extra` is left out, as the format has no such line. */
export function formatTlogProof({ index, path, extra, checkpoint }: TlogProof): string {
  const hasExtra = extra !== undefined && extra.length > 0
  const lines = [
    FIRST_LINE,
    ...(hasExtra ? [EXTRA + formatBase64(extra)] : []),
    INDEX + index,
    ...path.map(formatBase64),
  ]
  return `${lines.join("\n")}\n\n${checkpoint}`
}
