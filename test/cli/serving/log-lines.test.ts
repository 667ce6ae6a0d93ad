import { expect, test } from "vitest"
import { openLogLines } from "../../../src/cli/serving/log-lines.ts"

interface Reader {
  readonly read: string[]
  /** Lets the write that waits succeed, or fail with this code. */
  answer(code?: string): void
}

function newReader() {
  const read: string[] = []
  const waiting: ((code?: string) => void)[] = []
  const write = (_: number, bytes: Uint8Array) =>
    new Promise<{ bytesWritten: number }>((resolve, reject) => {
      waiting.push((code) => {
        if (code !== undefined) return reject(Object.assign(new Error(code), { code }))
        read.push(Buffer.from(bytes).toString("utf8"))
        resolve({ bytesWritten: bytes.length })
      })
    })
  const reader: Reader = { read, answer: (code) => waiting.shift()?.(code) }
  return { ...reader, lines: openLogLines(2, write) }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test("lines are written one write at a time, in order", async () => {
  const { lines, read, answer } = newReader()
  for (const line of ["a\n", "b\n", "c\n"]) lines.write(line)
  answer()
  await turn()
  answer()
  await turn()
  expect(read).toEqual(["a\n", "b\nc\n"])
})

test("what a disk refuses is lost, and what comes after it is written", async () => {
  const { lines, read, answer } = newReader()
  lines.write("lost\n")
  lines.write("kept\n")
  answer("EIO")
  await turn()
  answer()
  await turn()
  expect(read).toEqual(["kept\n"])
})

test("a reader that never reads costs a mebibyte, and then hears how many lines it has missed", async () => {
  const { lines, read, answer } = newReader()
  const line = `${"x".repeat(65_535)}\n`
  for (let i = 0; i < 40; i++) lines.write(line)
  for (let i = 0; i < 18; i++) {
    answer()
    await turn()
  }
  expect(read).toHaveLength(18)
  expect(read.at(-1)).toMatch(/"dropped":23,"msg":"lines of this log were dropped/)
})

test("hurry() begins to write what waits behind a write that hangs", async () => {
  const { lines, read, answer } = newReader()
  lines.write("hangs\n")
  lines.write("why\n")
  lines.hurry()
  answer()
  answer()
  await turn()
  expect(read).toEqual(["hangs\n", "why\n"])
})
