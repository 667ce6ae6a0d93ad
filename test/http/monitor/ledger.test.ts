// `POST /ledger`: who may, what is taken, and that nothing is answered before it is kept.
import { expect, test } from "vitest"
import type { ServedLedgers } from "../../../src/http/monitor/ledger.ts"
import { openLedgerFolder } from "../../../src/storage/files/ledger-folder.ts"
import { makeSigner } from "../../entry/signers.ts"
import { hashedrekordOf } from "../../evidence/made-cases.ts"
import { digestOf } from "../../monitor/entries/watched-entries.ts"
import { newFolder } from "../../storage/folder.ts"
import { ask } from "../client.ts"
import { openMonitorDoor } from "./door.ts"

const TOKEN = "a-token-of-more-than-twenty-characters"
const plain = { "content-type": "text/plain" }
const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

async function openLedgers() {
  const folder = openLedgerFolder(newFolder())
  const ledgers: ServedLedgers = {
    tokens: ["an-older-token-of-the-same-monitor", TOKEN],
    signers: () => new Set(["ci", "a b"]),
    append: folder.append,
  }
  const { port } = await openMonitorDoor({ ledgers })
  function postLedger(
    body: string | Uint8Array,
    { signer = "?signer=ci", headers = bearer(TOKEN) as Record<string, string> } = {},
  ) {
    return ask(port, `/ledger${signer}`, {
      method: "POST",
      body,
      headers: { ...plain, ...headers },
    })
  }
  return { folder, postLedger, port }
}

const body = hashedrekordOf(makeSigner("ecdsa-p256"), "app")
const receipt = JSON.stringify({ body: Buffer.from(body).toString("base64") })

test("keeps what was signed in short, and says the same again as often as it is told", async () => {
  const { folder, postLedger } = await openLedgers()
  const first = await postLedger(
    `${receipt}\n${digestOf("x")}\nimage a.example/b@${digestOf("i")}\n`,
  )
  expect(first.status).toBe(200)
  expect(first.json()).toEqual({ signer: "ci", added: 3, known: 0 })
  const again = await postLedger(receipt)
  expect(again.json()).toEqual({ signer: "ci", added: 0, known: 1 })
  const lines = (await folder.read("ci"))?.split("\n") ?? []
  expect(lines[0]).toMatch(/^\{"leafHash":"[0-9a-f]{64}","signatures":\["sha256:[0-9a-f]{64}"\]\}$/)
  expect(lines.slice(1)).toEqual([digestOf("x"), `image a.example/b@${digestOf("i")}`, ""])
})

test("takes a document over several lines, and any token of the file", async () => {
  const { postLedger } = await openLedgers()
  const text = JSON.stringify(JSON.parse(receipt), undefined, 2)
  const headers = { authorization: "bearer an-older-token-of-the-same-monitor" }
  expect((await postLedger(text, { headers })).json()).toMatchObject({ added: 1 })
  expect((await postLedger(text, { signer: "?signer=a+b" })).json()).toMatchObject({
    signer: "a b",
  })
})

test.each([
  ["no token", {}],
  ["another token", bearer(`${TOKEN}x`)],
  ["an empty token", { authorization: "Bearer " }],
  ["another way", { authorization: `Basic ${TOKEN}` }],
])("%s is 401, whatever is posted", async (_, headers) => {
  const { folder, postLedger } = await openLedgers()
  for (const text of [receipt, "nonsense", "x".repeat(9_000_000)]) {
    const reply = await postLedger(text, { headers })
    expect(reply.status).toBe(401)
    expect(reply.headers["www-authenticate"]).toBe("Bearer")
    expect(reply.text()).toMatch(/^unauthorized: expected "Authorization: Bearer TOKEN"/)
  }
  expect(await folder.read("ci")).toBeUndefined()
})

test("a monitor that was given no tokens takes nothing", async () => {
  const { port } = await openMonitorDoor()
  const options = { method: "POST", body: receipt, headers: bearer(TOKEN) }
  const reply = await ask(port, "/ledger?signer=ci", options)
  expect(reply.status).toBe(403)
  expect(reply.text()).toContain("--ledger-token-file")
})

test.each([
  ["no signer", receipt, "", 400, "expected signer=…, found no such parameter"],
  ["two signers", receipt, "?signer=ci&signer=ci", 400, 'expected "signer" once, found it twice'],
  ["another parameter", receipt, "?signer=ci&x=y", 400, 'expected none but signer, found "x"'],
  ["a signer of nobody", receipt, "?signer=cj", 400, "expected a signer of the watch file"],
  ["nothing", "", "?signer=ci", 400, "expected a line of a ledger"],
  ["comments alone", "# a\n\n", "?signer=ci", 400, "expected a line of a ledger"],
  ["a bad line", `${receipt}\n{"x":1}\n`, "?signer=ci", 400, "body, line 2: expected a Sigstore"],
  ["what is no text", Uint8Array.of(0xff, 0xfe), "?signer=ci", 400, "UTF-8"],
  [
    "another entry's leaf hash",
    `{"leafHash":"${"0".repeat(64)}",${receipt.slice(1)}`,
    "?signer=ci",
    400,
    "leafHash",
  ],
  [
    "too many lines",
    Array.from({ length: 10_001 }, (_, i) => digestOf(`${i}`)).join("\n"),
    "?signer=ci",
    413,
    "10000 lines",
  ],
  ["too many bytes", "x".repeat(8 * 1024 * 1024 + 1), "?signer=ci", 413, "bytes"],
])("%s is refused and nothing of it kept", async (_, text, signer, status, words) => {
  const { folder, postLedger } = await openLedgers()
  const reply = await postLedger(text, { signer })
  expect([reply.status, reply.text()]).toEqual([status, expect.stringContaining(words)])
  expect(await folder.read("ci")).toBeUndefined()
})
