// Writers at a monitor: ledgers by tokens of both kinds, and doors that are closed to strangers.
import { expect, test } from "vitest"
import { isToken } from "../../../src/http/monitor/ledger.ts"
import { openLedgerFolder } from "../../../src/storage/files/ledger-folder.ts"
import { digestOf } from "../../monitor/entries/watched-entries.ts"
import { newFolder } from "../../storage/folder.ts"
import { askUnchecked } from "../client.ts"
import { openMonitorDoor } from "../monitor/door.ts"
import { accessWith, basic, bearer, makeToken } from "./writers.ts"

const pipeline = makeToken(1, { name: "pipeline", scopes: new Set(["ledger"]) })
const submitter = makeToken(2, { name: "submitter" })
const OLDER = "a-token-of-more-than-twenty-characters"

async function open(tokens: readonly string[]) {
  const access = accessWith({
    ...{ anonymous: ["read", "heads"], tokens: [pipeline.stored, submitter.stored] },
    secrets: (text) =>
      isToken(text, tokens) ? { id: "token:older", scopes: new Set(["ledger"]) } : undefined,
  })
  const folder = openLedgerFolder(newFolder())
  const ledgers = { tokens, signers: () => new Set(["ci"]), append: folder.append }
  const { port } = await openMonitorDoor({ ledgers, access: () => access })
  return async (headers: Record<string, string>, prefix = "") => {
    const { status } = await askUnchecked(port, `${prefix}/ledger?signer=ci`, {
      ...{ method: "POST", body: `${digestOf("x")}\n` },
      headers: { "content-type": "text/plain", ...headers },
    })
    return status
  }
}

test("a token of the scope posts, in every form, and so does one of the older kind", async () => {
  const post = await open([OLDER])
  expect(await post(bearer(pipeline.text))).toBe(200)
  expect(await post(basic(pipeline.text))).toBe(200)
  expect(await post({}, `/w/${pipeline.text}`)).toBe(200)
  expect(await post(bearer(OLDER))).toBe(200)
})

test("a token of another scope, another word and nothing do not", async () => {
  for (const tokens of [[OLDER], []]) {
    const post = await open(tokens)
    expect(await post(bearer(submitter.text))).toBe(403)
    expect(await post(bearer("another-token-of-twenty-characters"))).toBe(401)
    expect(await post({})).toBe(401)
    expect(await post(bearer(pipeline.text))).toBe(200)
  }
})
