// Reads all rows of a witness's tables by full scans, without any index, and makes of a row what it stands for.
import type { Database } from "better-sqlite3"
import { refuse, Trouble } from "../../../core/base/errors.ts"
import { parseJson } from "../../../core/base/json-value.ts"
import { parseOrigin } from "../../../core/note/origin.ts"
import { asHash } from "../../../core/tree/hash.ts"
import type { LogIdentity } from "../../../log/ports/store.ts"
import type { Freeze, KeptEvidence, KnownLog, WitnessedHead } from "../../../witness/store.ts"
import { plain } from "../../disk/plain-bytes.ts"
import { parseIdentity } from "../../rules/identity.ts"
import { type Digests, type Row, rowDigest, sumOf, TABLES, type TableName } from "./digests.ts"

/** The tables that a change may write, and their columns. */
export const COLUMNS = {
  heads: ["origin", "size", "root", "note", "time"],
  logs: ["origin", "vkeys"],
  freezes: ["origin", "cause", "because"],
  evidence: ["number", "origin", "id", "kind", "text"],
} as const

// What SQLite makes by itself of these definitions has a name of its own and no definition.
const DEFINITIONS = `SELECT rowid, type, name, tbl_name, sql FROM sqlite_schema
  WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'`

const scans: Readonly<Record<TableName, string>> = {
  witness: scanOf("witness", ["id", "name", "tree_id", "key_fingerprints", "created"]),
  heads: scanOf("heads", COLUMNS.heads),
  logs: scanOf("logs", COLUMNS.logs),
  freezes: scanOf("freezes", COLUMNS.freezes),
  evidence: scanOf("evidence", COLUMNS.evidence),
  definitions: DEFINITIONS,
}

function scanOf(table: TableName, columns: readonly string[]): string {
  return `SELECT rowid, ${columns.join(", ")} FROM ${table} NOT INDEXED`
}

export interface FoundRow {
  readonly rowid: number
  readonly row: Row
  readonly digest: bigint
}

export type FoundRows = Readonly<Record<TableName, readonly FoundRow[]>>

/** All rows of a table; costs as much as the table is long. */
export function scanTable(connection: Database, table: TableName): readonly FoundRow[] {
  const found = connection.prepare<[], unknown[]>(scans[table]).raw().all()
  return found.map(([rowid, ...row]) => ({
    rowid: Number(rowid),
    row,
    digest: rowDigest(table, row),
  }))
}

export function scanAll(connection: Database): FoundRows {
  const entries = TABLES.map((table) => [table, scanTable(connection, table)] as const)
  return Object.fromEntries(entries) as Record<TableName, readonly FoundRow[]>
}

export function digestsOf(found: FoundRows): Digests {
  const entries = TABLES.map(
    (table) => [table, sumOf(found[table].map(({ digest }) => digest))] as const,
  )
  return Object.fromEntries(entries) as Record<TableName, bigint>
}

const LONGEST_LIST = 1_048_576

function listOf(text: string, what: string): unknown[] {
  const list = parseJson(text, what, LONGEST_LIST)
  return Array.isArray(list) ? list : refuse("malformed", `${what}: expected a list`)
}

/** Throws Trouble `damaged` if there is none. Like all below it refuses `malformed` for what cannot be read. */
export function identityOf(path: string, found: FoundRows): LogIdentity {
  const [kept] = found.witness
  if (kept === undefined) throw new Trouble("damaged", `${path}: the witness's identity is missing`)
  const [, origin, treeId, keys] = kept.row as [number, string, string, string]
  const keyFingerprints = listOf(String(keys), "key fingerprints")
  return parseIdentity({ origin: String(origin), treeId: String(treeId), keyFingerprints })
}

export function headOf(row: Row): WitnessedHead {
  const [origin, size, root, note, time] = row as [string, number, Buffer, string, number]
  return { origin: parseOrigin(origin), size, root: asHash(plain(root)), note, time }
}

export function rowOfHead({ origin, size, root, note, time }: WitnessedHead): Row {
  return [origin, size, root, note, time]
}

export function logOf(row: Row): KnownLog {
  const [origin, vkeys] = row as [string, string]
  return { origin: parseOrigin(origin), vkeys: listOf(vkeys, "vkeys") as string[] }
}

export function rowOfLog({ origin, vkeys }: KnownLog): Row {
  return [origin, JSON.stringify(vkeys)]
}

export function freezeOf(row: Row): Freeze {
  const [name, cause, because] = row as [string, Freeze["cause"], string]
  const origin = parseOrigin(name)
  return cause === "proven"
    ? { origin, cause, evidence: because }
    : { origin, cause, note: because }
}

export function rowOfFreeze(freeze: Freeze): Row {
  const { origin, cause } = freeze
  return [origin, cause, freeze.cause === "proven" ? freeze.evidence : freeze.note]
}

export function evidenceOf(row: Row): KeptEvidence {
  const [, origin, id, kind, text] = row as [
    number,
    string,
    string,
    KeptEvidence["evidence"]["kind"],
    string,
  ]
  return { origin: parseOrigin(origin), evidence: { id, kind, text } }
}
