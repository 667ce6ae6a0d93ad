// The log's store in SQLite: one connection that writes, another one that reads. Everything happens on
// the calling thread, which waits for the disk; a server opens this in a thread of its own.
import type { Database } from "better-sqlite3"
import { bug, Refusal, refuse, Trouble } from "../../../core/base/errors.ts"
import type { Commit, LogStore } from "../../../log/ports/store.ts"
import { onSqlite } from "../../disk/trouble.ts"
import { assertCommit, assertSuccessor, firstUnbundled } from "../../rules/commit.ts"
import { openConnection } from "../database/connection.ts"
import { tileKey } from "../database/tile-key.ts"
import { attachmentWriter } from "./attachments.ts"
import { type HeadRow, headOf, openSqliteReads } from "./reads.ts"
import { sideTermWriter } from "./side-terms.ts"

export { redactAttachment } from "./attachments.ts"
export { backupSqlite, integrityCheck } from "./backup.ts"
export { carrySearch, needsCarrying } from "./carrying.ts"
export { createSqliteStore } from "./log-creation.ts"
export { openSqliteReads, type SqliteReads } from "./reads.ts"

/**
 * Opens a database for writing and brings its schema up to date. The caller holds the lock of the data
 * directory. Refuses and throws as {@link openConnection} does.
 *
 * After a commit that failed with anything but a `conflict` the state is unknown (a failed COMMIT can
 * reappear after a restart): the store takes no other commit, and the caller ends the process.
 */
export function openSqliteStore(path: string): LogStore {
  const connection = openConnection(path, "write")
  try {
    const reads = openSqliteReads(path)
    const write = onSqlite(path, () => commitOver(path, connection))
    let failed = false

    return {
      ...reads,
      async commit(commit) {
        if (failed) throw new Trouble("disk", `${path}: an earlier commit failed; end this process`)
        try {
          assertCommit(commit)
          onSqlite(path, () => write(commit))
        } catch (reason) {
          failed = !(reason instanceof Refusal)
          throw reason
        }
      },
      // The writer goes last: the connection that closes last clears the write-ahead log away.
      async close() {
        await reads.close()
        onSqlite(path, () => connection.close())
      },
    }
  } catch (reason) {
    connection.close()
    throw reason
  }
}

function commitOver(path: string, connection: Database): (commit: Commit) => void {
  const selectHead = connection.prepare<[], HeadRow>("SELECT size, root, time FROM head")
  const moveHead = connection.prepare(
    "UPDATE head SET size = ?, root = ?, time = ? WHERE size = ? AND root = ?",
  )
  const insertCommit = connection.prepare("INSERT INTO commits (size, time) VALUES (?, ?)")
  const insertBundle = connection.prepare("INSERT INTO bundles (idx, bytes) VALUES (?, ?)")
  const deleteBundled = connection.prepare("DELETE FROM entries WHERE idx < ?")
  const insertEntry = connection.prepare("INSERT INTO entries (idx, body) VALUES (?, ?)")
  const insertTile = connection.prepare("INSERT INTO tiles (id, hashes) VALUES (?, ?)")
  const writeAttachments = attachmentWriter(connection)
  const writeSideTerms = sideTermWriter(connection)

  function swapHead({ from, to }: Commit): void {
    assertSuccessor(headOf(path, selectHead.get()), from, to)
    const { changes } = moveHead.run(to.size, to.root, to.time, from.size, from.root)
    if (changes !== 1) refuse("conflict", `${path}: the head is not at size ${from.size}`)
    insertCommit.run(to.size, to.time)
  }

  function insertEntries({ from, to, bodies, bundles }: Commit): void {
    const tailStart = firstUnbundled(to.size)
    for (const { index, bytes } of bundles) insertBundle.run(index, bytes)
    if (bundles.length > 0) deleteBundled.run(tailStart)
    for (let index = Math.max(from.size, tailStart); index < to.size; index++) {
      insertEntry.run(index, bodies[index - from.size])
    }
  }

  function insertTiles({ tiles }: Commit): void {
    for (const { id, hashes } of tiles) {
      insertTile.run(tileKey(id) ?? bug(`tile ${id.level}/${id.index} cannot exist`), hashes)
    }
  }

  // BEGIN IMMEDIATE takes the write lock first, so that nothing is written on an outdated snapshot.
  return connection.transaction((commit: Commit) => {
    swapHead(commit)
    insertEntries(commit)
    insertTiles(commit)
    writeAttachments(commit)
    writeSideTerms(commit.sideTerms)
  }).immediate
}
