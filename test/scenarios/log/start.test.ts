// What `serve` refuses to start on: a database that was put back, a second process, files of another log,
// keys that are not private, damage. Each time it says why and ends with exit code 1.
import { chmodSync, copyFileSync, cpSync, mkdirSync, rmSync, statSync, truncateSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { newFolder } from "../../storage/folder.ts"
import { countersign, type Ended, serve, serveInVain } from "../process.ts"
import { grow } from "./load.ts"
import { type NewLog, newLog, stoppedLog } from "./new-log.ts"

/** Expects the end of a start that was refused with a message, not by a bug. */
function expectRefused(ended: Ended, reason: RegExp): void {
  expect(ended).toMatchObject({ code: 1, stdout: "", stderr: expect.stringMatching(reason) })
  expect(ended.stderr).toMatch(/^countersign: .+\n$/)
  expect(ended.stderr).not.toMatch(/bug:|^\s+at /m)
}

/** Puts a database in the place of the log's own, as an operator would. */
function replaceDatabase({ database }: NewLog, by: string): void {
  for (const suffix of ["", "-wal", "-shm"]) rmSync(`${database}${suffix}`, { force: true })
  copyFileSync(by, database)
}

test("a restored backup is refused with both sizes, and the newer database starts again", async () => {
  const log = await newLog()
  const older = join(log.folder, "older.db")
  const newer = join(log.folder, "newer.db")
  const served = await serve(log.data, log.options)
  await grow(served.client, 300)
  const backup = await countersign("backup", "--data", log.data, "--out", older)
  expect(backup).toMatchObject({ code: 0, stdout: expect.stringContaining("300 entries") })
  await grow(served.client, 41)
  await served.stop()
  copyFileSync(log.database, newer)

  replaceDatabase(log, older)
  const refused = await serveInVain(log.data, log.options)
  expectRefused(refused, /the database is at size 300 .*already signed size 341 /)
  expectRefused(refused, /bring back the newer database/)

  replaceDatabase(log, newer)
  const again = await serve(log.data, log.options)
  expect(await again.client.treeHead()).toMatchObject({ size: 341 })
})

test("a second server on the same data is refused until the first one is killed", async () => {
  const log = await newLog()
  const first = await serve(log.data, log.options)
  expectRefused(await serveInVain(log.data, log.options), /data directory .* is in use/)
  await grow(first.client, 1)
  await first.kill()
  const second = await serve(log.data, log.options)
  expect(await second.client.treeHead()).toMatchObject({ size: 1 })
})

test("a cloned data directory with the same guard is refused while the first one serves, and after", async () => {
  const log = await stoppedLog(3)
  const clone = join(log.folder, "clone")
  cpSync(log.data, clone, { recursive: true })
  const first = await serve(log.data, log.options)
  expectRefused(await serveInVain(clone, log.options), /head guard .* is in use/)
  await grow(first.client, 2)
  await first.kill()
  expectRefused(await serveInVain(clone, log.options), /at size 3 .*already signed size 5 /)
})

test("of many servers that start at once on the same data, one serves", async () => {
  const log = await newLog()
  const starts = Array.from({ length: 4 }, () => serve(log.data, log.options))
  const outcomes = await Promise.allSettled(starts)
  const served = outcomes.filter(({ status }) => status === "fulfilled")
  expect(served).toHaveLength(1)
  for (const outcome of outcomes) {
    if (outcome.status === "rejected") expect(String(outcome.reason)).toMatch(/is in use/)
  }
})

test("the keys of another log are refused with what to do", async () => {
  const [log, other] = [await newLog(), await newLog()]
  copyFileSync(join(other.data, "keys/ed25519.pem"), join(log.data, "keys/ed25519.pem"))
  expectRefused(await serveInVain(log.data, log.options), /give the key files it was made with/)
})

test("a key file that others can read is refused with the command that mends it", async () => {
  const log = await newLog()
  const key = join(log.data, "keys/ecdsa.pem")
  chmodSync(key, 0o640)
  expectRefused(await serveInVain(log.data, log.options), new RegExp(`run: chmod 600 ${key}`))
  chmodSync(key, 0o600)
  await serve(log.data, log.options)
})

test("a missing key file is refused", async () => {
  const log = await newLog()
  rmSync(join(log.data, "keys/ecdsa.pem"))
  expectRefused(await serveInVain(log.data, log.options), /expected a log key in .*ecdsa\.pem/)
})

test("a missing guard is refused", async () => {
  const log = await stoppedLog(1)
  rmSync(log.guard)
  expectRefused(await serveInVain(log.data, log.options), /expected the head guard at .*no file/)
})

test("a guard whose two slots are damaged is refused", async () => {
  const log = await stoppedLog(1)
  truncateSync(log.guard, 100)
  expectRefused(await serveInVain(log.data, log.options), /both of its slots are damaged/)
})

test("the database of another log is refused", async () => {
  const [log, other] = [await stoppedLog(0), await stoppedLog(0)]
  replaceDatabase(log, other.database)
  expectRefused(await serveInVain(log.data, log.options), /head guard belongs to the log/)
})

test("a truncated database is refused at every length", async () => {
  const log = await stoppedLog(300)
  const whole = join(log.folder, "whole.db")
  copyFileSync(log.database, whole)
  const { size } = statSync(whole)
  for (const length of [0, 50, 8_192, Math.floor(size / 2), size - 8_192]) {
    replaceDatabase(log, whole)
    truncateSync(log.database, length)
    expectRefused(await serveInVain(log.data, log.options), /log\.db/)
  }
})

test("a folder without a log is refused with the command that makes one", async () => {
  const data = join(newFolder(), "data")
  mkdirSync(data)
  expectRefused(await serveInVain(data), /expected a log in .*make one with: countersign init/)
})

test.each(["--listen", "--admin-listen"])(
  "an address in use is refused for %s, and nothing stays behind",
  async (option) => {
    const [log, other] = [await newLog(), await newLog()]
    const { url } = await serve(log.data, log.options)
    const words = [...other.options.words, option, new URL(url).host]
    expectRefused(await serveInVain(other.data, { words }), /cannot listen on 127\.0\.0\.1:/)
  },
)
