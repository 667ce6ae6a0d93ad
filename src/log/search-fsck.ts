// Checks the search index of a data directory: that every entry's terms are in a run or a batch, and that
// all of these are as they were written. What is damaged cannot be made again from the entries, since a
// body has only the digest of its payload; a good backup has it.
import { Trouble } from "../core/base/errors.ts"
import type { TreeHasher } from "../core/tree/hash.ts"
import type { FsckFinding } from "./fsck.ts"
import type { StoredRun, TermReads } from "./ports/store.ts"
import { decodeTerms } from "./search/batch.ts"
import { assertPage, readDirectory } from "./search/run.ts"

export interface SearchCheck {
  readonly reads: TermReads
  readonly hasher: TreeHasher
  /** How many entries there are. */
  readonly size: number
}

/** Gives what `work` found damaged. */
async function damageIn(where: string, work: () => Promise<void>): Promise<FsckFinding[]> {
  try {
    await work()
    return []
  } catch (error) {
    if (!(error instanceof Trouble && error.code === "damaged")) throw error
    return [{ what: "search", where, reason: "is not as it was written" }]
  }
}

async function checkRun(
  { reads, hasher }: SearchCheck,
  { run, endIndex, pages }: StoredRun,
  first: number,
): Promise<FsckFinding[]> {
  const findings = await damageIn(`run ${run}`, async () => {
    const bytes = (await reads.directory(run)) ?? new Uint8Array(0)
    const directory = readDirectory(bytes, { first, end: endIndex }, hasher)
    if (directory.pages !== pages) throw new Trouble("damaged", `run ${run}: ${pages} pages`)
  })
  for (let page = 0; page < pages; page++) {
    const found = await damageIn(`run ${run} page ${page}`, async () => {
      assertPage(await reads.page(run, page), { first, page }, hasher)
    })
    findings.push(...found)
  }
  return findings
}

async function checkTerms(check: SearchCheck, folded: number): Promise<FsckFinding[]> {
  const { reads, hasher, size } = check
  const findings: FsckFinding[] = []
  for (let at = folded; at < size; ) {
    const before = at
    for (const stored of await reads.terms(at)) {
      if (stored.firstIndex > at) break
      const { firstIndex, endIndex } = stored
      const where = `terms of entries ${firstIndex} to ${endIndex - 1}`
      const found = await damageIn(where, async () => {
        decodeTerms(stored, hasher)
      })
      findings.push(...found)
      at = endIndex
    }
    if (at > before) continue
    findings.push({ what: "search", where: `terms of entry ${at}`, reason: "are missing" })
    break
  }
  return findings
}

/** Reads all of the index once. */
export async function checkSearch(check: SearchCheck): Promise<readonly FsckFinding[]> {
  const findings: FsckFinding[] = []
  let folded = 0
  for (const [i, run] of (await check.reads.runs(0)).entries()) {
    if (run.run !== i) {
      findings.push({ what: "search", where: `run ${i}`, reason: "is missing" })
      return findings
    }
    findings.push(...(await checkRun(check, run, folded)))
    folded = run.endIndex
  }
  findings.push(...(await checkTerms(check, folded)))
  return findings
}
