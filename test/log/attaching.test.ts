// Messages on their way into the log: between batches, some at once, and never more than the log can hold.
import { createHash } from "node:crypto"
import { describe, expect, test } from "vitest"
import { utf8 } from "../../src/core/base/bytes.ts"
import { Trouble } from "../../src/core/base/errors.ts"
import { portableHasher } from "../../src/core/tree/hash.ts"
import { checkMessages } from "../../src/log/message-check.ts"
import type { LogStore } from "../../src/log/ports/store.ts"
import { signedRequest } from "../http/served-log.ts"
import { type Disk, newDisk, openLogOn, proposalOf } from "./opened-log.ts"

const textOf = (number: number): string => `${number} names ${String(number).padStart(64, "0")}`

const digestOf = (text: string): string =>
  `sha256:${createHash("sha256").update(text).digest("hex")}`

/** The body of an entry that has the hash of a text. */
function bodyOf(text: string): string {
  const { digest, signature, publicKey } = signedRequest(text)
  const hash = { algorithm: "sha256", value: digest.slice(7) }
  const pem = `-----BEGIN PUBLIC KEY-----\n${publicKey}\n-----END PUBLIC KEY-----\n`
  const content = Buffer.from(pem).toString("base64")
  const spec = { data: { hash }, signature: { content: signature, publicKey: { content } } }
  return JSON.stringify({ apiVersion: "0.0.1", kind: "hashedrekord", spec })
}

const limits = { messageBytes: 1_000 }

async function openedWith(change: (store: LogStore) => Partial<LogStore> = () => ({}), count = 1) {
  const disk = newDisk()
  const store = { ...disk.store, ...change(disk.store) }
  const changed: Disk = { ...disk, store }
  const opened = await openLogOn(changed, limits)
  for (let i = 0; i < count; i++) await opened.log.add(proposalOf(bodyOf(textOf(i))))
  return { ...opened, disk: changed, attach: (i: number) => opened.log.attach(i, utf8(textOf(i))) }
}

/** Holds up what it is given until it is let go. */
function gate() {
  let open = (): void => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { open, opened }
}

describe("attaching", () => {
  test("keeps what waits in one commit, and overlaps no batch", async () => {
    const { open, opened } = gate()
    const commits: number[] = []
    let inside = 0
    async function alone<T>(work: () => Promise<T>): Promise<T> {
      inside += 1
      expect(inside).toBe(1)
      await new Promise((resolve) => setImmediate(resolve))
      const result = await work()
      inside -= 1
      return result
    }
    const { log, attach } = await openedWith(
      (store) => ({
        commit: (commit) => alone(() => store.commit(commit)),
        attach: (messages, time) =>
          alone(async () => {
            commits.push(messages.length)
            if (commits.length === 1) await opened
            return await store.attach(messages, time)
          }),
      }),
      9,
    )
    const attaching = Array.from({ length: 9 }, (_, i) => attach(i))
    await expect.poll(() => commits.length).toBe(1)
    const adding = Array.from({ length: 20 }, (_, i) => log.add(proposalOf(`more ${i}`)))
    open()
    const attached = await Promise.all(attaching)
    await Promise.all(adding)
    expect(commits.length).toBeLessThan(9)
    expect(commits.reduce((sum, count) => sum + count, 0)).toBe(9)
    expect(attached.map(({ sequence }) => sequence).toSorted()).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect(log.status().messages).toBe(9)
    expect(log.head().size).toBe(29)
  })

  test("is answered only when the message is durable, and closing waits for it", async () => {
    const { open, opened } = gate()
    const { log, attach } = await openedWith((store) => ({
      async attach(messages, time) {
        await opened
        return await store.attach(messages, time)
      },
    }))
    const told: string[] = []
    const attaching = attach(0).then(() => told.push("attached"))
    await new Promise((resolve) => setImmediate(resolve))
    const closing = log.close().then(() => told.push("closed"))
    await new Promise((resolve) => setImmediate(resolve))
    expect(told).toEqual([])
    open()
    await Promise.all([attaching, closing])
    expect(told).toEqual(["attached", "closed"])
    await expect(attach(0)).rejects.toMatchObject({ code: "try-later" })
  })

  test("refuses more than can be under way, and takes more once there is room", async () => {
    const { open, opened } = gate()
    const { attach } = await openedWith((store) => ({
      async attach(messages, time) {
        await opened
        return await store.attach(messages, time)
      },
    }))
    const attaching = Array.from({ length: 16 }, () => attach(0))
    await expect(attach(0)).rejects.toMatchObject({ code: "try-later" })
    open()
    const attached = await Promise.all(attaching)
    expect(attached.filter(({ isNew }) => isNew)).toHaveLength(1)
    expect(await attach(0)).toMatchObject({ sequence: 1, isNew: false })
  })

  test("stops the log when it is unknown what is on the disk", async () => {
    const { log, fatal, attach } = await openedWith(() => ({
      attach: () => Promise.reject(new Trouble("disk", "injected")),
    }))
    await expect(attach(0)).rejects.toMatchObject({ code: "disk" })
    expect(fatal).toHaveLength(1)
    expect(log.status().accepting).toBe(false)
  })

  test("refuses what was redacted, whoever notices first", async () => {
    const noticed = await openedWith((store) => ({
      messages: { ...store.messages, redacted: async () => 1_000 },
      attach: () => Promise.reject(new Error("nothing is to be written")),
    }))
    await expect(noticed.attach(0)).rejects.toMatchObject({
      code: "gone",
      message: expect.stringContaining("1970-01-01T00:00:01.000Z"),
    })
    const later = await openedWith(() => ({ attach: async () => [{ redacted: 1_000 }] }))
    await expect(later.attach(0)).rejects.toMatchObject({ code: "gone" })
    expect(later.log.status().messages).toBe(0)
    const envelope = await openedWith(() => ({ attachment: async () => ({ redacted: 1_000 }) }))
    await expect(envelope.attach(0)).rejects.toMatchObject({ code: "gone" })
    await expect(envelope.log.message(0)).rejects.toMatchObject({ code: "gone" })
  })

  test("refuses a long message of another digest before it is read", async () => {
    const { log } = await openedWith()
    const long = utf8(`${"x".repeat(300_000)} ${"0".repeat(64)}`)
    await expect(log.attach(0, long)).rejects.toMatchObject({ code: "too-large" })
    const roomy = await openLogOn(newDisk(), { messageBytes: 1_000_000 })
    await roomy.log.add(proposalOf(bodyOf(textOf(0))))
    await expect(roomy.log.attach(0, long)).rejects.toMatchObject({ code: "mismatch" })
    const pae = utf8(`DSSEv1 1 x ${long.length} ${new TextDecoder().decode(long)}`)
    await expect(roomy.log.attach(0, pae)).rejects.toMatchObject({ code: "mismatch" })
  })

  test("takes not more than 16 texts of one digest", async () => {
    const { disk, attach } = await openedWith()
    const digest = digestOf(textOf(0))
    const others = Array.from({ length: 16 }, (_, i) => {
      const bytes = utf8(`other ${i}`)
      return { digest, form: "x", index: 0, bytes, checksum: portableHasher.leaf(bytes) }
    })
    await disk.store.attach(others, 1)
    await expect(attach(0)).rejects.toMatchObject({ code: "conflict" })
  })
})

