import { describe, expect, test } from "vitest"
import { utf8 } from "../../../src/core/base/bytes.ts"
import { makeSigner } from "../../entry/signers.ts"
import { keyOf } from "../../evidence/made-cases.ts"
import { attestationOf, digestOf } from "../entries/watched-entries.ts"
import { MINUTE, START, signedBody, type Travelled, travel } from "../travelled-log.ts"

const owner = makeSigner("ecdsa-p256")
const stranger = makeSigner("ecdsa-p256")
const watch = ["subject app", `  digest ${digestOf("app")}`, `  signer key ${keyOf(owner)}`]

async function withEntries(): Promise<Travelled> {
  const travelled = await travel(watch)
  for (const artifact of ["app", "other", "app"]) {
    travelled.add(signedBody(owner, utf8(artifact)))
  }
  return travelled
}

describe("the log's own search", () => {
  test("that has all that the tree has is no finding", async () => {
    const travelled = await withEntries()
    travelled.beside.search = ({ by }) => (by === "digest" ? [2, 0] : [2, 1, 0])
    await travelled.round(START)
    expect(travelled.findings()).toEqual([])
    expect(travelled.status(START).logs[0]?.search).toMatchObject({ answered: 2, of: 2 })
  })

  test("that leaves an entry out is found, and the finding is closed once it is there", async () => {
    const travelled = await withEntries()
    travelled.beside.search = ({ by }) => (by === "digest" ? [2] : [2, 1, 0])
    await travelled.round(START)
    expect(travelled.findings()).toEqual([`ATTESTED search-omission digest ${digestOf("app")}`])
    expect(travelled.open()[0]?.summary).toContain("says that it is complete: 0.")
    travelled.beside.search = ({ by }) => (by === "digest" ? [2, 0] : [1, 0])
    await travelled.round(START + MINUTE)
    expect(travelled.findings()).toEqual([`ATTESTED search-omission key ${keyOf(owner)}`])
  })

  test("may leave out what does not fit into its page", async () => {
    const travelled = await withEntries()
    travelled.beside.search = ({ by }) => (by === "digest" ? [2] : [2, 1])
    travelled.beside.searchedFrom = 1
    await travelled.round(START)
    expect(travelled.findings()).toEqual([])
  })

  test("is asked a second time before it is accused", async () => {
    const travelled = await withEntries()
    let asked = 0
    travelled.beside.search = ({ by }) => {
      if (by === "key") return [2, 1, 0]
      asked += 1
      return asked === 1 ? [2] : [2, 0]
    }
    await travelled.round(START)
    expect(travelled.findings()).toEqual([])
  })

  test("that knows what an entry is about which nobody else can read has it told", async () => {
    const travelled = await withEntries()
    const subject = [{ name: "x", digest: { sha256: digestOf("app").slice(7) } }]
    const payload = utf8(JSON.stringify({ _type: "t", subject, predicateType: "p" }))
    travelled.add(attestationOf([stranger], payload).body)
    travelled.add(attestationOf([owner], payload).body)
    travelled.beside.search = ({ by }) => (by === "digest" ? [4, 3, 2, 0] : [4, 2, 1, 0])
    await travelled.round(START)
    await travelled.round(START + MINUTE)
    expect(travelled.findings()).toEqual([`ATTESTED unclassifiable 3 search ${digestOf("app")}`])
    travelled.beside.envelopes.set(3, attestationOf([stranger], payload).envelope)
  })

  test("that does not answer is no finding", async () => {
    const travelled = await withEntries()
    await travelled.round(START)
    expect(travelled.findings()).toEqual([])
    expect(travelled.status(START).logs[0]?.search).toMatchObject({ answered: 0, of: 2 })
  })
})
