import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { formatCheckpoint } from "../../../src/core/note/checkpoint.ts"
import { parseHeadList } from "../../../src/core/note/head-list.ts"
import { formatNote } from "../../../src/core/note/note.ts"
import { parseOrigin } from "../../../src/core/note/origin.ts"
import { asHash } from "../../../src/core/tree/hash.ts"
import { createMonitorMetrics } from "../../../src/http/monitor/metrics.ts"
import { noteSinkPass } from "../../../src/monitor/alerts/alert.ts"
import { keepFinding, storedFindings } from "../../../src/monitor/findings/stored.ts"
import { takeInbox } from "../../../src/monitor/promises/mailbox.ts"
import { keptPromises } from "../../../src/monitor/promises/promise-record.ts"
import { monitorStatus } from "../../../src/monitor/status.ts"
import { findingOf, raise } from "../../monitor/state/durable-documents.ts"
import { testSigner } from "../../signers.ts"
import { ask, submit } from "../client.ts"
import { fill, signedRequest } from "../served-log.ts"
import { pipeline } from "../serving/pipeline.ts"
import { rawRequest } from "../serving/raw-connection.ts"
import { type MonitorDoor, openMonitorDoor, T } from "./door.ts"

const text = { "content-type": "text/plain; charset=utf-8" }

function postHeads({ port }: MonitorDoor, body: string | Uint8Array, headers = text) {
  return ask(port, "/heads", { method: "POST", body, headers })
}

function postReceipt({ port }: MonitorDoor, body: unknown) {
  return ask(port, "/receipts", {
    method: "POST",
    body: typeof body === "string" ? body : JSON.stringify(body),
    headers: { "content-type": "application/json" },
  })
}

function inbox({ mailbox, documents, keys, origin }: MonitorDoor): string[] {
  mailbox.drain(documents, [keys], T)
  return takeInbox(documents, origin).map(({ note }) => note)
}

