import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { utf8 } from "../../../src/core/base/bytes.ts"
import { openMessageFolder } from "../../../src/storage/files/message-folder.ts"
import { newFolder } from "../folder.ts"

const digest = `sha256:${"ab".repeat(32)}`
const other = `sha512:${"cd".repeat(64)}`

describe("openMessageFolder()", () => {
  test("has what was kept after it was opened again", async () => {
    const folder = join(newFolder(), "messages")
    const store = openMessageFolder(folder)
    expect(store.has(digest)).toBe(false)
    expect(await store.keep(digest, utf8("one"))).toBe(true)
    expect(await store.keep(digest, utf8("two"))).toBe(true)
    expect(await store.keep(digest, utf8("one"))).toBe(true)
    expect(await store.keep(other, utf8("three"))).toBe(true)
    const again = openMessageFolder(folder)
    expect(
      (await again.find(digest)).map((bytes) => new TextDecoder().decode(bytes)).sort(),
    ).toEqual(["one", "two"])
    expect(again.has(other)).toBe(true)
    expect(again.usage()).toMatchObject({ count: 3, bytes: 11, waiting: 0 })
  })

  test("gives nothing for a file that is not what its name says, and makes it whole when it can", async () => {
    const folder = join(newFolder(), "messages")
    const store = openMessageFolder(folder)
    await store.keep(digest, utf8("one"))
    await store.keep(digest, utf8("two"))
    const place = join(folder, "kept")
    const rotten = readdirSync(place).find(
      (name) => readFileSync(join(place, name), "utf8") === "one",
    )
    writeFileSync(join(place, rotten ?? ""), "ond")
    expect(await store.find(digest)).toEqual([utf8("two")])
    expect(await store.keep(digest, utf8("one"))).toBe(true)
    expect(await openMessageFolder(folder).find(digest)).toHaveLength(2)
    expect(store.usage()).toMatchObject({ count: 2, bytes: 6 })
  })

  test("keeps no more than there is room for, in number, bytes and of one digest", async () => {
    const few = openMessageFolder(join(newFolder(), "messages"), { mostCount: 1 })
    expect(await few.keep(digest, utf8("one"))).toBe(true)
    expect(await few.keep(other, utf8("two"))).toBe(false)
    const small = openMessageFolder(join(newFolder(), "messages"), { mostBytes: 4 })
    expect(await small.keep(digest, utf8("four"))).toBe(true)
    expect(await small.keep(other, utf8("x"))).toBe(false)
    const many = openMessageFolder(join(newFolder(), "messages"))
    const kept = await Promise.all(
      Array.from({ length: 17 }, (_, i) => i).map(async (i) => [
        i,
        await many.keep(digest, utf8(`${i}`)),
      ]),
    )
    expect(kept.filter(([, isKept]) => isKept === true)).toHaveLength(16)
  })

  test("spools what the door and its operator put there, and nothing else", async () => {
    const folder = join(newFolder(), "messages")
    const store = openMessageFolder(folder, { mostSpooled: 3 })
    await store.spool(utf8("door"))
    await store.spool(utf8("door"))
    writeFileSync(join(folder, "signed.bin"), "operator")
    writeFileSync(join(folder, ".half"), "not yet")
    mkdirSync(join(folder, "folder"))
    symlinkSync("/etc/hostname", join(folder, "link"))
    const names = await store.spooled()
    expect(names).toHaveLength(2)
    expect(names).toContain("signed.bin")
    expect(new TextDecoder().decode(await store.readSpooled("signed.bin"))).toBe("operator")
    expect(await store.readSpooled("link")).toBeUndefined()
    await store.dropSpooled("signed.bin")
    await store.spool(utf8("second"))
    await store.spool(utf8("third"))
    await expect(store.spool(utf8("fourth"))).rejects.toMatchObject({ code: "try-later" })
    expect(readdirSync(folder)).not.toContain("signed.bin")
  })
})
