// What changes the tables of a witness; each function runs inside of a transaction and says what it changed.
import type { Database } from "better-sqlite3"
import { formatBase64 } from "../../../core/base/text.ts"
import {
  type Advance,
  type Evidence,
  type Freeze,
  type KnownLog,
  MOST_EVIDENCE_A_LOG,
  type WitnessedHead,
} from "../../../witness/store.ts"
import { assertMayUnfreeze, follows, isStored } from "../../rules/witness-rules.ts"
import type { Change } from "./history.ts"
import { type HeadRow, headOf } from "./reads.ts"

interface WitnessWrites {
  advance(advances: readonly Advance[]): Change<readonly boolean[]>
  setLog(log: KnownLog): Change<void>
  convict(origin: string, evidence: Evidence, freeze: boolean): Change<void>
  stop(origin: string, note: string): Change<void>
  unfreeze(origin: string): Change<void>
}

export function witnessWrites(connection: Database): WitnessWrites {
  const selectHead = connection.prepare<[string], HeadRow>("SELECT * FROM heads WHERE origin = ?")
  const insertHead = connection.prepare(
    "INSERT INTO heads (origin, size, root, note, time) VALUES (@origin, @size, @root, @note, @time)",
  )
  const updateHead = connection.prepare(
    "UPDATE heads SET size = @size, root = @root, note = @note, time = @time WHERE origin = @origin",
  )
  const writeLog = connection.prepare("INSERT OR REPLACE INTO logs (origin, vkeys) VALUES (?, ?)")
  const countEvidence = connection
    .prepare<[string], number>("SELECT count(*) FROM evidence WHERE origin = ?")
    .pluck()
  const hasEvidence = connection.prepare("SELECT 1 FROM evidence WHERE origin = ? AND id = ?")
  const insertEvidence = connection.prepare(
    "INSERT INTO evidence (origin, id, kind, text) VALUES (?, ?, ?, ?)",
  )
  const selectCause = connection
    .prepare<[string], Freeze["cause"]>("SELECT cause FROM freezes WHERE origin = ?")
    .pluck()
  const writeFreeze = connection.prepare(
    "INSERT OR REPLACE INTO freezes (origin, cause, because) VALUES (?, ?, ?)",
  )
  const deleteFreeze = connection.prepare("DELETE FROM freezes WHERE origin = ?")

  function advanceOne({ origin, from, to }: Advance, written: WitnessedHead[]): boolean {
    const row = selectHead.get(origin)
    const held = row === undefined ? undefined : headOf(row)
    if (!follows(held, from, to)) return false
    if (held !== undefined && isStored(held, to)) return true
    const write = held === undefined ? insertHead : updateHead
    write.run(to)
    written.push(to)
    return true
  }

  function keepEvidence(origin: string, { id, kind, text }: Evidence, isCause: boolean): boolean {
    const isFull = (countEvidence.get(origin) ?? 0) >= MOST_EVIDENCE_A_LOG
    if ((isFull && !isCause) || hasEvidence.get(origin, id) !== undefined) return false
    insertEvidence.run(origin, id, kind, text)
    return true
  }

  return {
    advance(advances) {
      const written: WitnessedHead[] = []
      const result = advances.map((advance) => advanceOne(advance, written))
      if (written.length === 0) return { result, changed: undefined }
      const changed = written.map(({ root, ...head }) => ({ ...head, root: formatBase64(root) }))
      return { result, changed: { advance: changed } }
    },
    setLog(log) {
      writeLog.run(log.origin, JSON.stringify(log.vkeys))
      return { result: undefined, changed: { log } }
    },
    convict(origin, evidence, freeze) {
      const freezes = freeze && selectCause.get(origin) === undefined
      const isKept = keepEvidence(origin, evidence, freezes)
      if (freezes) writeFreeze.run(origin, "proven", evidence.id)
      const changed = isKept || freezes ? { convict: origin, id: evidence.id, freezes } : undefined
      return { result: undefined, changed }
    },
    stop(origin, note) {
      writeFreeze.run(origin, "rolled-back", note)
      return { result: undefined, changed: { stop: origin, note } }
    },
    unfreeze(origin) {
      const cause = selectCause.get(origin)
      assertMayUnfreeze(origin, cause)
      deleteFreeze.run(origin)
      return { result: undefined, changed: { unfreeze: origin } }
    },
  }
}
