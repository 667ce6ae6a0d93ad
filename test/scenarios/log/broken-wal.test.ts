// One flipped bit in the write-ahead log of a log that was killed: no command drops what follows it, and once the bit is
// flipped back everything that was acknowledged is served.
import { hash } from "node:crypto"
import {
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { countersign, serve, serveInVain } from "../process.ts"
import { grow } from "./load.ts"
import { type NewLog, newLog } from "./new-log.ts"

const SIZE = 300
const FRAME = 8_192 + 24

interface KilledLog extends NewLog {
  readonly wal: string
  readonly frames: number
}

async function killedLog(): Promise<KilledLog> {
  const log = await newLog()
  const served = await serve(log.data, log.options)
  await grow(served.client, SIZE)
  await served.kill()
  const wal = `${log.database}-wal`
  return { ...log, wal, frames: Math.floor((statSync(wal).size - 32) / FRAME) }
}

function flip(file: string, at: number): void {
  const bytes = readFileSync(file)
  bytes.writeUInt8(bytes.readUInt8(at) ^ 4, at)
  writeFileSync(file, bytes)
}

const digest = (file: string): string => hash("sha256", readFileSync(file))

test("a flipped bit in any part of any frame: nobody opens it, nothing is lost", {
  timeout: 240_000,
}, async () => {
  const { data, database, guard, folder, wal, frames, options } = await killedLog()
  const out = join(folder, "backup.db")
  const places = [0, frames >> 1, frames - 1].flatMap((frame, i) => {
    const at = 32 + frame * FRAME
    const within =
      [
        [3, 16, 24 + 100],
        [7, 9, 24 + 5_000],
        [0, 13, 24 + 8_191],
      ][i] ?? []
    return within.map((each) => at + each)
  })
  for (const at of [9, 18, ...places]) {
    flip(wal, at)
    const before = [digest(database), digest(wal)]
    const said = await Promise.all([
      serveInVain(data, options),
      countersign("fsck", "--data", data, "--guard", guard),
      countersign("backup", "--data", data, "--guard", guard, "--out", out),
    ])
    for (const { code, stderr } of said) {
      expect(code, stderr).toBe(1)
      expect(stderr).toMatch(/log\.db-wal: (its header|frame \d+) is damaged/)
      expect(stderr).toMatch(new RegExp(`entries \\d+ to ${SIZE - 1} are missing`))
    }
    expect([digest(database), digest(wal)], `byte ${at}`).toEqual(before)
    expect(existsSync(out)).toBe(false)
    flip(wal, at)
  }
  flip(wal, 9)
  const { code, stderr } = await countersign("redact", "--data", data, "--index", "3")
  expect(code, stderr).toBe(1)
  expect(stderr).toMatch(/its header is damaged/)
  flip(wal, 9)
  const copies = readdirSync(data).filter((name) => name.startsWith("log.db-wal.damaged-"))
  expect(copies).toHaveLength(8)
  const served = await serve(data, options)
  expect((await served.client.checkpoint()).split("\n")[1]).toBe(String(SIZE))
  await served.stop()
  const fsck = await countersign("fsck", "--data", data, "--guard", guard)
  expect(fsck).toMatchObject({ code: 0, stdout: expect.stringMatching(/^the log is whole$/m) })
})

test("a log whose newest commits are gone is behind what was signed, for everyone", async () => {
  const { data, database, guard, folder, wal, frames, options } = await killedLog()
  truncateSync(wal, 32 + (frames >> 1) * FRAME)
  const before = [digest(database), digest(wal)]
  const out = join(folder, "backup.db")
  const fsck = await countersign("fsck", "--data", data, "--guard", guard)
  expect(fsck.code).toBe(3)
  expect(fsck.stdout).toMatch(new RegExp(`behind what was signed: .* ${SIZE - 1} are missing`))
  expect(fsck.stdout).not.toMatch(/is whole/)
  const words = ["--data", data, "--guard", guard, "--out", out]
  const backup = await countersign("backup", ...words)
  expect(backup).toMatchObject({ code: 1, stderr: expect.stringMatching(/behind what was signed/) })
  expect(existsSync(out)).toBe(false)
  expect(await serveInVain(data, options)).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/the log has already signed/),
  })
  expect([digest(database), digest(wal)]).toEqual(before)
  const copied = await countersign("backup", ...words, "--behind-guard")
  expect(copied).toMatchObject({ code: 0, stdout: expect.stringMatching(/behind what was signed/) })
})

test("fsck and backup say that there was no guard to compare with", async () => {
  const { data, folder } = await killedLog()
  const fsck = await countersign("fsck", "--data", data)
  expect(fsck).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/not compared with its head guard/),
  })
  const out = join(folder, "backup.db")
  const backup = await countersign("backup", "--data", data, "--out", out)
  expect(backup).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/not compared with its head/),
  })
})

test("one flipped bit is flipped back in a copy, from which the log goes on with everything", async () => {
  const { data, guard, folder, wal, frames, options } = await killedLog()
  const [whole, mended] = [digest(wal), join(folder, "mended")]
  flip(wal, 32 + (frames >> 1) * FRAME + 24 + 100)
  const broken = digest(wal)
  const words = ["fsck", "--data", data, "--mend-wal", mended]
  expect(await countersign(...words)).toMatchObject({ code: 0 })
  expect([digest(wal), digest(mended)]).toEqual([broken, whole])
  expect((await countersign(...words)).code, "a file that is there is left as it is").toBe(1)
  copyFileSync(mended, wal)
  const served = await serve(data, options)
  expect((await served.client.checkpoint()).split("\n")[1]).toBe(String(SIZE))
  await served.stop()
  const fsck = await countersign("fsck", "--data", data, "--guard", guard)
  expect(fsck).toMatchObject({ code: 0, stdout: expect.stringMatching(/^the log is whole$/m) })
})
