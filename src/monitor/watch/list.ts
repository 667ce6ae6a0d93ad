// Lists that a watch file names: digests of what was released, one a line, as `sha256sum` writes them, images and
// commits among them. Blank lines and comments (#) are skipped.
import { Refusal, refuse, shown } from "../../core/base/errors.ts"
import { LONGEST_WATCH_LIST } from "../../core/base/limits.ts"
import { writtenDigest } from "../../core/base/written-digest.ts"
import { digestLength, type HashName } from "../../entry/algorithm.ts"
import { parseDigest } from "../../entry/signature.ts"
import { type ImageLine, readCommit, readImage, splitWord } from "./rules.ts"

const MOST_LINES = 1_000_000

const hashOfDigits: ReadonlyMap<number, HashName> = new Map([
  [2 * digestLength.sha256, "sha256"],
  [2 * digestLength.sha384, "sha384"],
  [2 * digestLength.sha512, "sha512"],
])

/** What a line of a list names. */
export interface Listed {
  readonly digests: Set<string>
  readonly images: ImageLine[]
  readonly commits: Set<string>
}

export function emptyList(): Listed {
  return { digests: new Set(), images: [], commits: new Set() }
}

/** The lines that say something, each with its number, counted from 1. Refuses `too-large`. */
export function linesOf(text: string, what: string): readonly (readonly [string, number])[] {
  if (text.length > LONGEST_WATCH_LIST) refuse("too-large", `${what}: expected up to 128 MiB`)
  const lines = text.split("\n")
  if (lines.length > MOST_LINES + 1) {
    refuse("too-large", `${what}: expected up to ${MOST_LINES} lines, found ${lines.length}`)
  }
  return lines.flatMap((written, i) => {
    const line = written.trim()
    return line === "" || line.startsWith("#") ? [] : [[line, i + 1] as const]
  })
}

/** `algorithm:hex` of digits by whose number the SHA-2 hash is known; undefined for another number. */
export function digestOfHex(hex: string): string | undefined {
  const hash = hashOfDigits.get(hex.length)
  return hash && `${hash}:${hex}`
}

const DIGEST = /^(?:sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128})$/

/** Lists are long, so most of them is only looked at. */
function assertDigest(written: string): string {
  if (DIGEST.test(written)) return written
  const digest = writtenDigest(written) ?? written
  parseDigest(digest)
  return digest
}

/** `ALGORITHM:HEX`, or bare hex whose length tells the algorithm, perhaps with a file's name behind it. */
export function readDigest(line: string): string {
  const [first = ""] = line.split(/\s/, 1)
  if (first.includes(":")) return assertDigest(first)
  const digest = digestOfHex(first) ?? writtenDigest(first)
  if (digest === undefined) {
    return refuse(
      "malformed",
      `expected a SHA-2 digest, image REPOSITORY@sha256:HEX or commit ID, found ${shown(line)}`,
    )
  }
  return assertDigest(digest)
}

/** Adds what one line names. */
export function readListLine(line: string, into: Listed): void {
  const [keyword, rest] = splitWord(line)
  if (keyword === "image") into.images.push(readImage(rest))
  else if (keyword === "commit") into.commits.add(readCommit(rest))
  else into.digests.add(readDigest(line))
}

/** Does `read`; what it refuses names the place. */
export function readAt<T>(place: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    return refuse(error.code, `${place}: ${error.message}`, { cause: error })
  }
}

/** Refuses `malformed` or `too-large`, naming the line; `what` is the file's name. */
export function readDigestList(text: string, what: string): Listed {
  const listed = emptyList()
  for (const [line, number] of linesOf(text, what)) {
    readAt(`${what}, line ${number}`, () => readListLine(line, listed))
  }
  return listed
}
