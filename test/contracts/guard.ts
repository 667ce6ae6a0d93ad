// The contract of HeadGuard; every adapter runs it.
import { describe, expect, onTestFinished, test } from "vitest"
import type { Hash } from "../../src/core/tree/hash.ts"
import type { HeadGuard } from "../../src/log/ports/guard.ts"
import type { TimedHead } from "../../src/log/ports/store.ts"
import { identity, startTime } from "./commits.ts"

/** Opens a new guard for {@link identity} that holds `head`. */
export type OpenGuard = (head: TimedHead) => HeadGuard

/** A made-up head whose root follows from its size and `salt`. */
export function headAt(size: number, salt = 0): TimedHead {
  const root = new Uint8Array(32).fill((size + salt) % 256) as Hash
  return { size, root, time: startTime + size }
}

export function guardContract(name: string, open: OpenGuard): void {
  function opened(head: TimedHead): HeadGuard {
    const guard = open(head)
    onTestFinished(() => guard.close())
    return guard
  }

  describe(`${name} keeps the contract of HeadGuard:`, () => {
    test("a new guard has the identity and the head it was made with", async () => {
      const guard = opened(headAt(7))
      expect(guard.identity).toEqual(identity)
      expect(await guard.read()).toEqual(headAt(7))
    })

    test("advance() moves from head to head, up to the largest size", async () => {
      const guard = opened(headAt(0))
      const sizes = [0, 1, 2, 255, 65_536, 2 ** 40, Number.MAX_SAFE_INTEGER - startTime]
      for (const [i, size] of sizes.slice(1).entries()) {
        await guard.advance(headAt(sizes[i] as number), headAt(size))
        expect(await guard.read()).toEqual(headAt(size))
      }
    })

    test("advance() refuses a conflict if the guard holds another size or root", async () => {
      const guard = opened(headAt(5))
      for (const from of [headAt(4), headAt(6), headAt(5, 1)]) {
        await expect(guard.advance(from, headAt(9))).rejects.toMatchObject({ code: "conflict" })
      }
      expect(await guard.read()).toEqual(headAt(5))
      await guard.advance(headAt(5), headAt(9))
      await expect(guard.advance(headAt(5), headAt(10))).rejects.toMatchObject({ code: "conflict" })
      expect(await guard.read()).toEqual(headAt(9))
    })

    test("advance() to a smaller or equal size or an earlier time is a bug", async () => {
      const guard = opened(headAt(5))
      const earlier = { ...headAt(6), time: startTime + 4 }
      for (const to of [headAt(4), headAt(5), headAt(5, 1), earlier]) {
        await expect(guard.advance(headAt(5), to)).rejects.toThrow(/^bug:/)
      }
      expect(await guard.read()).toEqual(headAt(5))
    })

    test("a head that was read is the reader's own", async () => {
      const guard = opened(headAt(5))
      const head = await guard.read()
      head.root.fill(0xff)
      expect(await guard.read()).toEqual(headAt(5))
    })
  })
}
