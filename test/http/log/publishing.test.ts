// The doors of a log that publishes with witnesses: what they give before, without and with the quorum.
import { afterEach, describe, expect, test } from "vitest"
import { readReceipt } from "../../../src/client/log-answer.ts"
import { verifyReceipt } from "../../../src/client/receipt.ts"
import { openTrusted, type Trust } from "../../../src/client/trust.ts"
import { verifyBundle } from "../../../src/client/verify/verify.ts"
import { parseNote, parseVkey } from "../../../src/core/note/note.ts"
import { parseTlogProof } from "../../../src/core/note/tlog-proof.ts"
import { portableHasher } from "../../../src/core/tree/hash.ts"
import { verifyInclusion } from "../../../src/core/tree/proof.ts"
import { createMetrics } from "../../../src/http/log/metrics.ts"
import { defaultBodyBudgets } from "../../../src/http/serving/config.ts"
import type { Log } from "../../../src/log/ports/log.ts"
import { type Publisher, publishAtOnce } from "../../../src/log/ports/publishing.ts"
import { openPublisher } from "../../../src/log/publishing/publisher.ts"
import { type FakeClock, fakeClock, settle } from "../../log/fake-clock.ts"
import {
  type FakeWitness,
  fakeStore,
  fakeWitness,
  holds,
  policyOver,
} from "../../log/publishing/fake-witnesses.ts"
import { ask, askUnchecked, submit } from "../client.ts"
import { document, mismatch } from "../door/contract-check.ts"
import { post, V2, verifyV2 } from "../rekor-client.ts"
import { hashedrekordV2 } from "../rekor-v1/submissions.ts"
import {
  fill,
  openServedLog,
  publicKey,
  type ServedLog,
  type ServedLogOptions,
  signedRequest,
} from "../served-log.ts"

interface Witnessed extends ServedLog {
  readonly witnesses: readonly FakeWitness[]
  readonly clock: FakeClock
  readonly publisher: Publisher
  readonly trust: Trust
}

const opened: ServedLog[] = []
afterEach(async () => {
  for (const served of opened.splice(0)) await served.close()
})

/** A log with three witnesses of which two must cosign; by default nobody has cosigned yet. */
async function witnessedLog(
  mode: FakeWitness["mode"] = "honest",
  options: ServedLogOptions = {},
): Promise<Witnessed> {
  const witnesses = [fakeWitness("a", 2), fakeWitness("b", 3), fakeWitness("c", 4)]
  for (const witness of witnesses) witness.mode = mode
  const policy = policyOver(witnesses, "group G 2 a b c\nquorum G")
  const clock = fakeClock()
  let publisher: Publisher | undefined
  const served = await openServedLog({
    ...options,
    async publisher(log: Log) {
      publisher = await openPublisher({
        log,
        policy,
        witnesses: witnesses.map(({ port }) => port),
        store: fakeStore(),
        holds,
        clock,
        onEvent: () => {},
        onContradiction: () => {},
      })
      await settle()
      return publisher
    },
  })
  opened.push(served)
  const logs = served.log.vkeys.map((vkey) => ({ vkey: parseVkey(vkey) }))
  if (publisher === undefined) throw new Error("the publisher was not opened")
  return { ...served, witnesses, clock, publisher, trust: { policy: { ...policy, logs } } }
}

/** A log of five entries of which three are under the published checkpoint. */
async function threeOfFive(): Promise<Witnessed> {
  const served = await witnessedLog()
  for (const artifact of ["0", "1", "2"]) await submit(served.port, signedRequest(artifact))
  await served.clock.pass(1_000)
  for (const witness of served.witnesses) witness.mode = "down"
  for (const artifact of ["3", "4"]) await submit(served.port, signedRequest(artifact))
  await served.clock.pass(1_000)
  expect([served.publisher.published()?.size, served.log.head().size]).toEqual([3, 5])
  return served
}

describe("a log that was never witnessed", () => {
  test("takes entries, publishes no checkpoint, and says so at every probe", async () => {
    const { port, log, clock } = await witnessedLog("down")
    await clock.pass(1_000)
    const checkpoint = await ask(port, "/checkpoint")
    const reason = "the quorum G is not reached (a: unreachable, b: unreachable, c: unreachable)"
    expect([checkpoint.status, checkpoint.text()]).toEqual([503, `try-later: ${reason}\n`])
    expect((await submit(port, signedRequest("a"))).status).toBe(201)
    const ready = await ask(port, "/readyz")
    expect(ready.status).toBe(200)
    expect(ready.text()).toBe(`ok, but new checkpoints are not published: ${reason}\n`)
    const health = (await ask(port, "/healthz")).json()
    expect(health).toMatchObject({
      accepting: true,
      size: 1,
      publishing: { newest: 1, quorum: false, reason, since: "2023-11-14T22:13:20.000Z" },
    })
    expect(health).not.toHaveProperty("publishing.size")
    const proof = (await ask(port, "/v1/entries/0/proof")).json()
    expect(proof).toMatchObject({ checkpoint: log.head().checkpoint })
  })
})