describe("POST /heads", () => {
  test("keeps heads of the log that the monitor's tree does not have, and answers with the newest", async () => {
    const door = await openMonitorDoor()
    const { log } = door.served
    const notes: string[] = []
    for (let i = 0; i < 3; i++) {
      await fill(log, i + 1)
      notes.push(log.head().checkpoint)
      if (i === 0) door.roots.set(log.head().size, log.head().root)
    }
    await door.see(notes[2] as string)
    const reply = await postHeads(door, notes.slice(0, 2).join(""))
    expect(reply.status).toBe(202)
    expect(reply.text()).toBe(notes[2])
    expect(inbox(door)).toEqual([notes[1]])
  })

  test("keeps a head that contradicts the monitor's tree", async () => {
    const door = await openMonitorDoor()
    const { log } = door.served
    await fill(log, 2)
    door.roots.set(log.head().size, new Uint8Array(32))
    await postHeads(door, log.head().checkpoint)
    expect(inbox(door)).toEqual([log.head().checkpoint])
  })

  test("keeps heads that the log signed under another name, as clients of Rekor v1 get them", async () => {
    const door = await openMonitorDoor()
    const { log, port } = door.served
    await fill(log, 2)
    const answer = await ask(port, "/api/v1/log")
    const { signedTreeHead: note } = answer.json() as { signedTreeHead: string }
    expect(note.split("\n")[0]).toBe(`${log.origin} - ${log.treeId}`)
    door.roots.set(log.head().size, log.head().root)
    expect((await postHeads(door, note)).status).toBe(202)
    expect(inbox(door)).toEqual([note])
    const forged = note.replace("\n2\n", "\n3\n")
    expect((await postHeads(door, forged)).status).toBe(422)
  })

  test("keeps a head that the log's key signed under any name, and none that it did not", async () => {
    const origin = parseOrigin("followed.example")
    const [signer, timed] = [testSigner(origin, 1, 1), testSigner(origin, 4, 2)]
    const vkeys = [signer.vkey, timed.vkey]
    const door = await openMonitorDoor({ logs: [{ origin, vkeys, witnesses: [] }] })
    const head = { origin: "other.example", size: 1, root: new Uint8Array(32) }
    const text = formatCheckpoint(head.origin, { ...head, root: asHash(head.root, "root") })
    const noteBy = (by: typeof signer) =>
      formatNote(text, [by.sign(text, { ...head, root: asHash(head.root, "root") }, 9)])
    expect((await postHeads(door, noteBy(signer))).status).toBe(202)
    const keys = { origin, logKeys: vkeys, witnesses: [] }
    door.mailbox.drain(door.documents, [keys], T)
    expect(takeInbox(door.documents, origin).map(({ note }) => note)).toEqual([noteBy(signer)])
    // A key that signs with a time may stand for another log's head as a witness.
    expect((await postHeads(door, noteBy(timed))).status).toBe(422)
    const changed = noteBy(signer).replace("other", "another")
    expect((await postHeads(door, changed)).status).toBe(422)
  })

  test("throws away lines of unknown keys, and what no followed log signed", async () => {
    const door = await openMonitorDoor()
    const { log } = door.served
    await fill(log, 1)
    const { checkpoint } = log.head()
    const stranger = `— stranger ${Buffer.alloc(2000).toString("base64")}\n`
    const forged = checkpoint.replace("\n1\n", "\n2\n")
    const foreign = checkpoint.replaceAll(log.origin, "other.example")
    const reply = await postHeads(door, forged + foreign + checkpoint + stranger)
    expect(reply.status).toBe(202)
    expect(inbox(door)).toEqual([checkpoint])
    const refused = await postHeads(door, forged + foreign)
    expect(refused.status).toBe(422)
    expect(refused.text()).toMatch(/^untrusted: /)
    expect(inbox(door)).toEqual([])
  })

  test("refuses what is no list of notes, too many or too long", async () => {
    const door = await openMonitorDoor()
    await fill(door.served.log, 1)
    const { checkpoint } = door.served.log.head()
    const cases: [string | Uint8Array, number][] = [
      ["", 400],
      ["hello\n", 400],
      [Uint8Array.of(0xff, 0xfe), 400],
      [checkpoint.repeat(17), 413],
      ["x".repeat(1_048_577), 413],
    ]
    for (const [body, status] of cases) expect((await postHeads(door, body)).status).toBe(status)
    const json = { "content-type": "application/json" }
    expect((await postHeads(door, checkpoint, json)).status).toBe(415)
    expect((await postHeads(door, checkpoint.repeat(16))).status).toBe(202)
    expect(inbox(door)).toEqual([checkpoint])
  })
})

describe("POST /receipts", () => {
  test("keeps a receipt whose proof and head hold, and its head", async () => {
    const door = await openMonitorDoor()
    await fill(door.served.log, 3)
    const { json } = await submit(door.served.port, signedRequest("a"))
    const receipt = json() as { checkpoint: string; index: number }
    expect((await postReceipt(door, receipt)).status).toBe(202)
    expect(inbox(door)).toEqual([receipt.checkpoint])
    expect(keptPromises(door.documents, door.origin)).toMatchObject([{ kind: "receipt", index: 3 }])
    for (const bad of [
      { ...receipt, index: 2 },
      { ...receipt, body: Buffer.from("{}").toString("base64") },
      { ...receipt, checkpoint: receipt.checkpoint.replace("\n4\n", "\n5\n") },
      { ...receipt, checkpoint: receipt.checkpoint.replaceAll(door.origin, "other.example") },
    ]) {
      expect((await postReceipt(door, bad)).status).toBe(422)
    }
    expect(inbox(door)).toEqual([])
  })

  test("keeps a signed entry timestamp that holds under the log's key", async () => {
    const door = await openMonitorDoor()
    await submit(door.served.port, signedRequest("a"))
    const reply = await ask(door.served.port, "/api/v1/log/entries?logIndex=0")
    const answer = reply.json() as Record<string, Record<string, unknown>>
    const [entry] = Object.values(answer) as [Record<string, unknown>]
    // An entry as it came holds a proof as well, but not in the place of a native receipt.
    expect((await postReceipt(door, answer)).status).toBe(202)
    expect((await postReceipt(door, entry)).status).toBe(202)
    // The head of the proof beside it is the log's as well, under its name in Rekor v1.
    const { inclusionProof } = entry["verification"] as { inclusionProof: { checkpoint: string } }
    expect(inbox(door)).toEqual([inclusionProof.checkpoint])
    expect(keptPromises(door.documents, door.origin)).toMatchObject([
      { kind: "timestamp", index: 0 },
    ])
    for (const [change, status] of [
      [{ logIndex: 1 }, 422],
      [{ integratedTime: 1 }, 422],
      [{ logID: "00".repeat(32) }, 422],
      [{ logID: "x" }, 400],
      [{ body: "!" }, 400],
      [{ verification: {} }, 400],
    ] as const) {
      expect((await postReceipt(door, { ...entry, ...change })).status).toBe(status)
    }
    for (const body of ["", "[]", "{}", "null", "{", '{"a":1}']) {
      expect((await postReceipt(door, body)).status).toBe(400)
    }
  })
})

