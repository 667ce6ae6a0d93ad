// Two attestations that contradict each other: one subject with its version, and two digests of it.
import { equalBytes } from "../core/base/bytes.ts"
import { hashNames } from "../core/base/digest.ts"
import { formatHex } from "../core/base/text.ts"
import { readSubjects, type Subject } from "../entry/statement/subjects.ts"

/** The same name with a digest by the same hash, which differ. */
interface Conflict {
  readonly name: string
  /** As `algorithm:hex`, the first statement's first. */
  readonly digests: readonly [string, string]
}

const VERSIONED = /[^/@:][@:][^/@:][^/]*$/

/**
 * Whether a subject's name ends in a version, as `name@version` or `name:tag`: only then does it stand for
 * one artifact. What stands before the last slash does not count, so `host:port/name` has none.
 */
export function isVersioned(name: string): boolean {
  return VERSIONED.test(name)
}

function conflictOf(name: string, a: Subject, b: Subject): Conflict | undefined {
  for (const hash of hashNames) {
    const [one, other] = [a.digests[hash], b.digests[hash]]
    if (one === undefined || other === undefined || equalBytes(one, other)) continue
    return { name, digests: [`${hash}:${formatHex(one)}`, `${hash}:${formatHex(other)}`] }
  }
  return undefined
}

/**
 * The first contradiction of two in-toto statements; undefined if there is none. Subjects without a
 * version do not count, nor do digests that are not SHA-2. A name that one statement gives two subjects
 * does not count either: it stands for several artifacts. Refuses as `readSubjects` does.
 */
export function findConflict(first: Uint8Array, second: Uint8Array): Conflict | undefined {
  const older = namedOnce(readSubjects(first))
  const newer = namedOnce(readSubjects(second))
  for (const [name, subject] of older) {
    const other = newer.get(name)
    const conflict = other && conflictOf(name, subject, other)
    if (conflict !== undefined) return conflict
  }
  return undefined
}

function namedOnce(subjects: readonly Subject[]): ReadonlyMap<string, Subject> {
  const named = new Map<string, Subject>()
  const repeated = new Set<string>()
  for (const subject of subjects) {
    const { name } = subject
    if (name === undefined || !isVersioned(name)) continue
    if (named.has(name)) repeated.add(name)
    named.set(name, subject)
  }
  for (const name of repeated) named.delete(name)
  return named
}
