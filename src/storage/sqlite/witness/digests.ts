// Digests of the rows of a witness: each row in one unambiguous form, hashed with SHA-256, and of each table the sum
// of its rows' hashes modulo 2^256, so that a change costs its own rows and not all. They find rows that rotted, were
// lost or were put back. They are no defence against who can write the database and its guard: that one can
// write a pair that matches.
import { hash } from "node:crypto"
import { concat, u64 } from "../../../core/base/bytes.ts"
import { bug } from "../../../core/base/errors.ts"
import { formatHex, parseHex } from "../../../core/base/text.ts"
import { asHash, HASH_SIZE, type Hash } from "../../../core/tree/hash.ts"

/** In the order of their digests. `definitions` are those of the tables, indexes and triggers themselves. */
export const TABLES = ["witness", "heads", "logs", "freezes", "evidence", "definitions"] as const

export type TableName = (typeof TABLES)[number]

/** The columns of a row in the order of its table's definition, as SQLite has given or is given them. */
export type Row = readonly unknown[]

export type Digests = Readonly<Record<TableName, bigint>>

const END = 1n << 256n
const CHAIN = "countersign witness history 2\n"

/** The type, the length and the bytes of a value: no two lists of values have the same form. */
function valueForm(value: unknown): Buffer {
  const [type, bytes] =
    value instanceof Uint8Array
      ? ["x", value]
      : [value === null ? "0" : (typeof value).slice(0, 1), Buffer.from(String(value))]
  return Buffer.concat([Buffer.from(`${type}${bytes.length}:`), bytes])
}

export function rowDigest(table: TableName, row: Row): bigint {
  const form = Buffer.concat([table, ...row].map(valueForm))
  return BigInt(`0x${hash("sha256", form, "hex")}`)
}

/** What a digest becomes when a row takes the place of another; 0 stands for none. */
export function exchanged(sum: bigint, before: bigint, after: bigint): bigint {
  return (((sum - before + after) % END) + END) % END
}

export function sumOf(digests: readonly bigint[]): bigint {
  return digests.reduce((sum, digest) => exchanged(sum, 0n, digest), 0n)
}

/** 32 bytes a table, big-endian. */
export function digestBytes(digests: Digests): Uint8Array {
  const hex = TABLES.map((table) => digests[table].toString(16).padStart(2 * HASH_SIZE, "0"))
  return parseHex(hex.join(""), "digests")
}

/** The reverse of {@link digestBytes}. */
export function parseDigests(bytes: Uint8Array): Digests {
  if (bytes.length !== TABLES.length * HASH_SIZE) bug(`digests cannot have ${bytes.length} bytes`)
  const entries = TABLES.map((table, i) => {
    const own = bytes.subarray(i * HASH_SIZE, (i + 1) * HASH_SIZE)
    return [table, BigInt(`0x${formatHex(own)}`)] as const
  })
  return Object.fromEntries(entries) as Record<TableName, bigint>
}

/** What the guard holds after so many changes, the one before which left `previous`. */
export function chainOf(changes: number, previous: Hash, digests: Digests): Hash {
  const form = concat(Buffer.from(CHAIN), u64(changes), previous, digestBytes(digests))
  return asHash(new Uint8Array(hash("sha256", form, "buffer")))
}
