// A log for tests of a witness: signs its head at any size, makes the requests that ask for a cosignature,
// and can have a second history.
import { concat, utf8 } from "../../src/core/base/bytes.ts"
import { formatBase64, formatHex } from "../../src/core/base/text.ts"
import { formatCheckpoint } from "../../src/core/note/checkpoint.ts"
import { formatNote, formatVkey } from "../../src/core/note/note.ts"
import type { Head } from "../../src/core/tree/hash.ts"
import { bodies, mth, proof, sha256 } from "../reference.ts"
import { testSigner } from "../signers.ts"

export interface TestLog {
  readonly origin: string
  readonly vkey: string
  /** SHA-256 of the origin in hex. */
  readonly hash: string
  head(size: number): Head
  note(size: number): string
  proof(oldSize: number, size: number): readonly string[]
  /** The body of an add-checkpoint request. */
  request(oldSize: number, size: number): string
}

export interface TestLogOptions {
  /** The byte that the log's seed consists of. */
  readonly seed?: number
  /** The first entry that differs from the usual history; none by default. */
  readonly forkedAt?: number
}

export function requestText(oldSize: number | string, lines: readonly string[], note: string) {
  return `old ${oldSize}\n${lines.map((line) => `${line}\n`).join("")}\n${note}`
}

export function createTestLog(origin: string, options: TestLogOptions = {}): TestLog {
  const { seed = 1, forkedAt = Number.POSITIVE_INFINITY } = options
  const signer = testSigner(origin, 1, seed)
  const history = (size: number): Uint8Array[] =>
    bodies(size).map((body, i) => (i < forkedAt ? body : concat(utf8("other"), body)))

  const head = (size: number): Head => ({ size, root: mth(history(size)) })
  const notes = new Map<number, string>()

  function note(size: number): string {
    const known = notes.get(size)
    if (known !== undefined) return known
    const signedHead = head(size)
    const text = formatCheckpoint(origin, signedHead)
    const made = formatNote(text, [signer.sign(text, { origin, ...signedHead }, 0)])
    notes.set(size, made)
    return made
  }

  function proofLines(oldSize: number, size: number): readonly string[] {
    if (oldSize === 0 || oldSize === size) return []
    return proof(oldSize, history(size)).map(formatBase64)
  }

  return {
    origin,
    vkey: formatVkey(signer.vkey),
    hash: formatHex(sha256(utf8(origin))),
    head,
    note,
    proof: proofLines,
    request: (oldSize, size) => requestText(oldSize, proofLines(oldSize, size), note(size)),
  }
}
