// The write-ahead log of a process that was killed: whatever breaks in it is told from a torn end, and nothing that
// was acknowledged is dropped by opening it.
import { hash } from "node:crypto"
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { afterAll, describe, expect, test } from "vitest"
import { checkWal } from "../../../src/storage/sqlite/database/wal-check.ts"
import { frameOffset } from "../../../src/storage/sqlite/database/wal-format.ts"
import {
  createSqliteStore,
  openSqliteReads,
  openSqliteStore,
} from "../../../src/storage/sqlite/log/store.ts"
import { createReference, identity, startTime } from "../../contracts/commits.ts"
import { newPath } from "./database.ts"

const PAGE = 8_192
const COMMITS = 12
/** Opening a new database for the first time covers what lies beside its tree. */
const FIRST = 1

/** A database with its log, as a process leaves them that is killed behind its last commit. */
async function kill(commits: number): Promise<string> {
  const running = newPath()
  createSqliteStore(running, identity, { time: startTime })
  const store = openSqliteStore(running)
  const reference = createReference()
  for (let i = 0; i < commits; i++) await store.commit(reference.grow(i % 3 === 0 ? 40 : 1))
  const path = join(mkdtempSync(join(tmpdir(), "countersign-wal-")), "log.db")
  for (const suffix of ["", "-wal"]) copyFileSync(running + suffix, path + suffix)
  await store.close()
  return path
}

const made = new Map<number, Promise<string>>()

afterAll(async () => {
  for (const path of made.values()) rmSync(dirname(await path), { recursive: true })
})

/** A copy of one. */
async function killed(commits = COMMITS): Promise<string> {
  const found = made.get(commits) ?? kill(commits)
  made.set(commits, found)
  const path = newPath()
  const folder = dirname(await found)
  for (const name of readdirSync(folder))
    copyFileSync(`${folder}/${name}`, `${dirname(path)}/${name}`)
  return path
}

const walOf = (path: string): string => `${path}-wal`

async function sizeOf(path: string): Promise<number> {
  const reads = openSqliteReads(path)
  try {
    return (await reads.head()).size
  } finally {
    await reads.close()
  }
}

function flip(path: string, at: number, bit: number): void {
  const bytes = readFileSync(walOf(path))
  bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << bit), at)
  writeFileSync(walOf(path), bytes)
}

function fill(path: string, at: number, length: number): void {
  const bytes = readFileSync(walOf(path))
  bytes.fill(0x5a, at, at + length)
  writeFileSync(walOf(path), bytes)
}

function framesIn(path: string): number {
  return (statSync(walOf(path)).size - 32) / (PAGE + 24)
}

/** The frames that end a commit, counted from 0. */
function commitFrames(path: string): number[] {
  const bytes = readFileSync(walOf(path))
  return Array.from({ length: framesIn(path) }, (_, i) => i).filter(
    (i) => bytes.readUInt32BE(frameOffset(i, PAGE) + 4) > 0,
  )
}

const refused = expect.objectContaining({ name: "Trouble", code: "damaged" })

function filesOf(path: string): readonly string[] {
  return [path, walOf(path)].map((file) => hash("sha256", readFileSync(file)))
}

/** Nobody opens it, and the log and the database stay as they are. */
function expectRefused(path: string): string {
  const before = filesOf(path)
  const said = [openSqliteReads, openSqliteStore].map((open) => {
    try {
      open(path)
    } catch (reason) {
      expect(reason).toEqual(refused)
      return (reason as Error).message
    }
    throw new Error("it was opened")
  })
  expect(filesOf(path)).toEqual(before)
  const kept = readdirSync(dirname(path)).filter((name) => name.includes("-wal.damaged-"))
  expect(kept).toHaveLength(1)
  expect(hash("sha256", readFileSync(`${dirname(path)}/${kept[0]}`))).toBe(before[1])
  return said[0] ?? ""
}

test("a log that is whole has all its commits, and reading it leaves it as it is", async () => {
  const path = await killed()
  const before = filesOf(path)
  expect(checkWal(path, PAGE)).toEqual({ frames: framesIn(path), commits: COMMITS + FIRST })
  expect(await sizeOf(path)).toBe(4 * 40 + 8)
  expect(filesOf(path)).toEqual(before)
})

/** Where a frame has what, and bits of it. */
const regions: readonly (readonly [name: string, at: number])[] = [
  ["page number", 3],
  ["size after the commit", 7],
  ["size after the commit, high", 4],
  ["first salt", 9],
  ["second salt", 15],
  ["first sum", 16],
  ["second sum", 23],
  ["first byte of the page", 24],
  ["middle of the page", 24 + 4_097],
  ["last byte of the page", 24 + PAGE - 1],
]

describe.each(["first", "middle", "last but one", "last"])(
  "a flipped bit in the %s frame",
  (which) => {
    test.each(regions)("%s: nothing is opened, and flipped back all is there", async (_, at) => {
      const path = await killed()
      const count = framesIn(path)
      const frame = { first: 0, middle: count >> 1, "last but one": count - 2 }[which] ?? count - 1
      const byte = frameOffset(frame, PAGE) + at
      for (const bit of [0, 7]) {
        flip(path, byte, bit)
        const { broken } = checkWal(path, PAGE)
        expect(broken).toMatchObject({ frame: frame + 1, isRot: true })
        // High bits of words look alike to the sums.
        if (broken?.bit !== undefined) expect(broken.bit).toEqual({ byte, bit })
        flip(path, byte, bit)
      }
      flip(path, byte, 3)
      expect(expectRefused(path)).toContain(`frame ${frame + 1} is damaged`)
      flip(path, byte, 3)
      expect(await sizeOf(path)).toBe(4 * 40 + 8)
      const store = openSqliteStore(path)
      expect((await store.head()).size).toBe(4 * 40 + 8)
      await store.close()
    })
  },
)

