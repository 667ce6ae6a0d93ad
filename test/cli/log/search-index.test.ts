// `countersign search-index` over a data directory.
import { existsSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { createLogFiles, dataDirectory } from "../../../src/cli/log/data-directory.ts"
import { openLogKeys } from "../../../src/cli/log/signing/log-keys.ts"
import { parseOrigin } from "../../../src/core/note/origin.ts"
import { createLogSigner } from "../../../src/crypto/signers/log-signer.ts"
import { nativeHasher } from "../../../src/crypto/tree-hasher.ts"
import { openSequencer } from "../../../src/log/sequencer.ts"
import { lockDataDirectory } from "../../../src/storage/disk/process-lock.ts"
import { openGuardFile } from "../../../src/storage/files/guard-file.ts"
import { openSqliteStore } from "../../../src/storage/sqlite/log/store.ts"
import { newFolder } from "../../storage/folder.ts"
import { run } from "../command/fake-terminal.ts"

const origin = parseOrigin("log.example")
const SIZE = 5_000

/** A stopped log of bodies that are no entries, without an index. */
async function newLog(): Promise<string> {
  const data = join(newFolder(), "data")
  const directory = dataDirectory(data)
  await createLogFiles(directory, { origin, time: Date.now() })
  const sequencer = await openSequencer({
    store: openSqliteStore(directory.database),
    guard: openGuardFile(directory.guard),
    signer: createLogSigner(origin, await openLogKeys(directory)),
    hasher: nativeHasher,
    now: Date.now,
  })
  const bodies = Array.from({ length: SIZE }, (_, i) => new TextEncoder().encode(`body ${i}`))
  const leafHashes = bodies.map((body) => nativeHasher.leaf(body))
  const sideTerms = [{ position: 7, hashes: new Uint8Array(32).map((_, i) => i) }]
  await sequencer.append({ bodies, leafHashes, sideTerms })
  await sequencer.close()
  return data
}

const index = (...words: string[]) => run(["search-index", ...words])

describe("countersign search-index", () => {
  test("rebuild makes the index, and again over one that is damaged or was cut off", async () => {
    const data = await newLog()
    const path = join(data, "search.db")
    for (const damage of [() => {}, () => writeFileSync(path, "damaged")]) {
      damage()
      writeFileSync(`${path}.new`, "cut off")
      expect(await index("rebuild", "--data", data)).toMatchObject({
        code: 0,
        out: `the search index is complete up to ${SIZE}\n`,
      })
      expect(existsSync(`${path}.new`)).toBe(false)
      expect(existsSync(`${path}-wal`)).toBe(false)
      expect(await run(["fsck", "--data", data])).toMatchObject({ code: 0 })
    }
  })

  test("rebuild refuses a log that is in use, and one that is not there", async () => {
    const data = await newLog()
    const lock = lockDataDirectory(data)
    expect(await index("rebuild", "--data", data)).toMatchObject({
      code: 1,
      err: expect.stringContaining("in use by another process"),
    })
    lock.release()
    expect(existsSync(join(data, "search.db"))).toBe(false)
    expect(await index("rebuild", "--data", join(data, "nothing"))).toMatchObject({
      code: 1,
      err: expect.stringContaining("expected a log"),
    })
  })

  test("status says how many entries there are to find", async () => {
    const data = await newLog()
    expect(await index("status", "--data", data)).toMatchObject({
      code: 0,
      out: expect.stringMatching(
        /^the search index is behind\n.* 0\n.* 5000\n.*messages.* 0\n.*messages.* 0\n$/,
      ),
    })
    await index("rebuild", "--data", data)
    const { out } = await index("status", "--data", data, "--json")
    expect(JSON.parse(out)).toEqual({ indexed: SIZE, size: SIZE, learnt: 0, messages: 0 })
  })

  test("fsck says how many entries an index that is behind was not compared with", async () => {
    const data = await newLog()
    const missing = await run(["fsck", "--data", data])
    expect([missing.code, missing.out.split("\n")[0]]).toEqual([
      0,
      `the log is whole; its search index is behind, ${SIZE} of ${SIZE} entries were not compared`,
    ])
    await index("rebuild", "--data", data)
    const whole = await run(["fsck", "--data", data])
    expect([whole.code, whole.out.split("\n")[0]]).toEqual([0, "the log is whole"])
  })

  test("fsck names an index that is not of this log, and says how to make another", async () => {
    const data = await newLog()
    writeFileSync(join(data, "search.db"), "damaged".repeat(5_000))
    const { code, out } = await run(["fsck", "--data", data])
    expect(code).toBe(3)
    expect(out).toMatch(/^search .*search\.db: /m)
    const help = await run(["fsck", "--help"])
    expect(help.out).toContain("search-index rebuild")
  })
})
