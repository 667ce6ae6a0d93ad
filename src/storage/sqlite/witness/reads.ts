// What the tables of a witness hold. Rows that cannot be are damage, as nothing but the witness wrote them.
import type { Database } from "better-sqlite3"
import { Trouble } from "../../../core/base/errors.ts"
import { parseOrigin } from "../../../core/note/origin.ts"
import { asHash } from "../../../core/tree/hash.ts"
import type { LogIdentity } from "../../../log/ports/store.ts"
import type {
  Evidence,
  Freeze,
  KnownLog,
  WitnessedHead,
  WitnessStore,
} from "../../../witness/store.ts"
import { plain } from "../../disk/plain-bytes.ts"
import { asDamage, onSqlite } from "../../disk/trouble.ts"
import { parseIdentity } from "../../rules/identity.ts"

interface IdentityRow {
  readonly origin: string
  readonly treeId: string
  readonly keys: string
}

export interface HeadRow {
  readonly origin: string
  readonly size: number
  readonly root: Buffer
  readonly note: string
  readonly time: number
}

interface FreezeRow {
  readonly origin: string
  readonly cause: Freeze["cause"]
  readonly because: string
}

interface LogRow {
  readonly origin: string
  readonly vkeys: string
}

interface EvidenceRow extends Evidence {
  readonly origin: string
}

export function readWitnessIdentity(path: string, connection: Database): LogIdentity {
  const row = connection
    .prepare<[], IdentityRow>(
      "SELECT name AS origin, tree_id AS treeId, key_fingerprints AS keys FROM witness",
    )
    .get()
  if (row === undefined) throw new Trouble("damaged", `${path}: the witness's identity is missing`)
  const { keys, ...text } = row
  return asDamage(path, () =>
    parseIdentity({ ...text, keyFingerprints: JSON.parse(keys) as unknown[] }),
  )
}

type Reads = Pick<WitnessStore, "heads" | "freezes" | "logs" | "evidence">

export function witnessReads(path: string, connection: Database): Reads {
  const selectHeads = connection.prepare<[], HeadRow>("SELECT * FROM heads ORDER BY origin")
  const selectFreezes = connection.prepare<[], FreezeRow>("SELECT * FROM freezes ORDER BY origin")
  const selectLogs = connection.prepare<[], LogRow>("SELECT * FROM logs ORDER BY origin")
  const selectEvidence = connection.prepare<[], EvidenceRow>(
    "SELECT origin, id, kind, text FROM evidence ORDER BY origin, number",
  )

  const read = async <T>(work: () => T): Promise<T> => onSqlite(path, () => asDamage(path, work))

  return {
    heads: () => read(() => selectHeads.all().map(headOf)),
    freezes: () => read(() => selectFreezes.all().map(freezeOf)),
    logs: () => read(() => selectLogs.all().map(logOf)),
    evidence: () => read(() => selectEvidence.all().map(evidenceOf)),
  }
}

export function headOf({ origin, size, root, note, time }: HeadRow): WitnessedHead {
  return { origin: parseOrigin(origin), size, root: asHash(plain(root)), note, time }
}

function logOf({ origin, vkeys }: LogRow): KnownLog {
  return { origin: parseOrigin(origin), vkeys: JSON.parse(vkeys) as string[] }
}

function evidenceOf({ origin, ...evidence }: EvidenceRow) {
  return { origin: parseOrigin(origin), evidence }
}

function freezeOf({ cause, because, ...row }: FreezeRow): Freeze {
  const origin = parseOrigin(row.origin)
  return cause === "proven"
    ? { origin, cause, evidence: because }
    : { origin, cause, note: because }
}
