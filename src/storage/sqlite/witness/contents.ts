// All that a witness keeps, verified and in memory but for the texts of evidence, and what changes it. Texts of
// evidence are read when they are asked for, and compared with the digest of all of them before they are given.
import type { Database } from "better-sqlite3"
import { Trouble } from "../../../core/base/errors.ts"
import type { Origin } from "../../../core/note/origin.ts"
import { asHash } from "../../../core/tree/hash.ts"
import {
  type Advance,
  type Evidence,
  type Freeze,
  type KeptEvidence,
  type KnownLog,
  MOST_EVIDENCE_A_LOG,
  type WitnessedHead,
} from "../../../witness/store.ts"
import { assertMayUnfreeze, follows, isStored } from "../../rules/witness-rules.ts"
import { type Digests, exchanged, rowDigest, sumOf } from "./digests.ts"
import { createKeptRows, inOrder, type Ledger } from "./kept-rows.ts"
import {
  digestsOf,
  evidenceOf,
  type FoundRows,
  freezeOf,
  headOf,
  logOf,
  rowOfFreeze,
  rowOfHead,
  rowOfLog,
  scanTable,
} from "./rows.ts"

export interface WitnessContents {
  digests(): Digests
  heads(): readonly WitnessedHead[]
  logs(): readonly KnownLog[]
  freezes(): readonly Freeze[]
  /** Throws Trouble `damaged` if it is not what is kept. */
  evidence(): readonly KeptEvidence[]
  /** As the functions of the port are called; all of them inside of a transaction. */
  advance(advances: readonly Advance[]): readonly boolean[]
  setLog(log: KnownLog): void
  convict(origin: Origin, evidence: Evidence, freeze: boolean): void
  stop(origin: Origin, note: string): void
  unfreeze(origin: Origin): void
  /** Once the transaction has ended: forgets how its changes are taken back, or takes them back. */
  settle(isDone: boolean): void
}

/** Of the rows of one scan. Refuses `malformed` for what cannot be read. */
export function createContents(path: string, connection: Database, found: FoundRows) {
  const fixed = digestsOf(found)
  const { heads, logs, freezes, evidence } = fixed
  const ledger: Ledger = { sums: { heads, logs, freezes, evidence }, undo: [] }
  const shared = { path, connection, ledger }
  const keptHeads = createKeptRows({
    ...{ ...shared, table: "heads", found: found.heads, read: headOf, write: rowOfHead },
  })
  const keptLogs = createKeptRows({
    ...{ ...shared, table: "logs", found: found.logs, read: logOf, write: rowOfLog },
  })
  const keptFreezes = createKeptRows({
    ...{ ...shared, table: "freezes", found: found.freezes, read: freezeOf, write: rowOfFreeze },
  })
  const keptEvidence = createKeptEvidence({ ...shared, found: found.evidence })

  function advanceOne({ origin, from, to }: Advance): boolean {
    const held = keptHeads.get(origin)
    if (!follows(held, from, to)) return false
    if (held === undefined || !isStored(held, to)) keptHeads.put(origin, copyOf(to))
    return true
  }

  const contents: WitnessContents = {
    digests: () => ({ ...fixed, ...ledger.sums }),
    heads: () => keptHeads.list().map(copyOf),
    logs: keptLogs.list,
    freezes: keptFreezes.list,
    evidence: keptEvidence.list,
    advance: (advances) => advances.map(advanceOne),
    setLog: (log) => keptLogs.put(log.origin, log),
    convict(origin, evidence, freeze) {
      const freezes = freeze && keptFreezes.get(origin) === undefined
      keptEvidence.add(origin, evidence, freezes)
      if (freezes) {
        keptFreezes.put(origin, { origin, cause: "proven", evidence: evidence.id })
      }
    },
    stop: (origin, note) => keptFreezes.put(origin, { origin, cause: "rolled-back", note }),
    unfreeze(origin) {
      assertMayUnfreeze(origin, keptFreezes.get(origin)?.cause)
      keptFreezes.remove(origin)
    },
    settle(isDone) {
      const undo = ledger.undo.splice(0)
      if (!isDone) for (const back of undo.toReversed()) back()
    },
  }
  return contents
}

/** The bytes of a root may be changed by whoever has them. */
function copyOf(head: WitnessedHead): WitnessedHead {
  return { ...head, root: asHash(head.root.slice()) }
}

interface KeptEvidenceOptions {
  readonly path: string
  readonly connection: Database
  readonly ledger: Ledger
  readonly found: FoundRows["evidence"]
}

function createKeptEvidence({ path, connection, ledger, found }: KeptEvidenceOptions) {
  const insert = connection.prepare(
    "INSERT INTO evidence (number, origin, id, kind, text) VALUES (?, ?, ?, ?, ?)",
  )
  const ids = new Map<string, Set<string>>()
  let newest = 0
  for (const { row } of found) {
    const { origin, evidence } = evidenceOf(row)
    idsOf(origin).add(evidence.id)
    newest = Math.max(newest, Number(row[0]))
  }

  function idsOf(origin: string): Set<string> {
    const known = ids.get(origin) ?? new Set()
    ids.set(origin, known)
    return known
  }

  function keep(origin: string, id: string, digest: bigint): void {
    const own = idsOf(origin)
    const sum = ledger.sums.evidence
    ledger.undo.push(() => {
      own.delete(id)
      newest -= 1
      ledger.sums.evidence = sum
    })
    own.add(id)
    newest += 1
    ledger.sums.evidence = exchanged(sum, 0n, digest)
  }

  return {
    /** Once a log, and beyond the limit only what freezes the log. */
    add(origin: Origin, { id, kind, text }: Evidence, isCause: boolean): void {
      const own = idsOf(origin)
      if (own.has(id) || (own.size >= MOST_EVIDENCE_A_LOG && !isCause)) return
      const row = [newest + 1, origin, id, kind, text]
      insert.run(...row)
      keep(origin, id, rowDigest("evidence", row))
    },
    list(): readonly KeptEvidence[] {
      const read = scanTable(connection, "evidence")
      if (sumOf(read.map(({ digest }) => digest)) !== ledger.sums.evidence) {
        throw new Trouble(
          "damaged",
          `${path}: the table evidence is not what this process read or wrote there before: the disk or ` +
            `another program has changed it, so none of it is given`,
        )
      }
      const pairs = read.map(({ row }) => [String(row[1]), evidenceOf(row)] as const)
      return inOrder(pairs).map(([, kept]) => kept)
    },
  }
}
