import { mkdirSync, readdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { openPublishedFile } from "../../src/storage/published-file.ts"
import { newFolder } from "./folder.ts"

test("the published checkpoint is kept as a whole, and nothing else is left behind", async () => {
  const folder = newFolder()
  const path = join(folder, "published")
  const store = openPublishedFile(path)
  expect(await store.read()).toBeUndefined()
  await store.write("a long checkpoint — \n")
  await store.write("short\n")
  expect(await store.read()).toBe("short\n")
  expect(await openPublishedFile(path).read()).toBe("short\n")
  expect(readdirSync(folder)).toEqual(["published"])
})

test("a draft that a crash left behind is neither read nor in the way", async () => {
  const path = join(newFolder(), "published")
  writeFileSync(`${path}.new`, "half a checkpo")
  const store = openPublishedFile(path)
  expect(await store.read()).toBeUndefined()
  await store.write("whole\n")
  expect(await store.read()).toBe("whole\n")
})

test("a file that cannot be read or written is trouble with the disk", async () => {
  const path = join(newFolder(), "published")
  mkdirSync(path)
  const store = openPublishedFile(path)
  await expect(store.read()).rejects.toMatchObject({ name: "Trouble", code: "disk" })
  await expect(store.write("x")).rejects.toMatchObject({ name: "Trouble", code: "disk" })
})
