// The keys of a log as verifiers and monitors are configured with them.
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, expect, test } from "vitest"
import { logsOfPolicy } from "../../../src/cli/monitor/monitored-logs.ts"
import { formatVkey } from "../../../src/core/note/note.ts"
import { parsePolicy } from "../../../src/core/note/policy.ts"
import { run } from "../command/fake-terminal.ts"

const folder = mkdtempSync(join(tmpdir(), "countersign-keys-"))
afterAll(() => rmSync(folder, { recursive: true }))

test("countersign keys --format policy names every key under which anyone verifies heads of the log", async () => {
  const data = join(folder, "log")
  await run(["init", "--data", data, "--origin", "log.example"])
  const vkeys = (await run(["keys", "--data", data])).out.trimEnd().split("\n")
  const words = ["keys", "--data", data, "--format", "policy"]
  const policy = parsePolicy((await run([...words, "--url", "https://log.example/at"])).out)
  expect(policy.logs.map(({ vkey }) => vkey.type)).toEqual([1, 2])
  expect(policy.logs.map(({ vkey }) => formatVkey(vkey)).toSorted()).toEqual(vkeys.toSorted())
  // One place to read the log at, however many keys it has.
  expect(policy.logs.map(({ url }) => url)).toEqual(["https://log.example/at", undefined])
  const [log, ...others] = logsOfPolicy(policy)
  expect(others).toEqual([])
  expect(log).toMatchObject({ origin: "log.example", url: "https://log.example/at" })
  expect(log?.logKeys).toHaveLength(2)
  const bare = parsePolicy((await run(words)).out)
  expect(bare.logs.map(({ url }) => url)).toEqual([undefined, undefined])
})
