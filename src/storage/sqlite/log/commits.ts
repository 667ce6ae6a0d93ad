// The commits of the log's database and the digests over blocks of them. What the digests mean, and that rows are
// believed only if they fit, is for src/log/commit-chain.ts; here a database of an older version gets its own.
import type { Database } from "better-sqlite3"
import { asHash, portableHasher } from "../../../core/tree/hash.ts"
import { BLOCK_COMMITS, chainEnd } from "../../../log/commit-chain.ts"
import type { CommitBlock, CommitRow, LogReads, MadeLog } from "../../../log/ports/store.ts"
import { asDamage, onSqlite } from "../../disk/trouble.ts"
import { bytesIn, countIn } from "../database/columns.ts"
import { prepared } from "./messages.ts"

interface BlockRow {
  readonly size: number
  readonly digest: Buffer
}

type RawRow = readonly [unknown, unknown]

function rowOf(path: string, [size, time]: RawRow): CommitRow {
  return asDamage(`${path}: a commit`, () => {
    return { size: countIn(size, "size"), time: countIn(time, "time") }
  })
}

/** Statements are prepared when they are first needed, as those of messages are. */
export function commitReads(
  path: string,
  connection: Database,
): Pick<LogReads, "commits" | "commitBlocks"> {
  const selectRows = prepared<[number, number], RawRow>(
    connection,
    `SELECT size, time FROM commits WHERE size > ? AND size <= ? ORDER BY size LIMIT ${BLOCK_COMMITS + 1}`,
  )
  const selectBlocks = prepared<[], BlockRow>(
    connection,
    "SELECT size, digest FROM commit_blocks ORDER BY size",
  )
  return {
    commits: async (after, to) =>
      onSqlite(path, () => {
        const rows = selectRows().raw().all(after, to)
        return rows.map((row) => rowOf(path, row))
      }),
    commitBlocks: async () =>
      onSqlite(path, () =>
        selectBlocks()
          .all()
          .map((row) => blockOf(path, row)),
      ),
  }
}

function blockOf(path: string, { size, digest }: BlockRow): CommitBlock {
  return asDamage(`${path}: the digest of commits up to size ${size}`, () => ({
    size: countIn(size, "size"),
    digest: asHash(bytesIn(digest, "digest")),
  }))
}

/**
 * Covers the commits of a database that an older version wrote, as they are; does nothing to one whose head says that
 * they are covered. Some 0.3 s a million commits.
 */
export function coverCommits(path: string, connection: Database, made: MadeLog): void {
  const isCovered = connection.prepare<[], number>("SELECT commits IS NOT NULL FROM head").pluck()
  if (isCovered.get() !== 0) return
  const select = connection
    .prepare<[], RawRow>("SELECT size, time FROM commits ORDER BY size")
    .raw()
  const insert = connection.prepare("INSERT INTO commit_blocks (size, digest) VALUES (?, ?)")
  const cover = connection.prepare("UPDATE head SET commits = ?")
  const work = connection.transaction(() => {
    const end = chainEnd(made, [], portableHasher)
    // No statement runs while another one is being stepped through.
    for (const row of select.all()) end.append(rowOf(path, row))
    for (const { size, digest } of end.blocks) insert.run(size, digest)
    cover.run(end.commits())
  })
  work.immediate()
}
