import { readFileSync, statSync, truncateSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import * as fc from "fast-check"
import { describe, expect, onTestFinished, test } from "vitest"
import { parseOrigin } from "../../../src/core/note/origin.ts"
import type { HeadGuard } from "../../../src/log/ports/guard.ts"
import { createGuardFile, openGuardFile } from "../../../src/storage/files/guard-file.ts"
import { identity } from "../../contracts/commits.ts"
import { guardContract, headAt } from "../../contracts/guard.ts"
import { newFolder } from "../folder.ts"

const SLOT = 4_096

function newPath(): string {
  return join(newFolder(), "head")
}

function opened(path: string): HeadGuard {
  const guard = openGuardFile(path)
  onTestFinished(() => guard.close())
  return guard
}

/** A closed guard that went from 1 to 2 to 3: the first slot holds 3, the second one 2. */
async function advancedPath(): Promise<string> {
  const path = newPath()
  createGuardFile(path, identity, headAt(1))
  const guard = openGuardFile(path)
  await guard.advance(headAt(1), headAt(2))
  await guard.advance(headAt(2), headAt(3))
  await guard.close()
  return path
}

/** The same guard under another name. */
function newCopy(path: string): string {
  const copy = newPath()
  writeFileSync(copy, readFileSync(path))
  return copy
}

/** Changes the file's bytes; the guard is not open, so no lock is lost. */
function spoil(path: string, change: (bytes: Buffer) => void): void {
  const bytes = readFileSync(path)
  change(bytes)
  writeFileSync(path, bytes)
}

guardContract("openGuardFile()", (head) => {
  const path = newPath()
  createGuardFile(path, identity, head)
  return openGuardFile(path)
})

describe("a guard file", () => {
  test("is readable text in two slots, for its owner only", async () => {
    const path = await advancedPath()
    expect(statSync(path).mode % 0o1000).toBe(0o600)
    expect(statSync(path).size).toBe(2 * SLOT)
    const first = readFileSync(path, "utf8").slice(0, SLOT).split("\n")
    expect(first.slice(0, 8)).toEqual([
      "countersign head guard 1",
      "counter 3",
      "origin log.example",
      "tree 9223372036854775807",
      `keys ${"a".repeat(64)} ${"0".repeat(64)}`,
      "size 3",
      `root ${"03".repeat(32)}`,
      "time 1700000000003",
    ])
    expect(first[8]).toMatch(/^sha256 [0-9a-f]{64}$/)
  })

  test("has a line with what covers the commits once a head has it, and never again without", async () => {
    const path = newPath()
    createGuardFile(path, identity, headAt(1))
    expect(readFileSync(path, "utf8")).not.toContain("commits ")
    const guard = openGuardFile(path)
    const covered = { ...headAt(2), commits: headAt(7).root }
    await guard.advance(headAt(1), covered)
    expect(await guard.read()).toEqual(covered)
    await expect(guard.advance(headAt(2), headAt(3))).rejects.toThrow(/^bug:.*covers/)
    await guard.close()
    const line = `time ${covered.time}\ncommits ${"07".repeat(32)}\nsha256 `
    expect(readFileSync(path, "utf8").slice(SLOT)).toContain(line)
    expect(await opened(path).read()).toEqual(covered)
    spoil(path, (bytes) => bytes.write("8", SLOT + bytes.subarray(SLOT).indexOf("commits 07") + 9))
    expect(await opened(newCopy(path)).read()).toEqual(headAt(1))
  })

  test("keeps its head over closing and opening", async () => {
    const path = await advancedPath()
    const guard = opened(path)
    expect(await guard.read()).toEqual(headAt(3))
    await guard.advance(headAt(3), headAt(4))
    await guard.close()
    expect(await opened(path).read()).toEqual(headAt(4))
  })

  test("has room for the longest origin", async () => {
    const path = newPath()
    const long = { ...identity, origin: parseOrigin("é".repeat(127)) }
    createGuardFile(path, long, headAt(1))
    expect(opened(path).identity).toEqual(long)
  })

  test("falls back to the other slot when the newer one was written halfway, and writes over it", async () => {
    const untilChecksum = readFileSync(await advancedPath()).indexOf("sha256") + 8
    for (let end = 0; end < untilChecksum; end += 11) {
      const path = await advancedPath()
      const third = readFileSync(path).subarray(0, SLOT)
      const guard = openGuardFile(path)
      await guard.advance(headAt(3), headAt(4))
      await guard.advance(headAt(4), headAt(5))
      await guard.close()
      // The new bytes up to `end`, then the ones before them.
      spoil(path, (bytes) => {
        third.copy(bytes, end, end)
      })
      const torn = openGuardFile(path)
      expect(await torn.read()).toEqual(headAt(4))
      await torn.advance(headAt(4), headAt(6))
      expect(await torn.read()).toEqual(headAt(6))
      await torn.close()
    }
  })

  test("falls back when any one byte of the newer slot is wrong", async () => {
    const path = await advancedPath()
    const whole = readFileSync(path)
    await fc.assert(
      fc.asyncProperty(
        fc.nat(SLOT - 1),
        fc.integer({ min: 1, max: 255 }),
        async (at, difference) => {
          const bytes = Buffer.from(whole)
          bytes[at] = ((bytes[at] ?? 0) + difference) % 256
          writeFileSync(path, bytes)
          const guard = openGuardFile(path)
          expect(await guard.read()).toEqual(headAt(2))
          await guard.close()
        },
      ),
      { numRuns: 200 },
    )
  })

  test("falls back when the size was changed and the checksum was not", async () => {
    const path = await advancedPath()
    spoil(path, (bytes) => {
      bytes.write("9", bytes.indexOf("size 3") + 5)
    })
    expect(await opened(path).read()).toEqual(headAt(2))
  })

  test("is damaged when both slots are", async () => {
    const path = await advancedPath()
    spoil(path, (bytes) => {
      bytes.write("x", 40)
      bytes.write("x", SLOT + 40)
    })
    expect(() => openGuardFile(path)).toThrow(
      expect.objectContaining({ name: "Trouble", code: "damaged" }),
    )
  })

  test("is damaged when the slots contradict each other", async () => {
    const path = await advancedPath()
    spoil(path, (bytes) => {
      bytes.copyWithin(SLOT, 0, SLOT)
    })
    expect(() => openGuardFile(path)).toThrow(expect.objectContaining({ code: "damaged" }))
  })

  test("is damaged when it was emptied, and says so", async () => {
    const path = await advancedPath()
    truncateSync(path, 0)
    expect(() => openGuardFile(path)).toThrow(
      expect.objectContaining({
        code: "damaged",
        message: expect.stringMatching(/not a head guard/),
      }),
    )
  })

  test("refuses a conflict if its file was advanced behind its back", async () => {
    const path = await advancedPath()
    const before = readFileSync(path)
    const guard = opened(path)
    await guard.advance(headAt(3), headAt(4))
    writeFileSync(path, before)
    await expect(guard.advance(headAt(4), headAt(5))).rejects.toMatchObject({ code: "conflict" })
    expect(await guard.read()).toEqual(headAt(3))
  })

  test("is opened once at a time", async () => {
    const path = await advancedPath()
    const guard = opened(path)
    expect(() => openGuardFile(path)).toThrow(
      expect.objectContaining({ code: "conflict", message: expect.stringMatching(/in use/) }),
    )
    await guard.close()
    expect(await opened(path).read()).toEqual(headAt(3))
  })

  test("closing it twice closes nothing else", async () => {
    const path = await advancedPath()
    const guard = opened(path)
    await guard.close()
    const other = opened(path)
    await guard.close()
    expect(await other.read()).toEqual(headAt(3))
  })

  test("createGuardFile() overwrites nothing", async () => {
    const path = await advancedPath()
    expect(() => createGuardFile(path, identity, headAt(0))).toThrow(
      expect.objectContaining({ code: "conflict" }),
    )
    expect(await opened(path).read()).toEqual(headAt(3))
  })

  test("openGuardFile() refuses where there is no guard, and makes none", () => {
    const folder = newFolder()
    expect(() => openGuardFile(join(folder, "head"))).toThrow(
      expect.objectContaining({ code: "not-found" }),
    )
    expect(() => openGuardFile(folder)).toThrow(expect.objectContaining({ code: "disk" }))
  })
})
