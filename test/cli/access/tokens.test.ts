// `countersign token`: made, shown once, listed, replaced and taken back, each with an act in the audit log.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, test } from "vitest"
import { idOfToken } from "../../../src/core/access/token.ts"
import { createTokenBook } from "../../../src/http/access/token-book.ts"
import { auditFile, readActs } from "../../../src/storage/files/audit-file.ts"
import { readTokenFile, tokenFile, writeLastUses } from "../../../src/storage/files/token-file.ts"
import { run } from "../command/fake-terminal.ts"

function newData(database = "log.db"): string {
  const data = mkdtempSync(join(tmpdir(), "countersign-token-"))
  writeFileSync(join(data, database), "")
  return data
}

function create(data: string, name: string, ...more: readonly string[]) {
  return run(["token", "create", "--data", data, "--name", name, "--scope", "submit", ...more])
}

async function eventsOf(data: string): Promise<readonly string[]> {
  const events: string[] = []
  const acts = readActs(auditFile(data))
  for (let next = await acts.next(); next.done !== true; next = await acts.next()) {
    events.push(next.value.act.event)
  }
  return events
}

/** Whether the token holds now, by the file. */
function isGood(data: string, token: string, now = Date.now()): boolean {
  try {
    return createTokenBook(readTokenFile(tokenFile(data)) ?? []).writer(token, now).id !== ""
  } catch {
    return false
  }
}

const DAY = 86_400_000

test("a token is printed once and alone, and only its hash is kept", async () => {
  const data = newData()
  const { code, out, err } = await create(data, "ci", "--per-minute", "600")
  expect(code).toBe(0)
  const token = out.trim()
  const id = idOfToken(token)
  expect(id).toBeDefined()
  expect(err).toContain("it is not shown again")
  expect(err).not.toContain(token)
  const kept = readFileSync(tokenFile(data), "utf8") + readFileSync(auditFile(data), "utf8")
  expect(kept).not.toContain(token.slice(14, 40))
  expect(isGood(data, token)).toBe(true)
  expect(isGood(data, token, Date.now() + 89 * DAY)).toBe(true)
  expect(isGood(data, token, Date.now() + 91 * DAY)).toBe(false)
  const { out: list } = await run(["token", "list", "--data", data, "--json"])
  expect(JSON.parse(list)).toMatchObject({
    id,
    name: "ci",
    scopes: ["submit"],
    perMinute: 600,
    isValid: true,
  })
  expect(list).not.toContain(readTokenFile(tokenFile(data))?.[0]?.sha256)
  expect(await eventsOf(data)).toEqual(["token-created"])
})

test("a monitor has tokens as well, and a folder of neither has none", async () => {
  expect((await create(newData("monitor.db"), "ci")).code).toBe(0)
  const other = await create(newData("other.db"), "ci")
  expect(other.code).toBe(1)
  expect(other.err).toContain("expected the data of a log or a monitor")
})

test("a token goes into a file of its owner in place of the screen", async () => {
  const data = newData()
  const file = join(data, "ci.token")
  const { out, err } = await create(data, "ci", "--out", file)
  expect(out).toBe("")
  expect(err).toContain(file)
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(isGood(data, readFileSync(file, "utf8").trim())).toBe(true)
  expect((await create(data, "other", "--out", file)).code).toBe(1)
})

test("the list says when each was last used", async () => {
  const data = newData()
  const id = idOfToken((await create(data, "ci")).out.trim()) ?? ""
  writeLastUses(tokenFile(data), new Map([[id, "2026-11-30"]]))
  const { out } = await run(["token", "list", "--data", data])
  expect(out).toMatch(/last used +2026-11-30/)
})

test("a revoked token is refused at once, whatever it is called by, and stays in the list", async () => {
  const data = newData()
  const token = (await create(data, "ci")).out.trim()
  expect((await run(["token", "revoke", "--data", data, "ci"])).code).toBe(0)
  expect(isGood(data, token)).toBe(false)
  expect((await run(["token", "revoke", "--data", data, idOfToken(token) ?? ""])).out).toContain(
    "revoked before",
  )
  expect((await run(["token", "list", "--data", data])).out).toContain("revoked on")
  expect((await create(data, "ci")).code).toBe(0)
  expect(await eventsOf(data)).toEqual(["token-created", "token-revoked", "token-created"])
})