describe("GET", () => {
  test("/evidence lists what is kept, and /evidence/ID gives the file byte for byte", async () => {
    const door = await openMonitorDoor()
    const id = "ab".repeat(32)
    const evidence = { id, kind: "fork", text: "tlog-evidence/v1\nkind fork\nkey ä\n" } as const
    raise(door.documents, findingOf({ grade: "PROVEN", evidence }), T)
    expect((await ask(door.port, "/evidence")).text()).toBe(`${id} fork convicts\n`)
    expect((await ask(door.port, `/evidence/${id}`)).text()).toBe(evidence.text)
    for (const path of ["00".repeat(32), "tally%20log.example", "x", "%2e%2e"]) {
      expect((await ask(door.port, `/evidence/${path}`)).status).toBe(404)
    }
  })

  test("/readyz says when the monitor is blind, /livez does not care", async () => {
    const { port, clock } = await openMonitorDoor()
    const statusOf = async (path: string) => (await ask(port, path)).status
    expect(await statusOf("/readyz")).toBe(200)
    clock.now = T + 180_000
    expect(await statusOf("/readyz")).toBe(200)
    clock.now = T + 180_001
    expect(await statusOf("/readyz")).toBe(503)
    expect(await statusOf("/livez")).toBe(200)
    clock.lastCompleteAt = undefined
    expect(await statusOf("/readyz")).toBe(503)
  })

  test("/ and /status.json tell the same, with hostile text escaped and no secrets", async () => {
    const door = await openMonitorDoor()
    const summary = `<script>alert("x")</script>&'\u202e\u0000`
    raise(door.documents, findingOf({ grade: "PROVEN", origin: "<b>" }), T)
    for (const finding of storedFindings(door.documents)) {
      keepFinding(door.documents, { ...finding, summary })
    }
    raise(door.documents, findingOf({ key: "test", isCanary: true, index: 1 }), T)
    noteSinkPass(
      door.documents,
      "exec-12345678",
      { delivered: 0, failure: "/secret/hook", isBehind: true },
      T,
    )
    const page = await ask(door.port, "/")
    const html = page.text()
    expect(page.headers["content-type"]).toBe("text/html; charset=utf-8")
    expect(page.headers["content-security-policy"]).toContain("default-src 'none'")
    expect(html).toContain("Watching: a log or a witness is convicted")
    expect(html).toContain(
      "&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;&amp;&#39;\\u{202e}\\u{0}",
    )
    expect(html).not.toMatch(/<script|<b>|secret/)
    const status = (await ask(door.port, "/status.json")).json()
    expect(status).toMatchObject({
      isBlind: false,
      worst: 3,
      logs: [{ origin: "log.example", size: 0, backlog: 0 }],
      findings: [{ key: "fork log.example", id: expect.stringMatching(/^[0-9a-f]{16}$/) }],
      sinks: [{ name: "exec-12345678", failures: 1, failingSince: T }],
      undelivered: 2,
    })
    expect(JSON.stringify(status)).not.toContain("secret")
  })

  test("/metrics counts what was examined, expected entries among it", async () => {
    const { documents } = await openMonitorDoor()
    const status = () => monitorStatus({ documents, logs: [], interval: 1, now: T })
    const none = { verified: 0, unverified: 0, unreadablePayloads: 0, unknown: 0, duplicates: 0 }
    const counted = {
      ...none,
      entries: 7,
      revocations: 0,
      opaque: 0,
      pending: 0,
      expected: 5,
      unexpected: 1,
    }
    const counters = () => new Map([["log.example", counted]])
    const text = await createMonitorMetrics(status, { counters }).text()
    for (const [as, count] of [
      ["entries", 7],
      ["expected", 5],
    ] as const) {
      const labels = `{origin="log.example",as="${as}"}`
      expect(text).toContain(`countersign_monitor_examined_entries${labels} ${count}\n`)
    }
  })

  test("/metrics gives the status as numbers", async () => {
    const door = await openMonitorDoor()
    await fill(door.served.log, 3)
    raise(door.documents, findingOf({ grade: "PROVEN" }), T)
    const lines = (await ask(door.port, "/metrics")).text().split("\n")
    for (const line of [
      'countersign_monitor_tree_size{origin="log.example"} 3',
      'countersign_monitor_open_findings{kind="fork",grade="PROVEN"} 1',
      "countersign_monitor_severity 3",
      "countersign_monitor_undelivered_alerts 1",
      `countersign_monitor_complete_round_timestamp_seconds ${T / 1000}`,
    ]) {
      expect(lines).toContain(line)
    }
  })

  test("answers other methods and paths as they deserve", async () => {
    const { port } = await openMonitorDoor()
    const send = (method: string, path: string) => ask(port, path, { method })
    expect(await send("PUT", "/heads")).toMatchObject({ status: 405, headers: { allow: "POST" } })
    expect(await send("GET", "/receipts")).toMatchObject({ status: 405 })
    expect(await send("POST", "/evidence")).toMatchObject({ headers: { allow: "GET, HEAD" } })
    expect(await send("GET", "/nothing")).toMatchObject({ status: 404 })
    expect(await send("GET", "/evidence/%")).toMatchObject({ status: 400 })
    expect(await send("HEAD", "/")).toMatchObject({ status: 200, bytes: Buffer.alloc(0) })
  })
})

