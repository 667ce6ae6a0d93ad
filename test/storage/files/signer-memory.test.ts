import { copyFileSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import * as fc from "fast-check"
import { describe, expect, onTestFinished, test } from "vitest"
import { asHash, EMPTY_HEAD, type Head } from "../../../src/core/tree/hash.ts"
import type { SignerMemory } from "../../../src/signer/memory.ts"
import {
  createSignerMemory,
  openSignerMemory,
  readSignerMemory,
} from "../../../src/storage/files/signer-memory.ts"
import { identity } from "../../contracts/commits.ts"
import { newFolder } from "../folder.ts"

const SLOT = 4_096

function headOf(size: number): Head {
  return { size, root: asHash(new Uint8Array(32).fill(size)) }
}

function newPath(): string {
  return join(newFolder(), "memory")
}

function opened(path: string): SignerMemory {
  const memory = openSignerMemory(path)
  onTestFinished(() => memory.close())
  return memory
}

/** A closed memory that went from the empty tree over 1 to 2. */
function grownPath(): string {
  const path = newPath()
  createSignerMemory(path, identity, EMPTY_HEAD)
  const memory = openSignerMemory(path)
  memory.remember(headOf(1))
  memory.remember(headOf(2))
  memory.close()
  return path
}

function headIn(path: string): number {
  const memory = openSignerMemory(path)
  const { size } = memory.head()
  memory.close()
  return size
}

describe("a signer's memory", () => {
  test("is text in two slots that say the same, for its owner only", () => {
    const path = grownPath()
    expect(statSync(path).mode % 0o1000).toBe(0o600)
    expect(statSync(path).size).toBe(2 * SLOT)
    const text = readFileSync(path, "utf8")
    for (const slot of [text.slice(0, SLOT), text.slice(SLOT)]) {
      const [name, , origin, , , size] = slot.split("\n")
      expect([name, origin, size]).toEqual([
        "countersign signer memory 1",
        "origin log.example",
        "size 2",
      ])
    }
  })

  test("holds what was remembered last, also for another process", () => {
    const path = grownPath()
    const memory = opened(path)
    expect(memory.head()).toEqual(headOf(2))
    expect(memory.identity).toEqual(identity)
    memory.remember(headOf(9))
    expect(readSignerMemory(path).head).toEqual(headOf(9))
  })

  test("never goes back or stands still", () => {
    const memory = opened(grownPath())
    for (const size of [0, 1, 2]) expect(() => memory.remember(headOf(size))).toThrow(/^bug/)
    expect(memory.head().size).toBe(2)
  })

  test("is never made over another one, and never begins by itself", () => {
    const path = grownPath()
    expect(() => createSignerMemory(path, identity, EMPTY_HEAD)).toThrow(/never overwritten/)
    rmSync(path)
    expect(() => openSignerMemory(path)).toThrow(/never starts without what it has signed/)
    writeFileSync(path, "")
    expect(() => openSignerMemory(path)).toThrow(/both of its slots are damaged/)
  })

  test("belongs to one signer at a time", () => {
    const path = grownPath()
    const first = openSignerMemory(path)
    expect(() => openSignerMemory(path)).toThrow(/in use by another process/)
    expect(readSignerMemory(path).head.size).toBe(2)
    first.close()
    expect(opened(path).head().size).toBe(2)
  })

  test.each([0, SLOT])("loses nothing if the slot at %i rots, wherever that is", (slot) => {
    const path = grownPath()
    const whole = readFileSync(path)
    void fc.assert(
      fc.property(fc.nat({ max: SLOT - 1 }), fc.nat({ max: 7 }), (at, bit) => {
        const bytes = Buffer.from(whole)
        bytes[slot + at] = (bytes[slot + at] as number) ^ (1 << bit)
        writeFileSync(path, bytes)
        expect(headIn(path)).toBe(2)
      }),
      { numRuns: 100 },
    )
  })

  test("is made whole again at the next start, so that the other slot may rot next", () => {
    const path = grownPath()
    for (const slot of [0, SLOT, 0, SLOT]) {
      const bytes = readFileSync(path)
      bytes.fill(0, slot, slot + SLOT)
      writeFileSync(path, bytes)
      expect(headIn(path)).toBe(2)
    }
  })

  test("does not begin anew if both slots rot, or the file was cut off", () => {
    const path = grownPath()
    const whole = readFileSync(path)
    const bytes = Buffer.from(whole)
    bytes[100] = (bytes[100] as number) ^ 1
    bytes[SLOT + 100] = (bytes[SLOT + 100] as number) ^ 1
    writeFileSync(path, bytes)
    expect(() => openSignerMemory(path)).toThrow(/damaged/)
    for (const size of [0, 100, SLOT, 2 * SLOT - 1]) {
      writeFileSync(path, whole)
      truncateSync(path, size)
      expect(() => openSignerMemory(path)).toThrow(/damaged/)
    }
  })

  test("a write that power loss cut off leaves no less than what was signed", () => {
    // What is on the disk at each moment of a step from 2 to 5, whose two slots get there in any order, each whole or
    // not yet, and one of them perhaps in part. Nothing is signed before both are there.
    const path = grownPath()
    const memory = openSignerMemory(path)
    const before = readFileSync(path)
    memory.remember(headOf(5))
    memory.close()
    const after = readFileSync(path)
    expect(before.length).toBe(after.length)
    for (const torn of [0, 1, 57, 200, SLOT - 1, SLOT]) {
      for (const slot of [0, SLOT]) {
        for (const other of [before, after]) {
          const bytes = Buffer.from(other)
          before.copy(bytes, slot, slot, slot + SLOT)
          after.copy(bytes, slot, slot, slot + torn)
          writeFileSync(path, bytes)
          expect([2, 5]).toContain(headIn(path))
        }
      }
    }
  })

  test("is damaged, and signs nothing, if a disk tears both slots of one write", () => {
    const path = grownPath()
    const before = readFileSync(path)
    const memory = openSignerMemory(path)
    memory.remember(headOf(5))
    memory.close()
    const torn = readFileSync(path)
    for (const slot of [0, SLOT]) before.copy(torn, slot + 200, slot + 200, slot + SLOT)
    writeFileSync(path, torn)
    expect(() => openSignerMemory(path)).toThrow(/damaged/)
  })

  test("says so if its slots are of two logs", () => {
    const path = grownPath()
    const other = newPath()
    createSignerMemory(other, { ...identity, treeId: "12" }, headOf(3))
    const bytes = readFileSync(path)
    readFileSync(other).copy(bytes, 0, 0, SLOT)
    copyFileSync(other, path)
    writeFileSync(path, bytes)
    expect(() => openSignerMemory(path)).toThrow(/contradict each other/)
  })
})
