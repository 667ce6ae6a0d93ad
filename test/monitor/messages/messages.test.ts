import { describe, expect, test } from "vitest"
import { utf8 } from "../../../src/core/base/bytes.ts"
import { dssePae } from "../../../src/entry/dsse.ts"
import { collection } from "../../../src/monitor/state/collection.ts"
import { hash } from "../../../src/monitor/state/schema.ts"
import { makeSigner } from "../../entry/signers.ts"
import { keyOf } from "../../evidence/made-cases.ts"
import { attestationOf, digestOf } from "../entries/watched-entries.ts"
import {
  MINUTE,
  START,
  signedBody,
  statementAbout,
  type Travelled,
  travel,
} from "../travelled-log.ts"

const owner = makeSigner("ecdsa-p256")
const stranger = makeSigner("ecdsa-p256")
const IN_TOTO = "application/vnd.in-toto+json"

const watch = ["subject app", `  digest ${digestOf("app")}`, `  signer key ${keyOf(owner)}`]
const message = dssePae(IN_TOTO, statementAbout("app"))

/** As cosign 3 logs an image on API v2: a signature over the hash of an envelope that the log never sees. */
async function withOpaqueThefts(count = 1): Promise<Travelled> {
  const travelled = await travel(watch)
  for (let i = 0; i < 300; i++) travelled.add(signedBody(owner, utf8(`artifact ${i}`)))
  for (let i = 0; i < count; i++) travelled.add(signedBody(stranger, message))
  return travelled
}

describe("a message", () => {
  test("in the spool folder makes every entry with its digest understood", async () => {
    const travelled = await withOpaqueThefts(3)
    await travelled.round(START)
    expect(travelled.findings()).toEqual([])
    expect(travelled.status(START).logs[0]?.entries.opaque).toMatchObject({
      strangers: 3,
      listed: 300,
    })
    await travelled.messages.spool(message)
    await travelled.round(START + MINUTE)
    expect(travelled.findings()).toEqual([
      "PROVEN unknown-signer 300 app",
      "PROVEN unknown-signer 301 app",
      "PROVEN unknown-signer 302 app",
    ])
    expect(travelled.status(START).logs[0]?.entries.opaque.strangers).toBe(0)
    expect(travelled.status(START).messages).toMatchObject({ count: 1, waiting: 0 })
  })

  test("that is kept is used for entries that come later, at once", async () => {
    const travelled = await withOpaqueThefts()
    await travelled.messages.spool(message)
    await travelled.round(START)
    await travelled.restart()
    travelled.add(signedBody(stranger, message))
    await travelled.round(START + MINUTE)
    expect(travelled.findings()).toHaveLength(2)
  })

  test("that fits no entry waits, and is used once one comes", async () => {
    const travelled = await travel(watch)
    travelled.add(signedBody(owner, utf8("artifact")))
    await travelled.messages.spool(message)
    await travelled.messages.spool(utf8("an artifact that nobody has signed"))
    await travelled.round(START)
    expect(travelled.status(START).messages).toMatchObject({ count: 0, waiting: 2 })
    travelled.add(signedBody(stranger, message))
    await travelled.round(START + MINUTE)
    expect(travelled.findings()).toEqual(["PROVEN unknown-signer 1 app"])
    expect(travelled.status(START).messages).toMatchObject({ count: 1, waiting: 1 })
  })

  test("of an envelope that the log does not keep is taken if its signature holds", async () => {
    const travelled = await travel(watch)
    const { body } = attestationOf([stranger], statementAbout("app"))
    travelled.add(body)
    await travelled.round(START)
    await travelled.messages.spool(dssePae("application/x", statementAbout("app")))
    await travelled.round(START + MINUTE)
    expect(travelled.findings()).toEqual([])
    await travelled.messages.spool(message)
    await travelled.round(START + 2 * MINUTE)
    expect(travelled.findings()).toEqual(["PROVEN unknown-signer 0 app"])
  })

  test("is found for a theft behind any number of entries that sign the same under another type", async () => {
    const travelled = await travel(watch)
    const decoy = () => attestationOf([makeSigner("ecdsa-p256")], statementAbout("app"), "text/x")
    for (let i = 0; i < 40; i++) travelled.add(decoy().body)
    travelled.add(attestationOf([stranger], statementAbout("app")).body)
    await travelled.messages.spool(message)
    for (let i = 0; i < 4; i++) await travelled.round(START + i * MINUTE)
    expect(travelled.findings()).toContain("PROVEN unknown-signer 40 app")
  })

  test("of the log's list for which there is no room is asked for again once there is", async () => {
    const travelled = await withOpaqueThefts()
    travelled.beside.messages.push({ listed: { sequence: 5, index: 300 }, bytes: message })
    const { keep } = travelled.messages
    travelled.messages.keep = async () => false
    await travelled.round(START)
    expect(travelled.findings()).toEqual([])
    travelled.messages.keep = keep
    await travelled.round(START + MINUTE)
    expect(travelled.findings()).toEqual(["PROVEN unknown-signer 300 app"])
  })

  test("that others attached at the log is taken from its list, once", async () => {
    const travelled = await withOpaqueThefts()
    const listed = { sequence: 5, index: 300 }
    travelled.beside.messages.push({ listed, bytes: message })
    await travelled.round(START)
    expect(travelled.findings()).toEqual(["PROVEN unknown-signer 300 app"])
    travelled.beside.messages.length = 0
    await travelled.restart()
    await travelled.round(START + 2 * MINUTE)
    expect(travelled.findings()).toHaveLength(1)
  })

  test("that the log lists and that is not the entry's is not believed", async () => {
    const travelled = await withOpaqueThefts()
    const other = dssePae(IN_TOTO, statementAbout("other"))
    const listed = { sequence: 1, index: 300 }
    travelled.beside.messages.push({ listed, bytes: other })
    for (let i = 0; i < 3; i++) await travelled.round(START + i * MINUTE)
    expect(travelled.status(START).messages).toMatchObject({ count: 0 })
  })

  test("finds entries that were read before digests were kept, once they are judged again", async () => {
    const travelled = await withOpaqueThefts()
    await travelled.round(START)
    // As an earlier version has left it.
    const { store } = travelled
    const tagDigests = collection("tags", hash)
    await travelled.state.change((documents) => {
      for (const [key] of documents.list(tagDigests)) documents.remove(tagDigests, key)
    })
    const commit = { documents: [], leaves: [], statement: (await store.statement()) ?? "" }
    const origin = travelled.log.vkey.name as never
    const blocks = [0, 1].map((block) => ({ origin, block, tags: new Uint8Array(2_048) }))
    await store.commit({ ...commit, tags: blocks })
    await travelled.messages.spool(message)
    await travelled.round(START + MINUTE)
    expect(travelled.findings()).toEqual([])
    await travelled.monitor.rescan(0, START + 2 * MINUTE)
    await travelled.round(START + 2 * MINUTE)
    await travelled.restart()
    await travelled.round(START + 3 * MINUTE)
    expect(travelled.findings()).toEqual(["PROVEN unknown-signer 300 app"])
  })
})
