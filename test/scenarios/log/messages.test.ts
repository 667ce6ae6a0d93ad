// Messages over a real log: what cosign 3 sends is opaque until its message comes, one message serves all entries with
// its digest, and what was acknowledged survives kills, a restart, a new index, and is gone once it is redacted.
import { createHash, generateKeyPairSync, sign } from "node:crypto"
import { rmSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import type { LogClient } from "../../../src/client/log-client.ts"
import { utf8 } from "../../../src/core/base/bytes.ts"
import { dssePae } from "../../../src/entry/dsse.ts"
import type { HashedrekordRequest } from "../../../src/entry/kinds/hashedrekord-v002.ts"
import { signedEnvelope } from "../../http/served-log.ts"
import { countersign, serve } from "../process.ts"
import { newLog } from "./new-log.ts"

const hex = (bytes: string | Uint8Array): string => createHash("sha256").update(bytes).digest("hex")

/** What cosign 3 signs of an image with `cosign sign`. */
function statementOf(image: string): string {
  return (
    `{"_type":"https://in-toto.io/Statement/v1","subject":[{"digest":{"sha256":"${image}"},"annotations":{}}],` +
    `"predicateType":"https://sigstore.dev/cosign/sign/v1","predicate":{}}`
  )
}

const messageOf = (image: string): Uint8Array =>
  dssePae("application/vnd.in-toto+json", utf8(statementOf(image)))

/** A signature over the message by a key of somebody's, of which the log gets the hash alone. */
function signed(message: Uint8Array): {
  readonly request: HashedrekordRequest
  readonly key: string
} {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
  const spki = publicKey.export({ type: "spki", format: "der" })
  const digest = `sha256:${hex(message)}`
  const signature = sign("sha256", message, privateKey).toString("base64")
  const request = {
    kind: "hashedrekord",
    digest,
    signature,
    publicKey: spki.toString("base64"),
  } as const
  return { request, key: `sha256:${hex(spki)}` }
}

async function artifactJson(url: string, digest: string): Promise<unknown> {
  return await (await fetch(`${url}/v1/artifacts/${digest}`)).json()
}

const indexesOf = async (client: LogClient, digest: string): Promise<readonly number[]> =>
  (await client.search({ digest })).entries.map(({ index }) => index)

test("a stranger's signature of an image is opaque, then found by the image, then redacted", {
  timeout: 120_000,
}, async () => {
  const { data, options } = await newLog()
  const image = hex("the image")
  const digest = `sha256:${image}`
  const message = messageOf(image)
  const stranger = signed(message)
  let served = await serve(data, options)
  const { index } = await served.client.submit(stranger.request)
  expect(await artifactJson(served.url, digest)).toMatchObject({
    entries: [],
    signers: [],
    opaque: { count: 1, upTo: 1 },
    completeUpTo: 1,
    attachedUpTo: 0,
  })
  const attached = await served.client.attach(index, message)
  expect(attached).toMatchObject({
    digest: stranger.request.digest,
    form: "dsse-pae",
    sequence: 1,
    isNew: true,
  })
  expect(await artifactJson(served.url, digest)).toMatchObject({
    entries: [{ index, kind: "hashedrekord:0.0.2" }],
    signers: [{ key: stranger.key, identities: [], entries: [index] }],
    opaque: { count: 0, upTo: 1 },
    attachedUpTo: 1,
  })
  // Another key, the same bytes: nobody attaches anything again.
  const owner = signed(message)
  await served.client.submit(owner.request)
  await served.client.submit(signed(utf8("a file")).request)
  expect(await indexesOf(served.client, digest)).toEqual([0, 1])
  expect(await served.client.artifact(digest)).toMatchObject({ opaque: { count: 1, upTo: 3 } })
  expect(await served.client.attach(1, message)).toMatchObject({ sequence: 1, isNew: false })
  expect(await served.client.message(owner.request.digest)).toEqual(message)
  expect(await served.client.messages()).toMatchObject({
    messages: [{ sequence: 1, digest: owner.request.digest, index, size: message.length }],
  })

  await served.stop()
  served = await serve(data, options)
  expect(await indexesOf(served.client, digest)).toEqual([0, 1])
  expect(await served.client.messageOf(1)).toEqual(message)
  await served.stop()

  expect((await countersign("search-index", "rebuild", "--data", data)).code).toBe(0)
  const status = await countersign("search-index", "status", "--data", data, "--json")
  expect(JSON.parse(status.stdout)).toMatchObject({ indexed: 3, size: 3, learnt: 1, messages: 1 })
  const fsck = await countersign("fsck", "--data", data, "--json")
  expect(JSON.parse(fsck.stdout)).toMatchObject({ findings: 0, messages: 1, searchable: 3 })
  served = await serve(data, options)
  expect(await indexesOf(served.client, digest)).toEqual([0, 1])
  await served.stop()

  expect((await countersign("redact", "--data", data, "--index", "1")).code).toBe(0)
  expect((await countersign("fsck", "--data", data)).code).toBe(0)
  served = await serve(data, options)
  expect(await artifactJson(served.url, digest)).toMatchObject({
    entries: [],
    opaque: { count: 3, upTo: 3 },
    attachedUpTo: 1,
  })
  for (const entry of [0, 1]) {
    await expect(served.client.attach(entry, message)).rejects.toMatchObject({ code: "gone" })
    await expect(served.client.messageOf(entry)).rejects.toMatchObject({ code: "gone" })
  }
  await expect(served.client.message(owner.request.digest)).rejects.toMatchObject({ code: "gone" })
  await served.stop()
  expect((await countersign("fsck", "--data", data)).code).toBe(0)
  const copy = join(data, "copy.db")
  expect((await countersign("backup", "--data", data, "--out", copy)).code).toBe(0)
  rmSync(join(data, "search.db"))
  served = await serve(data, options)
  expect(await served.client.artifact(digest)).toMatchObject({ opaque: { count: 3, upTo: 3 } })
})

test("an envelope that is redacted makes its entry opaque, and does not come back as a message", async () => {
  const { data, options } = await newLog()
  const words = [...options.words, "--keep-attestations", "4096"]
  let served = await serve(data, { ...options, words })
  const statement = statementOf(hex("image"))
  await served.client.submit(signedEnvelope(statement))
  await served.client.submit(signedEnvelope(statement))
  expect(await served.client.search({ kind: "dsse" })).toMatchObject({ opaque: { count: 0 } })
  await served.stop()
  await countersign("redact", "--data", data, "--index", "0")
  served = await serve(data, { ...options, words })
  expect(await served.client.search({ opaque: true })).toMatchObject({
    entries: [{ index: 0 }],
    opaque: { count: 1, upTo: 2 },
  })
  const pae = dssePae("application/vnd.in-toto+json", utf8(statement))
  await expect(served.client.attach(0, pae)).rejects.toMatchObject({ code: "gone" })
})

test("a log that keeps no messages refuses them and goes on", async () => {
  const { data, options } = await newLog()
  const words = [...options.words, "--keep-messages", "0"]
  const served = await serve(data, { ...options, words })
  const message = messageOf(hex("image"))
  await served.client.submit(signed(message).request)
  await expect(served.client.attach(0, message)).rejects.toMatchObject({ code: "not-allowed" })
  expect(await served.client.search({ opaque: true })).toMatchObject({ opaque: { count: 1 } })
})

test("a message of megabytes is taken while entries go on, and comes back as it was", async () => {
  const { data, options } = await newLog()
  const served = await serve(data, options)
  const named = hex("image")
  const payload = utf8(`{"subject":"${"\\u0061".repeat(300_000)}","digest":"${named}"`)
  const message = dssePae("application/vnd.in-toto+json", payload)
  await served.client.submit(signed(message).request)
  let submitted = 0
  let isOver = false
  const attaching = served.client.attach(0, message).finally(() => {
    isOver = true
  })
  while (!isOver) {
    await served.client.submit(signed(utf8(`file ${submitted}`)).request)
    submitted += 1
  }
  expect(await attaching).toMatchObject({ sequence: 1, isNew: true })
  expect(submitted).toBeGreaterThan(1)
  expect(await indexesOf(served.client, `sha256:${named}`)).toEqual([0])
  const kept = await served.client.messageOf(0)
  expect(Buffer.compare(kept, message)).toBe(0)
  const changed = message.slice()
  changed[changed.length - 1] = 0
  await expect(served.client.attach(0, changed)).rejects.toMatchObject({ code: "mismatch" })
})

const KILLS = 4

test(`after ${KILLS} kills under submissions and attachments every acknowledged message is there`, {
  timeout: 180_000,
}, async () => {
  const { data, options } = await newLog()
  const kept = new Map<number, Uint8Array>()
  let made = 0

  /** Submits and attaches until the log is gone. */
  async function work(client: LogClient, onKept: () => void): Promise<void> {
    for (;;) {
      const message = messageOf(hex(`image ${made++}`))
      try {
        const { index } = await client.submit(signed(message).request)
        await client.attach(index, message)
        kept.set(index, message)
        onKept()
      } catch (error) {
        expect(error).toMatchObject({ name: "Trouble", code: "network" })
        return
      }
    }
  }

  let served = await serve(data, options)
  for (let killed = 0; killed < KILLS; killed++) {
    const { client } = served
    let left = 25
    let working: Promise<unknown> = Promise.resolve()
    await new Promise<void>((resolve) => {
      const onKept = (): void => {
        left -= 1
        if (left === 0) resolve()
      }
      working = Promise.all(Array.from({ length: 6 }, () => work(client, onKept)))
    })
    await served.kill()
    await working
    const fsck = await countersign("fsck", "--data", data, "--json")
    expect(JSON.parse(fsck.stdout)).toMatchObject({ findings: 0 })
    served = await serve(data, options)
    const { messages } = await served.client.messages({ limit: 1_000 })
    expect(messages.map(({ sequence }) => sequence)).toEqual(messages.map((_, i) => i + 1))
    for (const [index, message] of kept) {
      expect(await served.client.messageOf(index)).toEqual(message)
    }
    const found = await served.client.search({ opaque: true })
    expect(found.attachedUpTo).toBe(messages.length)
    expect(found.opaque).toEqual({ count: found.size - messages.length, upTo: found.size })
  }
})