test("who gives the token itself to be revoked is not shown it again", async () => {
  const data = newData()
  const token = (await create(data, "ci")).out.trim()
  const { code, err } = await run(["token", "revoke", "--data", data, token])
  expect(code).toBe(1)
  expect(err).not.toContain(token.slice(14, 40))
})

test("a rotated token and the one before are both valid for a time", async () => {
  const data = newData()
  const before = (await create(data, "ci", "--expires", "never", "--per-minute", "7")).out.trim()
  const rotated = await run(["token", "rotate", "--data", data, "ci", "--overlap", "2d"])
  const after = rotated.out.trim()
  expect(idOfToken(after)).toBeDefined()
  for (const token of [before, after]) expect(isGood(data, token, Date.now() + DAY)).toBe(true)
  expect(isGood(data, before, Date.now() + 3 * DAY)).toBe(false)
  expect(isGood(data, after, Date.now() + 1000 * DAY)).toBe(true)
  const [old, made] = readTokenFile(tokenFile(data)) ?? []
  expect(made).toMatchObject({ name: "ci", perMinute: 7, scopes: old?.scopes })
  expect(await eventsOf(data)).toEqual(["token-created", "token-rotated"])
  await run(["token", "revoke", "--data", data, "ci"])
  for (const token of [before, after]) expect(isGood(data, token)).toBe(false)
  expect((await run(["token", "rotate", "--data", data, "ci"])).err).toContain("create another")
})

test("a rotation never makes the old token last longer", async () => {
  const data = newData()
  const before = (await create(data, "ci", "--expires", "1d")).out.trim()
  await run(["token", "rotate", "--data", data, "ci", "--overlap", "30d"])
  expect(isGood(data, before, Date.now() + 2 * DAY)).toBe(false)
})

test.each([
  [["--scope", "admin"], "expected scopes of submit"],
  [["--scope", ","], "expected at least one scope"],
  [["--name", "a b"], "name: expected"],
  [["--expires", "0d"], "expected a time"],
  [["--expires", "99999d"], "expected a time"],
  [["--per-minute", "0"], "expected 1 to"],
  [["--allow-keys", "sha256:x"], "64 hex digits"],
])("%j is refused, and nothing is made", async (words, why) => {
  const data = newData()
  const { code, err } = await create(data, "ci", ...words)
  expect(code).toBeGreaterThan(0)
  expect(err).toContain(why)
  expect(existsSync(tokenFile(data))).toBe(false)
})

test("a name has one valid token, unless it is rotated", async () => {
  const data = newData()
  await create(data, "ci")
  expect((await create(data, "ci")).err).toContain("rotate or revoke it")
})

test("a token that cannot be handed out is not made, and does not end the one before it", async () => {
  const data = newData()
  const file = join(data, "ci.token")
  expect((await create(data, "ci", "--out", file)).code).toBe(0)
  const token = readFileSync(file, "utf8")
  const before = readFileSync(tokenFile(data), "utf8")
  const attempts = [
    await run(["token", "rotate", "--data", data, "ci", "--overlap", "1h", "--out", file]),
    await create(data, "other", "--out", file),
    await create(data, "other", "--out", join(data, "nowhere", "token")),
  ]
  for (const { code } of attempts) expect(code).toBe(1)
  expect(attempts[0]?.err).toContain(`expected no file of that name yet, found ${file}`)
  expect(readFileSync(tokenFile(data), "utf8")).toBe(before)
  expect(readFileSync(file, "utf8")).toBe(token)
})

test("a token that was not made leaves no file", async () => {
  const data = newData()
  mkdirSync(auditFile(data))
  const file = join(data, "new.token")
  expect((await create(data, "other", "--out", file)).code).not.toBe(0)
  expect(existsSync(file)).toBe(false)
})