describe("a message", () => {
  test("is given back for its entry only if it is the one, and for its digest as it was written", async () => {
    const { disk, log } = await openedWith()
    const digest = digestOf(textOf(0))
    const other = utf8("another text")
    const checksum = portableHasher.leaf(other)
    await disk.store.attach([{ digest, form: "x", index: 9, bytes: other, checksum }], 1)
    await expect(log.message(0)).rejects.toMatchObject({ code: "not-found" })
    await log.attach(0, utf8(textOf(0)))
    expect(await log.message(0)).toEqual(utf8(textOf(0)))
    const rotten = { digest: digestOf("y"), form: "x", index: 0, bytes: utf8("y"), checksum }
    await disk.store.attach([rotten], 1)
    await expect(log.messageWith(digestOf("y"))).rejects.toMatchObject({ code: "damaged" })
    await expect(log.messageWith(digestOf("z"))).rejects.toMatchObject({ code: "not-found" })
  })

  test("is hashed again by fsck, which names what is wrong", async () => {
    const { disk, attach } = await openedWith()
    await attach(0)
    const bytes = utf8("no preimage")
    const wrong = { digest: digestOf("x"), form: "x", index: 0, bytes }
    const checksum = portableHasher.leaf(bytes)
    const rotten = portableHasher.leaf(utf8("other"))
    await disk.store.attach(
      [
        { ...wrong, checksum },
        { ...wrong, checksum: rotten },
      ],
      1,
    )
    const { messages } = disk.store
    const lost = {
      ...messages,
      newest: async () => 5,
      async at(sequence: number) {
        const stored = await messages.at(Math.min(sequence, 3))
        return sequence === 4 && stored !== undefined ? { ...stored, bytes: undefined } : stored
      },
    }
    const check = {
      hasher: portableHasher,
      hash: (name: string, part: Uint8Array) => createHash(name).update(part).digest(),
    }
    const known = await checkMessages({ ...check, messages })
    expect(known).toEqual({
      messages: 3,
      findings: [
        { what: "message", where: "2", reason: `does not have the digest ${digestOf("x")}` },
        { what: "message", where: "3", reason: "is not as it was written" },
      ],
    })
    const { findings } = await checkMessages({ ...check, messages: lost })
    expect(findings.map(({ where, reason }) => `${where} ${reason}`)).toContain(
      "4 is missing, and nobody has redacted it",
    )
  })
})
