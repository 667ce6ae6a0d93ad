// Long bundles are read in a thread of their own, one at a time; short ones where they are asked for.
import { expect, test } from "vitest"
import { createBundleThread } from "../../../../src/cli/log/threads/bundle-thread.ts"

const SHORT = 7
const MEBIBYTE = 1024 * 1024
const short = Uint8Array.of(1)
const long = Uint8Array.of(2)

type Start = NonNullable<Parameters<typeof createBundleThread>[2]>
type Events = Parameters<Start>[0]

function open() {
  const posted: number[] = []
  const lives: Events[] = []
  const thread = createBundleThread(
    "unused",
    {
      bundle: async () => short,
      bundleLength: async (index) => (index === SHORT ? MEBIBYTE - 1 : MEBIBYTE),
    },
    (events) => {
      lives.push(events)
      return { post: (index) => void posted.push(index), end: async () => {} }
    },
  )
  return { thread, posted, lives }
}

test("a short bundle starts no thread", async () => {
  const { thread, lives } = open()
  expect(await thread.read(SHORT)).toBe(short)
  expect(lives).toEqual([])
})

test("long bundles are read one at a time, each once for all who ask meanwhile", async () => {
  const { thread, posted, lives } = open()
  const reading = [thread.read(1), thread.read(1), thread.read(2)]
  await expect.poll(() => posted).toEqual([1])
  lives[0]?.onAnswer({ bytes: long })
  expect(posted).toEqual([1, 2])
  lives[0]?.onAnswer({ bytes: undefined })
  expect(await Promise.all(reading)).toEqual([long, long, undefined])
})

test("what fails there fails here, and the next one is read", async () => {
  const { thread, posted, lives } = open()
  const first = thread.read(1)
  await expect.poll(() => posted).toEqual([1])
  lives[0]?.onAnswer({ error: { kind: "trouble", code: "damaged", message: "torn" } })
  await expect(first).rejects.toMatchObject({ code: "damaged", message: "torn" })
  const second = thread.read(2)
  await expect.poll(() => posted).toEqual([1, 2])
  lives[0]?.onAnswer({ bytes: long })
  expect(await second).toBe(long)
})

test("a thread that ends is started again by what waits for it", async () => {
  const { thread, posted, lives } = open()
  const first = thread.read(1)
  const second = thread.read(2)
  await expect.poll(() => posted).toEqual([1])
  lives[0]?.onEnd(new Error("gone"))
  lives[0]?.onEnd()
  await expect(first).rejects.toMatchObject({ code: "busy" })
  expect(posted).toEqual([1, 2])
  expect(lives.length).toBe(2)
  lives[1]?.onAnswer({ bytes: long })
  expect(await second).toBe(long)
})
