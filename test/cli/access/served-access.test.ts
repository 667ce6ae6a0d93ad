// Who may do what at a server that runs: tokens that are made and taken back while it does.
import { mkdtempSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, onTestFinished, test } from "vitest"
import { openServedAccess } from "../../../src/cli/access/served-access.ts"
import { run } from "../command/fake-terminal.ts"

function newData(): string {
  const data = mkdtempSync(join(tmpdir(), "access-"))
  writeFileSync(join(data, "log.db"), "")
  return data
}

const logger = { info: () => {}, warn: () => {}, error: () => {} }

async function served(data: string) {
  const access = await openServedAccess({
    ...{ data, byDefault: ["read"], hasAuthorities: false, logger },
    fetch: () => Promise.reject(new Error("nothing is fetched")),
  })
  onTestFinished(() => access.close())
  return access
}

test("a token that was made while the server runs holds at once", async () => {
  const data = newData()
  const words = ["token", "create", "--data", data, "--scope", "submit", "--name"]
  await run([...words, "first"])
  const { current } = await served(data)
  const { out } = await run([...words, "second"])
  const { tokens } = current()
  expect(tokens.writer(out.trim(), Date.now()).id).toBe("token:second")
  expect(current().tokens).not.toBe(tokens)
  expect(current().tokens.writer(out.trim(), Date.now()).id).toBe("token:second")
})

test("a token that nobody has is refused, however often it is asked about", async () => {
  const data = newData()
  const other = newData()
  const words = ["--scope", "submit", "--name", "ci"]
  await run(["token", "create", "--data", data, ...words])
  const { out } = await run(["token", "create", "--data", other, ...words])
  const { tokens } = (await served(data)).current()
  for (let i = 0; i < 100; i++) {
    expect(() => tokens.writer(out.trim(), Date.now())).toThrow(/found another one/)
  }
})
