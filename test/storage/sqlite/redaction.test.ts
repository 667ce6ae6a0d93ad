import { readdirSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { describe, expect, test } from "vitest"
import { utf8 } from "../../../src/core/base/bytes.ts"
import { portableHasher } from "../../../src/core/tree/hash.ts"
import { integrityCheck, redactAttachment } from "../../../src/storage/sqlite/log/store.ts"
import { createReference } from "../../contracts/commits.ts"
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

describe("redactAttachment()", () => {
  test("takes one attachment away, says when, and leaves the tree and the others", async () => {
    const { path, reference } = await filled()
    redactAttachment(path, 1, 1_234)
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
    redactAttachment(path, 1, 1)
    redactAttachment(path, 2, 1)
    expect(bytesAround(path).includes("Jane Roe")).toBe(false)
  })

  test("refuses an entry without an attachment, also the second time", async () => {
    const { path } = await filled()
    expect(() => redactAttachment(path, 0, 1)).toThrow(
      expect.objectContaining({ code: "not-found" }),
    )
    redactAttachment(path, 1, 1)
    expect(() => redactAttachment(path, 1, 2)).toThrow(
      expect.objectContaining({ code: "not-found" }),
    )
  })

  test("cannot be undone over another connection", async () => {
    const { path } = await filled()
    redactAttachment(path, 2, 1)
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
})
