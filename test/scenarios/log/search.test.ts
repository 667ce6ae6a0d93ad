// The search index and the attestation store of a real server: complete after SIGKILL, honest about damage,
// and what is redacted is gone.
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import type { LogClient } from "../../../src/client/log-client.ts"
import { nativeHasher } from "../../../src/crypto/tree-hasher.ts"
import type { DsseRequest } from "../../../src/entry/kinds/dsse-v002.ts"
import { termHash } from "../../../src/log/search/hash.ts"
import { signedEnvelope } from "../../http/served-log.ts"
import { countersign, serve } from "../process.ts"
import { countdown, grow, type Keep, writeAll } from "./load.ts"
import { newLog } from "./new-log.ts"

const KILLS = 3

async function found(client: LogClient, digest: string): Promise<readonly number[]> {
  return (await client.search({ digest })).entries.map(({ index }) => index)
}

test(`after ${KILLS} kills every acknowledged entry is found, once`, {
  timeout: 120_000,
}, async () => {
  const { data, options } = await newLog()
  const indexes = new Map<string, number>()
  const keep: Keep = (request, { index }) => {
    if (request.kind === "hashedrekord") indexes.set(request.digest, index)
  }
  let served = await serve(data, options)
  for (let killed = 0; killed < KILLS; killed++) {
    const counted = countdown(60, keep)
    const writing = writeAll(served.client, [1, 1, 1, 7, 20], counted.keep)
    await Promise.race([counted.over, writing])
    await served.kill()
    await writing
    served = await serve(data, options)
    const { size } = await served.client.treeHead()
    const { completeUpTo } = await served.client.search({ kind: "dsse" })
    expect(completeUpTo).toBe(size)
    for (const [digest, index] of indexes) {
      expect(await found(served.client, digest), digest).toEqual([index])
    }
  }
  // All that is there, acknowledged or not, is one kind: as many as the tree has.
  const { size } = await served.client.treeHead()
  let after: number | undefined
  let count = 0
  do {
    const page = await served.client.search({ kind: "hashedrekord" }, { after, limit: 100 })
    count += page.entries.length
    after = page.next
  } while (after !== undefined)
  expect(count).toBe(size)
})

test("a flipped bit in the terms: fsck names them, searches fail, the log goes on", async () => {
  const { data, options } = await newLog()
  const index = join(data, "search.db")
  const digests: string[] = []
  let served = await serve(data, options)
  await grow(served.client, 10, (request) => {
    if (request.kind === "hashedrekord") digests.push(request.digest)
  })
  const [digest = ""] = digests
  expect(await found(served.client, digest)).toEqual([0])
  await served.stop()
  const hash = termHash({ name: "digest", value: digest }, nativeHasher)
  const content = readFileSync(index)
  // In every copy: SQLite leaves old ones in pages that it has freed.
  let at = content.indexOf(hash)
  expect(at).toBeGreaterThan(0)
  for (; at >= 0; at = content.indexOf(hash, at)) content.writeUInt8(content.readUInt8(at) ^ 1, at)
  writeFileSync(index, content)
  const fsck = await countersign("fsck", "--data", data)
  expect(fsck.code).toBe(3)
  expect(fsck.stdout).toMatch(/^search terms of entries \d+ to \d+: is not as it was written$/m)
  served = await serve(data, options)
  await expect(found(served.client, digest)).rejects.toMatchObject({ name: "Trouble" })
  await grow(served.client, 3)
  expect((await served.client.treeHead()).size).toBe(13)
  const inUse = await countersign("search-index", "rebuild", "--data", data)
  expect(inUse).toMatchObject({ code: 1, stderr: expect.stringContaining("in use") })
  const { stderr } = await served.stop()
  expect(stderr).toContain("countersign search-index rebuild")
  expect(await countersign("search-index", "rebuild", "--data", data)).toMatchObject({
    code: 0,
    stdout: "the search index is complete up to 13\n",
  })
  expect(await countersign("fsck", "--data", data)).toMatchObject({ code: 0 })
  served = await serve(data, options)
  expect(await found(served.client, digest)).toEqual([0])
})

test("without its index a log makes a new one, and finds what attestations say", async () => {
  const { data, options } = await newLog()
  let served = await serve(data, options)
  const statement = { subject: [{ name: "app", digest: { sha256: "ab" } }], predicateType: "p" }
  const { index } = await served.client.submit(signedEnvelope(JSON.stringify(statement)))
  await grow(served.client, 20)
  const ask = async () =>
    (await served.client.search({ subject: "app", predicateType: "p" })).entries
  expect((await ask()).map((entry) => entry.index)).toEqual([index])
  await served.stop()
  for (const name of readdirSync(data)) {
    if (name.startsWith("search.db")) rmSync(join(data, name))
  }
  served = await serve(data, options)
  expect((await ask()).map((entry) => entry.index)).toEqual([index])
})

test("an attestation of the size that the operator keeps is kept until it is redacted", async () => {
  const { data, options } = await newLog()
  const words = [...options.words, "--keep-attestations", "1000"]
  const request: DsseRequest = signedEnvelope()
  let served = await serve(data, { words })
  const { index } = await served.client.submit(request)
  const path = `v1/entries/${index}/attestation`
  expect(await (await fetch(`${served.url}/${path}`)).json()).toEqual(request.envelope)
  expect(await countersign("redact", "--data", data, "--index", `${index}`)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("in use"),
  })
  await served.stop()
  const redacted = await countersign("redact", "--data", data, "--index", `${index}`)
  expect(redacted).toMatchObject({ code: 0 })
  served = await serve(data, { words })
  const answer = await fetch(`${served.url}/${path}`)
  expect(answer.status).toBe(404)
  expect(await answer.text()).toMatch(/redacted at \d{4}-/)
  // The entry and its proof are as they were; sent again, the attestation is not kept again.
  expect(await served.client.inclusion(index)).toMatchObject({ proof: { index } })
  expect(await served.client.submit(request)).toMatchObject({ index, isNew: false })
  expect((await fetch(`${served.url}/${path}`)).status).toBe(404)
  expect(await countersign("fsck", "--data", data)).toMatchObject({ code: 0 })
})

test("every attestation is kept unless the operator says that none is", async () => {
  const { data, options } = await newLog()
  const long = signedEnvelope(JSON.stringify({ subject: [], pad: "x".repeat(1_000_000) }))
  let served = await serve(data, options)
  const { index } = await served.client.submit(long)
  const answer = await fetch(`${served.url}/v1/entries/${index}/attestation`)
  expect(await answer.json()).toEqual(long.envelope)
  await served.stop()
  served = await serve(data, { words: [...options.words, "--keep-attestations", "0"] })
  const other = await served.client.submit(signedEnvelope('{"subject":[]}'))
  expect((await fetch(`${served.url}/v1/entries/${other.index}/attestation`)).status).toBe(404)
})
