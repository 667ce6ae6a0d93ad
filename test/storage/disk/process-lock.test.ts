import { spawn } from "node:child_process"
import { once } from "node:events"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { expect, onTestFinished, test } from "vitest"
import { lockDataDirectory } from "../../../src/storage/disk/process-lock.ts"
import { newFolder } from "../folder.ts"

const inUse = expect.objectContaining({
  code: "conflict",
  message: expect.stringMatching(/in use by another process/),
})

test("lockDataDirectory() is refused while this process has the lock, and given after release()", () => {
  const folder = newFolder()
  const lock = lockDataDirectory(folder)
  expect(() => lockDataDirectory(folder)).toThrow(inUse)
  lock.release()
  lockDataDirectory(folder).release()
})

test("lockDataDirectory() locks one directory only", () => {
  const lock = lockDataDirectory(newFolder())
  lockDataDirectory(newFolder()).release()
  lock.release()
})

test("lockDataDirectory() is refused while another process has the lock, and given after its SIGKILL", async () => {
  const folder = newFolder()
  const holder = fileURLToPath(new URL("lock-holder.mjs", import.meta.url))
  const child = spawn(process.execPath, [holder, folder], { stdio: ["ignore", "pipe", "inherit"] })
  const exited = once(child, "exit")
  onTestFinished(() => {
    child.kill("SIGKILL")
  })
  const [said] = await Promise.race([once(child.stdout, "data"), exited])
  expect(String(said)).toBe("locked\n")
  expect(() => lockDataDirectory(folder)).toThrow(inUse)
  child.kill("SIGKILL")
  await exited
  lockDataDirectory(folder).release()
})

test("lockDataDirectory() says of a damaged lock file that it may be deleted", () => {
  const directory = newFolder()
  writeFileSync(join(directory, "lock.db"), "x".repeat(4096))
  expect(() => lockDataDirectory(directory)).toThrow(/lock\.db is damaged; it holds nothing/)
})
