import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, onTestFinished, test } from "vitest"
import { LONGEST_NOTE } from "../../../src/core/base/limits.ts"
import { openPublishedFile, type PublishedFile } from "../../../src/storage/files/published-file.ts"
import { newFolder } from "../folder.ts"

function opened(path: string): PublishedFile {
  const file = openPublishedFile(path)
  onTestFinished(file.close)
  return file
}

function newPath(): string {
  return join(newFolder(), "published")
}

/** A closed file that was written so often: `checkpoint 1`, `checkpoint 2` and so on. */
async function writtenPath(times: number): Promise<string> {
  const path = newPath()
  const file = openPublishedFile(path)
  for (let i = 1; i <= times; i++) await file.write(`checkpoint ${i}\n`)
  await file.close()
  return path
}

test("the published checkpoint is kept as a whole, and nothing else is left behind", async () => {
  const folder = newFolder()
  const path = join(folder, "published")
  const file = opened(path)
  expect(await file.read()).toBeUndefined()
  await file.write("a long checkpoint — \n".repeat(1_000))
  expect(await opened(path).read()).toBe("a long checkpoint — \n".repeat(1_000))
  for (const checkpoint of ["short\n", "— shorter\n", ""]) {
    await file.write(checkpoint)
    expect(await file.read()).toBe(checkpoint)
    expect(await opened(path).read()).toBe(checkpoint)
  }
  expect(readdirSync(folder)).toEqual(["published"])
})

test("a write never changes the size of the file, nor the slot of the checkpoint before it", async () => {
  const path = await writtenPath(1)
  const { size } = statSync(path)
  const file = opened(path)
  for (let i = 2; i < 6; i++) {
    const before = readFileSync(path)
    await file.write(`checkpoint ${i}\n`)
    const after = readFileSync(path)
    expect(after.length).toBe(size)
    const [first, second] = [0, size / 2].map((at) => {
      const end = at + size / 2
      return before.subarray(at, end).equals(after.subarray(at, end))
    })
    expect(first).not.toBe(second)
  }
})

test("a write that was torn leaves the checkpoint before, and the next one takes its place", async () => {
  const path = await writtenPath(3)
  const whole = readFileSync(path)
  const at = whole.indexOf("checkpoint 3\n")
  for (const end of [at + 1, at + 12, whole.lastIndexOf("sha256", at) + 70]) {
    const torn = Buffer.from(whole)
    torn.fill("x", end, end + 1)
    writeFileSync(path, torn)
    const file = opened(path)
    expect(await file.read()).toBe("checkpoint 2\n")
    await file.write("checkpoint 4\n")
    expect(await opened(path).read()).toBe("checkpoint 4\n")
  }
})

test("what is set aside stays as it was under another name, and the next write makes a file of its own", async () => {
  const path = await writtenPath(3)
  const whole = readFileSync(path)
  const file = opened(path)
  const place = await file.setAside()
  expect(place.startsWith(`${path}.other-`)).toBe(true)
  expect(await file.read()).toBeUndefined()
  await file.write("its own\n")
  expect(await opened(path).read()).toBe("its own\n")
  expect(readFileSync(place)).toEqual(whole)
})

test("a draft that a crash left behind is neither read nor in the way", async () => {
  const path = newPath()
  writeFileSync(`${path}.new`, "half a checkpo")
  const file = opened(path)
  expect(await file.read()).toBeUndefined()
  await file.write("whole\n")
  expect(await file.read()).toBe("whole\n")
})

test("closing waits for the write that is under way", async () => {
  const path = await writtenPath(1)
  const file = openPublishedFile(path)
  const written = file.write("checkpoint 2\n")
  await file.close()
  expect(await opened(path).read()).toBe("checkpoint 2\n")
  await written
})

test("a checkpoint that is longer than a slot is refused, and the one before stays", async () => {
  const path = await writtenPath(1)
  const file = opened(path)
  await expect(file.write("x".repeat(LONGEST_NOTE + 4_096))).rejects.toMatchObject({
    code: "too-large",
  })
  expect(await opened(path).read()).toBe("checkpoint 1\n")
})

test("any other file is trouble that says what to do", async () => {
  const cut = await writtenPath(2)
  writeFileSync(cut, readFileSync(cut).subarray(0, -1))
  const other = newPath()
  writeFileSync(other, "log.example\n5\nroot\n")
  for (const path of [cut, other]) {
    const message = expect.stringContaining("Move it away")
    await expect(opened(path).read()).rejects.toMatchObject({ code: "damaged", message })
    await expect(opened(path).write("x")).rejects.toMatchObject({ code: "damaged" })
  }
})

test("a file that cannot be read or written is trouble with the disk", async () => {
  const path = newPath()
  mkdirSync(path)
  const file = opened(path)
  await expect(file.read()).rejects.toMatchObject({ name: "Trouble", code: "disk" })
  await expect(file.write("x")).rejects.toMatchObject({ name: "Trouble", code: "disk" })
})
