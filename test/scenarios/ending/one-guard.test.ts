// Cloned data and one guard under two names: whichever log starts first is the only one, as the guard is locked by what
// it is.
import { cpSync, linkSync, mkdirSync, symlinkSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { newFolder } from "../../storage/folder.ts"
import { newLog } from "../log/new-log.ts"
import { type Ended, type ServedLog, serveCommand, serveInVain, startServing } from "../process.ts"

/** Each starts two processes; more by COUNTERSIGN_ROUNDS. */
const ROUNDS = Number(process.env["COUNTERSIGN_ROUNDS"] ?? 2)
const PATIENT = { timeout: 60_000 + ROUNDS * 20_000 }

const links = [
  ["a hard link", linkSync],
  ["a symbolic link", symlinkSync],
] as const

async function twoLogs(link: (target: string, path: string) => void) {
  const { folder, data, guard } = await newLog()
  const clone = join(folder, "clone")
  cpSync(data, clone, { recursive: true })
  const other = join(folder, "other", "head")
  mkdirSync(join(folder, "other"))
  link(guard, other)
  return [
    { data, words: ["--guard", guard] },
    { data: clone, words: ["--guard", other] },
  ] as const
}

const isServing = (started: ServedLog | Ended): started is ServedLog => "client" in started

for (const [name, link] of links) {
  test(
    `of two logs with one guard by ${name}, started at the same moment, exactly one serves`,
    PATIENT,
    async () => {
      const logs = await twoLogs(link)
      for (let round = 0; round < ROUNDS; round++) {
        const started = await Promise.all(
          logs.map(({ data, words }) => startServing(serveCommand(data, { words }))),
        )
        const serving = started.filter(isServing)
        const ended = started.filter((it): it is Ended => !isServing(it))
        expect(serving).toHaveLength(1)
        expect(ended).toEqual([
          expect.objectContaining({
            code: 1,
            stderr: expect.stringContaining("is in use by another"),
          }),
        ])
        for (const served of serving) await served.kill()
      }
    },
  )
}

test("a database with a hard link is refused before it is opened", async () => {
  const { data, database, options } = await newLog()
  linkSync(database, join(newFolder(), "log.db"))
  const { code, stderr } = await serveInVain(data, options)
  expect(code).toBe(1)
  expect(stderr).toMatch(/log\.db has 2 names \(hard links\), expected one/)
})

test("two data directories with links to one database are not served side by side", async () => {
  const { folder, data, database, guard, options } = await newLog()
  const other = join(folder, "other")
  mkdirSync(other)
  symlinkSync(database, join(other, "log.db"))
  cpSync(join(data, "keys"), join(other, "keys"), { recursive: true })
  const first = await startServing(serveCommand(data, options))
  expect("client" in first).toBe(true)
  const { stderr } = await serveInVain(other, { words: ["--guard", guard] })
  expect(stderr).toContain("is in use by another process")
})
