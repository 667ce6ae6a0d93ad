// The log's store in SQLite: one connection that writes, another one that reads. Everything happens on
// the calling thread, which waits for the disk; a server opens this in a thread of its own.
import type { Database } from "better-sqlite3"
import { bug, refuse } from "../../../core/base/errors.ts"
import { EMPTY_ROOT, portableHasher } from "../../../core/tree/hash.ts"
import { firstCommits } from "../../../log/commit-chain.ts"
import type { Commit, LogIdentity, LogStore } from "../../../log/ports/store.ts"
import { onSqlite, untilFailure } from "../../disk/trouble.ts"
import { assertCommit, assertSuccessor, firstUnbundled } from "../../rules/commit.ts"
import { parseIdentity } from "../../rules/identity.ts"
import { openOver } from "../database/connection.ts"
import { createDatabase } from "../database/creation.ts"
import { logDatabase } from "../database/database-kind.ts"
import { createReadBack } from "../database/read-back.ts"
import { tileKey } from "../database/tile-key.ts"
import { beginBeside, coverBeside } from "./beside-digest.ts"
import { attachmentWriter, sideTermWriter } from "./beside-entries.ts"
import { coverCommits } from "./commits.ts"
import { messageWriter } from "./messages.ts"
import { type HeadRow, headOf, openSqliteReads } from "./reads.ts"

export { backupSqlite, integrityCheck } from "./backup.ts"
export { redactEntry } from "./beside-entries.ts"
export { carrySearch, needsCarrying } from "./carrying.ts"
export { openSqliteReads, type SqliteReads } from "./reads.ts"

/**
 * Makes a database with an empty tree, durable when this returns; `time` is the time of its head in
 * Unix milliseconds. Refuses `conflict` if there is a file at `path`: nothing is ever overwritten.
 */
export function createSqliteStore(
  path: string,
  identity: LogIdentity,
  { time }: { readonly time: number },
): void {
  const { origin, treeId, keyFingerprints } = parseIdentity(identity)
  const made = { origin, treeId, keyFingerprints, created: time }
  createDatabase(path, logDatabase, (connection) => {
    connection
      .prepare(
        "INSERT INTO log (id, origin, tree_id, key_fingerprints, created) VALUES (1, ?, ?, ?, ?)",
      )
      .run(origin, treeId, JSON.stringify(keyFingerprints), time)
    connection
      .prepare("INSERT INTO head (id, size, root, time, commits) VALUES (1, 0, ?, ?, ?)")
      .run(EMPTY_ROOT, time, firstCommits(made, portableHasher))
    // Opening it then writes nothing.
    beginBeside(connection)
  })
}

/**
 * Opens a database for writing and brings its schema up to date. The caller holds the lock of the data
 * directory. Refuses and throws as openConnection does.
 *
 * After a commit that failed with anything but a `conflict` the state is unknown (a failed COMMIT can
 * reappear after a restart): the store takes no other commit, and the caller ends the process.
 */
export function openSqliteStore(path: string): LogStore {
  return openOver(path, "write", logDatabase, (connection) => {
    const reads = openSqliteReads(path)
    coverCommits(path, connection, reads.made)
    coverBeside(path, connection)
    const write = commitOver(path, connection)
    const writeMessages = messageWriter(connection)
    const change = untilFailure(path, "commit")
    const readBack = createReadBack(path, connection)
    return {
      ...reads,
      commit: (commit) =>
        change(() => {
          assertCommit(commit)
          onSqlite(path, () => write(commit))
          readBack.committed()
        }),
      attach: (messages, time) =>
        change(() => {
          const attached = onSqlite(path, () => writeMessages(messages, time))
          // Messages that are all there already are no commit.
          if (attached.some((each) => "isNew" in each && each.isNew)) readBack.committed()
          return attached
        }),
      // The writer goes last: the connection that closes last clears the write-ahead log away.
      async close() {
        await reads.close()
        onSqlite(path, () => readBack.close())
      },
    }
  })
}

function commitOver(path: string, connection: Database): (commit: Commit) => void {
  const selectHead = connection.prepare<[], HeadRow>("SELECT * FROM head")
  const moveHead = connection.prepare(
    "UPDATE head SET size = ?, root = ?, time = ?, commits = ? WHERE size = ? AND root = ?",
  )
  const insertCommit = connection.prepare("INSERT INTO commits (size, time) VALUES (?, ?)")
  const insertBlock = connection.prepare("INSERT INTO commit_blocks (size, digest) VALUES (?, ?)")
  const insertBundle = connection.prepare("INSERT INTO bundles (idx, bytes) VALUES (?, ?)")
  const deleteBundled = connection.prepare("DELETE FROM entries WHERE idx < ?")
  const insertEntry = connection.prepare("INSERT INTO entries (idx, body) VALUES (?, ?)")
  const insertTile = connection.prepare("INSERT INTO tiles (id, hashes) VALUES (?, ?)")
  const writeAttachments = attachmentWriter(connection)
  const writeSideTerms = sideTermWriter(connection)

  function swapHead({ from, to, block }: Commit): void {
    assertSuccessor(headOf(path, selectHead.get()), from, to)
    const { size, root, time, commits = null } = to
    const { changes } = moveHead.run(size, root, time, commits, from.size, from.root)
    if (changes !== 1) refuse("conflict", `${path}: the head is not at size ${from.size}`)
    insertCommit.run(to.size, to.time)
    if (block !== undefined) insertBlock.run(block.size, block.digest)
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