describe("a log whose witnesses are behind", () => {
  test("GET /checkpoint stays at the published one, with its cosignatures", async () => {
    const { port, trust } = await threeOfFive()
    const { size, cosignatures } = openTrusted((await ask(port, "/checkpoint")).text(), trust)
    expect([size, cosignatures.length]).toEqual([3, 3])
    const checkpoint = (await ask(port, "/checkpoint")).text()
    expect((await askUnchecked(port, "/api/v2/checkpoint")).text()).toBe(checkpoint)
  })

  test("bundles verify under the policy where they are published, and say so where not", async () => {
    const { port, trust } = await threeOfFive()
    const key = Buffer.from(publicKey, "base64")
    const bundleOf = async (index: number) =>
      (await ask(port, `/v1/entries/${index}/bundle`)).text()
    const verified = verifyBundle({
      bundle: await bundleOf(2),
      artifact: { sha256: portableDigest("2") },
      key,
      trust,
    })
    expect(verified).toMatchObject({ index: 2, size: 3 })
    expect(verified.cosignatures).toHaveLength(3)
    const young = await bundleOf(3)
    const artifact = { sha256: portableDigest("3") }
    expect(() => verifyBundle({ bundle: young, artifact, key, trust })).toThrow("quorum G")
  })

  test("proofs lead to the published head where it covers the entry, else to the newest", async () => {
    const { port, log, publisher } = await threeOfFive()
    const published = publisher.published()?.checkpoint
    for (const [path, size, checkpoint] of [
      ["/v1/entries/1/proof", 3, published],
      ["/v1/entries/1/proof?size=3", 3, published],
      ["/v1/entries/1/proof?size=4", 4, undefined],
      ["/v1/entries/1/proof?size=5", 5, log.head().checkpoint],
      ["/v1/entries/4/proof", 5, log.head().checkpoint],
      ["/v1/proofs/inclusion?index=2", 3, published],
    ] as const) {
      const answer = (await ask(port, path)).json() as {
        readonly checkpoint?: string
        readonly inclusionProof: { readonly size: number }
      }
      expect([path, answer.inclusionProof.size, answer.checkpoint]).toEqual([
        path,
        size,
        checkpoint,
      ])
    }
    const consistency = (await ask(port, "/v1/proofs/consistency?from=1&to=3")).json()
    expect(consistency).toMatchObject({ checkpoint: published })
  })

  test("a tlog-proof carries the cosignatures and holds under the published head", async () => {
    const { port, log, trust } = await threeOfFive()
    const proof = parseTlogProof((await ask(port, "/v1/entries/0/tlog-proof")).text())
    const head = openTrusted(proof.checkpoint, trust)
    const { body } = await log.entry(0)
    verifyInclusion(portableHasher.leaf(body), 0, head, proof.path)
    expect(head.cosignatures).toHaveLength(3)
  })

  test("tiles and the tree head are those of the newest tree", async () => {
    const { port, log } = await threeOfFive()
    expect((await ask(port, "/tile/0/000.p/5")).status).toBe(200)
    const head = (await ask(port, "/v1/tree-head")).json()
    expect(head).toMatchObject({ size: 5, checkpoint: log.head().checkpoint })
  })

  test("the metrics count by witness", async () => {
    const { log, publisher } = await threeOfFive()
    const lines = (await createMetrics(log, { publisher }).text()).split("\n")
    for (const line of [
      "countersign_published_size 3",
      "countersign_quorum_reached 0",
      'countersign_witness_size{witness="a"} 3',
      'countersign_witness_failing{witness="b"} 1',
      'countersign_witness_cosignatures_total{witness="c"} 2',
      'countersign_witness_failures_total{witness="c"} 1',
      'countersign_witness_last_cosignature_seconds{witness="a"} 1700000001',
    ]) {
      expect(lines).toContain(line)
    }
  })

  test("Rekor v1 gives the newest head under its one line", async () => {
    const { port } = await threeOfFive()
    const log = (await askUnchecked(port, "/api/v1/log")).json()
    expect(log).toMatchObject({ treeSize: 5 })
    const answer = await post(port, "/api/v1/log/entries/retrieve", { logIndexes: [0] })
    const [entry] = answer.json() as readonly Record<string, VerifiedV1>[]
    const { verification } = Object.values(entry ?? {})[0] as VerifiedV1
    expect(verification.inclusionProof.treeSize).toBe(5)
    expect(parseNote(verification.inclusionProof.checkpoint).signatures).toHaveLength(1)
  })
})

interface VerifiedV1 {
  readonly verification: {
    readonly inclusionProof: { readonly treeSize: number; readonly checkpoint: string }
  }
}

function portableDigest(artifact: string): Uint8Array {
  return Buffer.from(signedRequest(artifact).digest.slice("sha256:".length), "hex")
}

