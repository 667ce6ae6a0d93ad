// Checks the search index of a data directory: that every part of it is as it was written, and that it has
// exactly the terms that the log's entries have. What is wrong is mended by making the index again, except for
// side terms, which are the log's own: these come back only from a backup.
import { Trouble } from "../../core/base/errors.ts"
import type { TreeHasher } from "../../core/tree/hash.ts"
import type { StoredRun, TermReads } from "../ports/search.ts"
import { decodeTerms } from "./batch.ts"
import { listTerms, loadTerms, readRunDirectory, readRunPage } from "./run-reading.ts"
import { hasTerms } from "./segment.ts"
import type { TermSource } from "./term-source.ts"

export interface SearchFinding {
  readonly what: "search"
  /** A part of the index, or an entry. */
  readonly where: string
  readonly reason: string
}

interface SearchCheck {
  readonly reads: TermReads
  /** What the log says that its entries have. */
  readonly source: TermSource
  readonly hasher: TreeHasher
  /** How many entries the log has, asked when the end of the index is known: it may have fewer. */
  size(): Promise<number>
}

export interface SearchReport {
  /** How many entries the index has. */
  readonly size: number
  readonly findings: readonly SearchFinding[]
}

const ENTRIES_AT_ONCE = 1_024
const MOST_FINDINGS = 100

function finding(where: string, reason: string): SearchFinding {
  return { what: "search", where, reason }
}

function isDamage(error: unknown): error is Trouble {
  return error instanceof Trouble && error.code === "damaged"
}

/** Gives what `work` found damaged. */
async function damageIn(where: string, work: () => unknown): Promise<SearchFinding[]> {
  try {
    await work()
    return []
  } catch (error) {
    if (!isDamage(error)) throw error
    return [finding(where, "is not as it was written")]
  }
}

async function checkRun(
  { reads, hasher }: SearchCheck,
  { run, endIndex, pages }: StoredRun,
  first: number,
): Promise<SearchFinding[]> {
  const findings = await damageIn(`run ${run}`, async () => {
    const directory = await readRunDirectory(reads, { run, first, end: endIndex }, hasher)
    if (directory.pages !== pages) throw new Trouble("damaged", `run ${run}: ${pages} pages`)
  })
  for (let page = 0; page < pages; page++) {
    const read = () => readRunPage(reads, { run, first }, page, hasher)
    findings.push(...(await damageIn(`run ${run} page ${page}`, read)))
  }
  return findings
}

async function checkTerms({ reads, hasher }: SearchCheck, folded: number): Promise<SearchReport> {
  const findings: SearchFinding[] = []
  let at = folded
  try {
    for await (const stored of loadTerms(reads, folded)) {
      const { firstIndex, endIndex } = stored
      const where = `terms of entries ${firstIndex} to ${endIndex - 1}`
      findings.push(...(await damageIn(where, () => decodeTerms(stored, hasher))))
      at = endIndex
    }
  } catch (error) {
    if (!isDamage(error)) throw error
    findings.push(finding(`terms of entry ${at}`, "are missing"))
  }
  return { size: at, findings }
}

/** Compares the terms of an index that is as it was written with what the log says. */
async function compareTerms(check: SearchCheck, end: number): Promise<SearchFinding[]> {
  const findings: SearchFinding[] = []
  const listed = listTerms(check.reads, check.hasher)
  for (let from = 0; from < end; from += ENTRIES_AT_ONCE) {
    const to = Math.min(end, from + ENTRIES_AT_ONCE)
    for (const [i, expected] of (await check.source(from, to)).entries()) {
      const { value } = await listed.next()
      if (value?.length === expected.length && hasTerms(value, expected)) continue
      findings.push(finding(`terms of entry ${from + i}`, "are not those that the log has"))
      if (findings.length >= MOST_FINDINGS) return findings
    }
  }
  await listed.return()
  return findings
}

/** What of the entries cannot be read to compare with: damage in the log, or in its side terms. */
async function compareReadable(check: SearchCheck, end: number): Promise<SearchFinding[]> {
  try {
    return await compareTerms(check, end)
  } catch (error) {
    if (!isDamage(error)) throw error
    return [finding("source", error.message)]
  }
}

/** Reads all of the index, and all of the log that it covers, once. */
export async function checkSearch(check: SearchCheck): Promise<SearchReport> {
  const findings: SearchFinding[] = []
  let folded = 0
  for (const [i, run] of (await check.reads.runs(0)).entries()) {
    if (run.run !== i)
      return { size: 0, findings: [...findings, finding(`run ${i}`, "is missing")] }
    findings.push(...(await checkRun(check, run, folded)))
    folded = run.endIndex
  }
  const { size, findings: inTerms } = await checkTerms(check, folded)
  findings.push(...inTerms)
  const logSize = await check.size()
  if (size > logSize) findings.push(finding("size", `is ${size}, the log has ${logSize} entries`))
  if (findings.length === 0) findings.push(...(await compareReadable(check, size)))
  return { size, findings }
}
