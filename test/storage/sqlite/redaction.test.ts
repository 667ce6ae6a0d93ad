import { readdirSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { describe, expect, test } from "vitest"
import { utf8 } from "../../../src/core/base/bytes.ts"
import { portableHasher } from "../../../src/core/tree/hash.ts"
import { integrityCheck, redactEntry } from "../../../src/storage/sqlite/log/store.ts"
import { createReference } from "../../contracts/commits.ts"
import { digestOf, messageOf } from "../../contracts/messages.ts"
import { expectAll } from "../../contracts/store.ts"
import { newPath, newStore, rawConnection, reopened } from "./database.ts"

const secret = utf8("a name that must not be here: Jane Roe ".repeat(500))

async function filled() {
  const path = newPath()
  const reference = createReference()
  const store = newStore(path)
  const attachment = { mediaType: "text/plain", bytes: secret, digest: portableHasher.leaf(secret) }
  const attachments = [1, 2].map((index) => ({ ...attachment, index }))
  await store.commit({ ...reference.grow(300), attachments })
  await store.close()
  return { path, reference }
}

function bytesAround(path: string): Buffer {
  const folder = dirname(path)
  return Buffer.concat(readdirSync(folder).map((name) => readFileSync(join(folder, name))))
}

describe("redactEntry()", () => {
  test("takes one attachment away, says when, and leaves the tree and the others", async () => {
    const { path, reference } = await filled()
    redactEntry(path, { index: 1, digest: undefined }, 1_234)
    const store = reopened(path)
    expect(await store.attachment(1)).toEqual({ redacted: 1_234 })
    expect(await store.attachment(2)).toMatchObject({ index: 2, bytes: secret })
    await expectAll(store, reference)
    await store.commit(reference.grow(1))
    await store.close()
    await integrityCheck(path)
  })

  test("leaves none of its bytes in any file of the database", async () => {
    const { path } = await filled()
    expect(bytesAround(path).includes("Jane Roe")).toBe(true)
    redactEntry(path, { index: 1, digest: undefined }, 1)
    redactEntry(path, { index: 2, digest: undefined }, 1)
    expect(bytesAround(path).includes("Jane Roe")).toBe(false)
  })

  test("refuses an entry without an attachment, also the second time", async () => {
    const { path } = await filled()
    expect(() => redactEntry(path, { index: 0, digest: undefined }, 1)).toThrow(
      expect.objectContaining({ code: "not-found" }),
    )
    redactEntry(path, { index: 1, digest: undefined }, 1)
    expect(() => redactEntry(path, { index: 1, digest: undefined }, 2)).toThrow(
      expect.objectContaining({ code: "not-found" }),
    )
  })

  test("cannot be undone over another connection", async () => {
    const { path } = await filled()
    redactEntry(path, { index: 2, digest: undefined }, 1)
    const raw = rawConnection(path)
    for (const sql of [
      "DELETE FROM redactions",
      "UPDATE redactions SET time = 2",
      "INSERT OR REPLACE INTO redactions (idx, time) VALUES (2, 3)",
      "INSERT INTO attachments SELECT 2, digest, media_type, bytes FROM attachments WHERE idx = 1",
    ]) {
      expect(() => raw.exec(sql), sql).toThrow(/redact|attachment/)
    }
  })
  test("takes the messages of a digest away and never takes one again", async () => {
    const { path, reference } = await filled()
    const digest = digestOf("one")
    const store = reopened(path)
    const message = { ...messageOf("x", 5, digest), bytes: secret }
    await store.attach([message, messageOf("two", 6)], 1)
    await store.close()
    redactEntry(path, { index: 5, digest }, 77)
    expect(bytesAround(path).toString("latin1").split("Jane Roe").length).toBe(1 + 2 * 500)
    const again = reopened(path)
    expect(await again.messages.redacted(digest)).toBe(77)
    expect(await again.messages.redactions()).toEqual({ entries: [], digests: [digest] })
    expect(await again.messages.at(1)).toMatchObject({ digest, bytes: undefined })
    expect(await again.messages.at(2)).toMatchObject({ index: 6, bytes: utf8("two") })
    expect(await again.attach([message, messageOf("three")], 2)).toEqual([
      { redacted: 77 },
      { sequence: 3, isNew: true },
    ])
    await expectAll(again, reference)
    await again.close()
    await integrityCheck(path)
    expect(() => redactEntry(path, { index: 5, digest }, 78)).toThrow(
      expect.objectContaining({ code: "not-found" }),
    )
  })

  test("remembers the digest of an attachment, so that it does not come back as a message", async () => {
    const { path } = await filled()
    const digest = digestOf("one")
    redactEntry(path, { index: 1, digest }, 77)
    const store = reopened(path)
    expect(await store.attach([messageOf("x", 1, digest)], 2)).toEqual([{ redacted: 77 }])
    expect(await store.messages.newest()).toBe(0)
    // Another entry with this digest has an attachment of its own.
    redactEntry(path, { index: 2, digest }, 78)
    expect(await store.messages.redactions()).toEqual({ entries: [1, 2], digests: [digest] })
    expect(await store.messages.redacted(digest)).toBe(77)
  })
})