test("a flipped bit is named where it is the only one that explains the sums", async () => {
  const path = await killed()
  for (const at of [16, 23, 9, 24, 24 + 2_000, 24 + PAGE - 4]) {
    const byte = frameOffset(7, PAGE) + at
    flip(path, byte, 3)
    expect(checkWal(path, PAGE).broken?.bit).toEqual({ byte, bit: 3 })
    flip(path, byte, 3)
  }
})

test("every bit of the header is as good as any", async () => {
  const path = await killed(3)
  const bytes = readFileSync(walOf(path))
  for (let at = 0; at < 32 * 8; at++) {
    flip(path, at >> 3, at & 7)
    const { broken } = checkWal(path, PAGE)
    // The number of the checkpoint and all else is under the checksum; only what SQLite reads past is not.
    expect(broken, `bit ${at}`).toMatchObject({ frame: 0, isRot: true, committedBehind: 3 + FIRST })
    writeFileSync(walOf(path), bytes)
  }
  flip(path, 9, 1)
  expectRefused(path)
})

describe("what rots in more than one bit", () => {
  test.each(["first", "second", "third"])(
    "the %s commit: the ones behind it show it",
    async (which) => {
      const path = await killed()
      const commits = commitFrames(path)
      const frame = commits[{ first: 0, second: 1, third: 2 }[which] ?? 0] ?? 0
      fill(path, frameOffset(frame, PAGE) + 100, 4_000)
      expect(checkWal(path, PAGE).broken).toMatchObject({ frame: frame + 1, isRot: true })
      expectRefused(path)
    },
  )

  test("whole blocks, headers of frames among them", async () => {
    const path = await killed()
    const [first = 0] = commitFrames(path)
    fill(path, frameOffset(first + 1, PAGE), 3 * PAGE)
    expectRefused(path)
  })

  test("the header, whose frames the database does not have", async () => {
    const path = await killed()
    fill(path, 0, 32)
    expect(expectRefused(path)).toMatch(/its header is damaged/)
  })
})

describe("what a loss of power leaves opens by itself", () => {
  /** All commits but the last one. */
  const BUT_THE_LAST = 4 * 40 + 7

  test("a last transaction of which any frame was not written", async () => {
    const commits = commitFrames(await killed())
    const last = commits.at(-1) ?? 0
    const first = (commits.at(-2) ?? 0) + 1
    expect(last).toBeGreaterThan(first)
    for (let frame = first; frame <= last; frame++) {
      for (const [at, length] of [
        [0, PAGE + 24],
        [24, PAGE],
        [4_096, 2_000],
      ] as const) {
        const path = await killed()
        fill(path, frameOffset(frame, PAGE) + at, length)
        expect(await sizeOf(path), `frame ${frame}`).toBe(BUT_THE_LAST)
        const store = openSqliteStore(path)
        expect((await store.head()).size).toBe(BUT_THE_LAST)
        await store.close()
      }
    }
  })

  test("a file that was cut short anywhere in the last transaction", async () => {
    const commits = commitFrames(await killed())
    const begin = frameOffset((commits.at(-2) ?? 0) + 1, PAGE)
    const path = await killed()
    const { size } = statSync(walOf(path))
    for (let end = size - 1; end >= begin; end -= 1_111) {
      truncateSync(walOf(path), end)
      expect(await sizeOf(path)).toBe(BUT_THE_LAST)
    }
  })

  test("an empty log, and one that ends in its header", async () => {
    for (const length of [0, 17, 32, 500]) {
      const path = await killed()
      truncateSync(walOf(path), length)
      expect(await sizeOf(path)).toBe(0)
    }
  })

  test("frames of a transaction that was dropped before, behind the ones that took its place", async () => {
    const path = await killed()
    const commits = commitFrames(path)
    const first = (commits.at(-2) ?? 0) + 1
    fill(path, frameOffset(first, PAGE) + 24, PAGE)
    // Two leftovers of one transaction each, as two losses of power in a row may leave them.
    const wal = readFileSync(walOf(path))
    const tail = wal.subarray(frameOffset(first + 1, PAGE))
    writeFileSync(walOf(path), Buffer.concat([wal, wal.subarray(frameOffset(first, PAGE)), tail]))
    expect(checkWal(path, PAGE).broken).toMatchObject({ isRot: false })
    expect(await sizeOf(path)).toBe(BUT_THE_LAST)
  })

  test("a header that was torn while the log was begun anew", async () => {
    const path = await killed()
    const wal = readFileSync(walOf(path))
    const store = openSqliteStore(path)
    await store.close()
    // The database has everything now; the file is as the reset of it found it, but for its torn header.
    writeFileSync(walOf(path), wal)
    fill(path, 12, 12)
    expect(existsSync(walOf(path))).toBe(true)
    expect(await sizeOf(path)).toBe(4 * 40 + 8)
  })
})

test("a log beside an older copy of its database is not put among its pages", async () => {
  const running = newPath()
  createSqliteStore(running, identity, { time: startTime })
  const older = newPath()
  copyFileSync(running, older)
  const reference = createReference()
  let store = openSqliteStore(running)
  for (let i = 0; i < 5; i++) await store.commit(reference.grow(300))
  await store.close()
  store = openSqliteStore(running)
  await store.commit(reference.grow(1))
  copyFileSync(walOf(running), walOf(older))
  await store.close()
  expect(expectRefused(older)).toMatch(/does not belong to the database/)
})