test("no request whatever is answered with a status from 500, but for 503", async () => {
  const door = await openMonitorDoor()
  await fill(door.served.log, 2)
  const { checkpoint } = door.served.log.head()
  const { json } = await submit(door.served.port, signedRequest("a"))
  const seeds = [
    checkpoint,
    JSON.stringify(json()),
    "{}",
    "[]",
    "",
    "\n\n— ",
    `${checkpoint}— a b\n`,
  ]
  const mutated = fc
    .tuple(fc.constantFrom(...seeds), fc.nat(400), fc.nat(20), fc.string({ maxLength: 20 }))
    .map(([seed, at, cut, added]) => seed.slice(0, at) + added + seed.slice(at + cut))
  const request = fc
    .record({
      method: fc.constantFrom("GET", "POST", "PUT", "HEAD", "OPTIONS", "DELETE"),
      path: fc.oneof(
        fc.constantFrom("/", "/heads", "/receipts", "/evidence", "/evidence/x", "/status.json"),
        fc.stringMatching(/^\/[!-~]{0,20}$/),
      ),
      type: fc.constantFrom("text/plain", "application/json", "x"),
      body: fc.oneof(mutated, fc.string({ unit: "binary", maxLength: 60 })),
    })
    .map(({ method, path, type, body }) =>
      rawRequest(
        method === "HEAD" ? "GET" : method,
        path.replaceAll(/[#?]/g, ""),
        `content-type: ${type}\r\n`,
        method === "GET" || method === "HEAD" ? "" : Buffer.from(body).toString("latin1"),
      ),
    )
  await fc.assert(
    fc.asyncProperty(fc.array(request, { minLength: 20, maxLength: 20 }), async (requests) => {
      for (const { status } of await pipeline(door.port, requests)) {
        expect(status < 500 || status === 503).toBe(true)
      }
    }),
    { numRuns: 25 },
  )
  expect(parseHeadList(inbox(door).join(""), 9).every(({ text }) => text === checkpoint)).toBe(true)
})