/** Submits to any path of the native API; the answer must be as described. */
function submitTo(port: number, path: string, body: string, type = "application/json") {
  return ask(port, path, { method: "POST", headers: { "content-type": type }, body })
}

describe("a submission that waits for witnesses", () => {
  const waiting = "/v1/entries?witnessed=true"

  test("is answered with a receipt that holds under the policy", async () => {
    const { port, trust } = await witnessedLog()
    const request = signedRequest("waits")
    const answer = await submitTo(port, waiting, JSON.stringify(request))
    expect(answer.status).toBe(201)
    const receipt = readReceipt(answer.json())
    expect(receipt.witnessed).toBe(true)
    expect(verifyReceipt(request, receipt, trust)).toMatchObject({ index: 0, size: 1 })
    const again = await submitTo(port, waiting, JSON.stringify(request))
    expect([again.status, readReceipt(again.json()).witnessed]).toEqual([200, true])
  })

  test("is answered after its time with an unwitnessed receipt, and the entry is there", async () => {
    const served = await witnessedLog("down")
    const { port, log, clock } = served
    const request = JSON.stringify(signedRequest("waits"))
    let isAnswered = false
    const asked = submitTo(port, waiting, request).finally(() => {
      isAnswered = true
    })
    while (log.head().size === 0) await settle()
    while (!isAnswered) await clock.pass(1_000)
    const answer = await asked
    expect([answer.status, readReceipt(answer.json()).witnessed]).toEqual([201, false])
    expect(clock.now()).toBeGreaterThanOrEqual(1_700_000_010_000)
    expect((await ask(port, "/v1/entries/0")).status).toBe(200)
  })

  test("takes a batch along, whose lines share a round", async () => {
    const { port, witnesses, trust } = await witnessedLog()
    const requests = ["x", "y", "z"].map(signedRequest)
    const lines = requests.map((request) => `${JSON.stringify(request)}\n`).join("")
    const path = "/v1/entries/batch?witnessed=true"
    const answer = await submitTo(port, path, lines, "application/x-ndjson")
    const receipts = answer
      .text()
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line))
    for (const [i, line] of receipts.entries()) {
      expect(mismatch(document.components.schemas.BatchLine, line)).toBeUndefined()
      const request = requests[i]
      if (request === undefined) throw new Error("the answer has more lines than the batch")
      expect(verifyReceipt(request, readReceipt(line), trust).size).toBe(3)
    }
    expect(witnesses[0]?.asked).toBe(2)
  })

  test.each([
    ["batch", "/v1/entries/batch?witnessed=true", "application/x-ndjson"],
    ["submission", waiting, "application/json"],
  ])("does not hold the bytes of a %s against others", async (_what, path, type) => {
    const request = JSON.stringify(signedRequest("waits"))
    const budget = 1.5 * request.length
    const bodyBudgets = { ...defaultBodyBudgets, submission: budget, batch: budget }
    const config = { bodyBudgets }
    const { port, log, publisher } = await witnessedLog("down", { config })
    const asked = submitTo(port, path, request, type)
    while (log.head().size === 0) await settle()
    expect((await submit(port, signedRequest("other"))).status).toBe(201)
    publisher.close()
    expect((await asked).text()).toContain('"witnessed":false')
  })

  test("is what every submission does where the operator says so, but one that says no", async () => {
    const config = { waitForWitnesses: true }
    const { port, trust, log } = await witnessedLog("honest", { config })
    const answer = await submit(port, signedRequest("a"))
    expect(readReceipt(answer.json()).witnessed).toBe(true)
    const other = JSON.stringify(signedRequest("b"))
    const unwitnessed = await submitTo(port, "/v1/entries?witnessed=false", other)
    expect(unwitnessed.json()).not.toHaveProperty("witnessed")
    const v2 = await post(port, V2, hashedrekordV2("c"))
    verifyV2(log, v2.json())
    const { inclusionProof } = v2.json() as {
      readonly inclusionProof: { readonly checkpoint: { readonly envelope: string } }
    }
    expect(openTrusted(inclusionProof.checkpoint.envelope, trust).cosignatures).toHaveLength(3)
  })

  test("is told at once that a log without witnesses has none", async () => {
    const served = await openServedLog()
    opened.push(served)
    const answer = await submitTo(served.port, waiting, JSON.stringify(signedRequest("a")))
    expect([answer.status, readReceipt(answer.json()).witnessed]).toEqual([201, false])
    expect((await ask(served.port, "/healthz")).json()).not.toHaveProperty("publishing")
    const wrong = await ask(served.port, "/v1/entries?witnessed=yes", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: "{}",
    })
    expect(wrong.status).toBe(400)
  })
})

test("the metrics of a log without witnesses have none of theirs", async () => {
  const served = await openServedLog()
  opened.push(served)
  await fill(served.log, 1)
  const publisher = publishAtOnce(served.log)
  const text = await createMetrics(served.log, { publisher }).text()
  expect(text).toContain("countersign_tree_size 1\n")
  expect(text).not.toMatch(/witness|published|quorum/)
})
