import { createHash, generateKeyPairSync, type KeyObject, sign } from "node:crypto"
import { describe, expect, test } from "vitest"
import { Trouble } from "../../src/core/base/errors.ts"
import { encodeBundle } from "../../src/core/tree/bundle.ts"
import { createEntryCheck } from "../../src/crypto/engines/entry-check.ts"
import { createNoteVerification } from "../../src/crypto/engines/note-verification.ts"
import { createStateSigner, newStateKey } from "../../src/crypto/signers/state-signer.ts"
import { proposeHashedrekord } from "../../src/entry/kinds/hashedrekord-v002.ts"
import { verifyEvidence } from "../../src/evidence/verification.ts"
import type { Alert } from "../../src/monitor/alerts/alert.ts"
import { evidenceText } from "../../src/monitor/findings/evidence.ts"
import { openFindings } from "../../src/monitor/findings/stored.ts"
import { gaps } from "../../src/monitor/follow/fault-memory.ts"
import { createMonitor, type Monitor, type MonitoredLog } from "../../src/monitor/monitor.ts"
import { createMailbox } from "../../src/monitor/promises/mailbox.ts"
import { createState, openState } from "../../src/monitor/state/state.ts"
import { parseWatch } from "../../src/monitor/watch/watch.ts"
import { createMemoryMessageStore } from "../storage/memory/message-store.ts"
import { createMemoryMonitorStore } from "../storage/memory/monitor-store.ts"
import { hasher, type MadeLog, makeLog, origin } from "./made-log.ts"

const signer = createStateSigner(newStateKey())
const entryCheck = createEntryCheck()
const START = 1_700_000_000_000
const MINUTE = 60_000

interface Watched {
  readonly monitor: Monitor
  readonly alerts: Alert[]
  /** `GRADE kind`, in the order of the keys. */
  findings(): string[]
  reopen(logs?: Partial<MonitoredLog>): Promise<Watched>
}

const plainWatch = "countersign-watch/v1\nduplicates violation\n"

async function watchOver(
  log: MadeLog,
  {
    store = createMemoryMonitorStore(),
    watch = plainWatch,
    shipped = "",
    beginTurn,
    isStopping,
    ...changes
  }: Partial<MonitoredLog> & {
    readonly shipped?: string
    readonly store?: ReturnType<typeof createMemoryMonitorStore>
    readonly watch?: string
    readonly beginTurn?: () => () => boolean
    readonly isStopping?: () => boolean
  } = {},
): Promise<Watched> {
  const options = { store, signer, hasher }
  const isNew = (await store.statement()) === undefined
  const state = isNew ? await createState(options, () => {}) : await openState(options)
  const alerts: Alert[] = []
  const followed: MonitoredLog = {
    origin,
    vkeys: [log.vkey],
    witnesses: [],
    threshold: 0,
    source: log.source,
    mirrors: [],
    witnessHeads: [],
    ...changes,
  }
  const parsed = await parseWatch(watch, () => Promise.resolve(shipped))
  const monitor = createMonitor({
    state,
    logs: [followed],
    watch: () => Promise.resolve({ watch: parsed, digest: watch }),
    messages: createMemoryMessageStore(),
    verify: entryCheck.verify,
    holds: createNoteVerification(),
    sinks: [
      {
        name: "test",
        deliver(alert) {
          alerts.push(alert)
          return Promise.resolve()
        },
      },
    ],
    mailbox: createMailbox(),
    hasher,
    pause: () => Promise.resolve(),
    ...(beginTurn && { beginTurn }),
    ...(isStopping && { isStopping }),
  })
  return {
    monitor,
    alerts,
    findings: () => openFindings(monitor.documents).map(({ grade, key }) => `${grade} ${key}`),
    reopen: (again = {}) => watchOver(log, { store, watch, shipped, ...changes, ...again }),
  }
}

const ownKey = generateKeyPairSync("ec", { namedCurve: "P-256" })

function entryBody(
  artifact: string,
  key: { publicKey: KeyObject; privateKey: KeyObject } = ownKey,
) {
  const request = {
    kind: "hashedrekord" as const,
    digest: `sha256:${createHash("sha256").update(artifact).digest("hex")}`,
    signature: sign("sha256", Buffer.from(artifact), key.privateKey).toString("base64"),
    publicKey: key.publicKey.export({ type: "spki", format: "der" }).toString("base64"),
  }
  return proposeHashedrekord(request).body([0])
}

function honestLog(count: number): MadeLog {
  const log = makeLog()
  for (let i = 0; i < count; i++) log.bodies.push(entryBody(`artifact ${i}`))
  return log
}

function evidenceOf(watched: Watched, key: string): string {
  const finding = openFindings(watched.monitor.documents).find((found) => found.key === key)
  return evidenceText(watched.monitor.documents, finding?.evidenceId ?? "") ?? ""
}

describe("createMonitor()", () => {
  test("follows an honest log over many rounds and restarts without a finding", async () => {
    const log = honestLog(3)
    let watched = await watchOver(log)
    for (let round = 0; round < 6; round++) {
      const report = await watched.monitor.round(START + round * MINUTE)
      const size = log.bodies.length
      expect(report.logs).toEqual([
        {
          ...{ origin, size, newest: size, isStateNewer: false, isCut: false },
          ...{ judged: size, isDue: false },
        },
      ])
      expect(watched.findings()).toEqual([])
      log.bodies.push(entryBody(`more ${round}`))
      if (round % 2 === 0) watched = await watched.reopen()
    }
    expect(watched.alerts).toEqual([])
  })

  test("an entry with a bad signature is proven, in the commit that reads it", async () => {
    const log = honestLog(5)
    const bad = JSON.parse(new TextDecoder().decode(entryBody("x"))) as object
    const text = JSON.stringify(bad).replace(/"digest":"[^"]{8}/, '"digest":"AAAAAAAA')
    log.bodies.push(new TextEncoder().encode(text))
    const watched = await watchOver(log)
    await watched.monitor.round(START)
    expect(watched.findings()).toEqual([`PROVEN bad-signature ${origin} 5`])
    const verified = verifyEvidence(evidenceOf(watched, `bad-signature ${origin} 5`), log.vkey)
    expect(verified).toMatchObject({ kind: "bad-entry", origin })
    expect(watched.alerts.map(({ kind }) => kind)).toEqual(["bad-signature"])
  })

  test("an entry that cannot be parsed is a finding and does not stop the rest", async () => {
    const log = honestLog(2)
    log.bodies.push(Uint8Array.of(0xff, 0, 1))
    log.bodies.push(entryBody("after"))
    const watched = await watchOver(log)
    const { logs } = await watched.monitor.round(START)
    expect(logs[0]?.size).toBe(4)
    expect(watched.findings()).toEqual([`PROVEN unclassifiable ${origin} 2`])
  })

  test("a duplicate is proven with both places, also across rounds and restarts", async () => {
    const log = honestLog(300)
    const watched = await watchOver(log)
    await watched.monitor.round(START)
    log.bodies.push(log.bodies[7] as Uint8Array)
    const again = await watched.reopen()
    await again.monitor.round(START + MINUTE)
    expect(again.findings()).toEqual([`PROVEN duplicate-entry ${origin} 300`])
    const text = evidenceOf(again, `duplicate-entry ${origin} 300`)
    expect(verifyEvidence(text, log.vkey).kind).toBe("duplicate-entry")
  })

  test("a forked log is proven to have forked, whether it shows the larger or the smaller tree", async () => {
    const key = generateKeyPairSync("ed25519").privateKey
    const [log, other] = [makeLog(key), makeLog(key)]
    for (let i = 0; i < 300; i++) {
      log.bodies.push(entryBody(`artifact ${i}`))
      other.bodies.push(i === 9 ? entryBody("swapped") : (log.bodies[i] as Uint8Array))
    }
    for (const size of [290, 300, 310]) {
      const watched = await watchOver(log)
      await watched.monitor.round(START)
      while (other.bodies.length < size) other.bodies.push(entryBody(`o ${other.bodies.length}`))
      const shown = makeLog(key)
      shown.bodies.push(...other.bodies.slice(0, size))
      const forked = await watched.reopen({ source: shown.source })
      await forked.monitor.round(START + MINUTE)
      expect(forked.findings()).toContain(`PROVEN fork ${origin}`)
      const text = evidenceOf(forked, `fork ${origin}`)
      expect(verifyEvidence(text, log.vkey)).toMatchObject({ kind: "fork", freezes: true })
      expect((await forked.monitor.round(START + 2 * MINUTE)).logs[0]?.size).toBe(300)
    }
  })

  test("says that the state is newer when everyone shows less, and raises the suspicion", async () => {
    const log = honestLog(20)
    const watched = await watchOver(log)
    await watched.monitor.round(START)
    log.bodies.length = 10
    const again = await watched.reopen()
    const { logs } = await again.monitor.round(START + 10 * MINUTE)
    expect(logs[0]).toMatchObject({ size: 20, isStateNewer: true })
    expect(again.findings()).toEqual([`SUSPECTED rollback ${origin}`])
  })

  test("a changed entry is attested, followed past, and closed once it is served as it was", async () => {
    const log = honestLog(300)
    const changed = [...log.bodies.slice(0, 256)]
    changed[4] = entryBody("changed")
    log.answer = (question) => (question.startsWith("bundle 0") ? encodeBundle(changed) : true)
    const watched = await watchOver(log)
    const { logs } = await watched.monitor.round(START)
    expect(logs[0]?.size).toBe(300)
    expect(watched.findings()).toEqual([`ATTESTED entry-mismatch ${origin} entry 4`])
    await watched.monitor.round(START + MINUTE)
    expect(watched.findings()).toEqual([`ATTESTED entry-mismatch ${origin} entry 4`])
    log.answer = () => true
    await watched.monitor.round(START + 2 * MINUTE)
    expect(watched.findings()).toEqual([])
    expect(watched.monitor.counters().get(origin)?.entries).toBe(300)
  })

  test("what is in an entry that was withheld is found when it is served after all", async () => {
    const log = honestLog(300)
    log.bodies[4] = Uint8Array.of(1)
    log.answer = (question) => (question.startsWith("bundle 0") ? undefined : true)
    const watched = await watchOver(log)
    await watched.monitor.round(START)
    expect(watched.findings()).toContain(`SUSPECTED missing-data ${origin} entry bundle 0`)
    const { logs } = await watched.monitor.round(START + MINUTE)
    expect(logs[0]?.size).toBe(300)
    expect(watched.findings()).toContain(`ATTESTED missing-data ${origin} entry bundle 0`)
    log.answer = () => true
    await watched.monitor.round(START + 2 * MINUTE)
    expect(watched.findings()).toEqual([`PROVEN unclassifiable ${origin} 4`])
  })

  test("a damaged tile is suspected, attested a minute later, and closed when it is right", async () => {
    const log = honestLog(300)
    log.answer = (question) => (question.startsWith("tile 0/0") ? new Uint8Array(8192) : true)
    const watched = await watchOver(log)
    await watched.monitor.round(START)
    expect(watched.findings()).toEqual([`SUSPECTED tile-mismatch ${origin} tile 0/0`])
    await watched.monitor.round(START + MINUTE)
    expect(watched.findings()).toEqual([`ATTESTED tile-mismatch ${origin} tile 0/0`])
    log.answer = () => true
    await watched.monitor.round(START + 2 * MINUTE)
    expect(watched.findings()).toEqual([])
  })

  test("a log out of reach is a finding that closes by itself, and nothing is lost", async () => {
    const log = honestLog(300)
    log.answer = () => {
      throw new Trouble("network", "gone")
    }
    const watched = await watchOver(log)
    await watched.monitor.round(START)
    expect(watched.findings()).toEqual([
      `SUSPECTED backlog ${origin}`,
      `SUSPECTED unreachable ${origin} log`,
    ])
    log.answer = () => true
    const { logs } = await watched.monitor.round(START + MINUTE)
    expect(logs[0]?.size).toBe(300)
    expect(watched.findings()).toEqual([])
  })

  test("a log that forks while its first entries are read is proven to have forked", async () => {
    const key = generateKeyPairSync("ed25519").privateKey
    const [log, other] = [makeLog(key), makeLog(key)]
    log.append(5000)
    other.append(6000, "other")
    log.answer = (question) => {
      if (question.startsWith("bundle 18")) throw new Trouble("network", "gone")
      return true
    }
    const watch = `${plainWatch}unknown ignore\n`
    const watched = await watchOver(log, { watch })
    expect((await watched.monitor.round(START)).logs[0]?.size).toBe(18 * 256)
    const forked = await watched.reopen({ source: other.source })
    await forked.monitor.round(START + MINUTE)
    expect(forked.findings()).toContain(`PROVEN fork ${origin}`)
    const verified = verifyEvidence(evidenceOf(forked, `fork ${origin}`), log.vkey)
    expect(verified).toMatchObject({ kind: "fork", freezes: true })
  })

  test("a log that cannot be read in its turn is read on in the next ones, and accused of nothing", async () => {
    const log = honestLog(0)
    log.bodies.push(Uint8Array.of(1))
    while (log.bodies.length < 2000) log.bodies.push(entryBody(`artifact ${log.bodies.length}`))
    const beginTurn = () => {
      let asked = 0
      return () => ++asked > 1
    }
    const watched = await watchOver(log, { beginTurn })
    const first = await watched.monitor.round(START)
    expect(first.logs[0]).toMatchObject({ size: 512, newest: 2000, isCut: true })
    expect(watched.alerts.map(({ kind }) => kind)).toEqual(["unclassifiable"])
    for (const [round, size] of [1024, 1536].entries()) {
      const { logs } = await watched.monitor.round(START + (round + 1) * 20 * MINUTE)
      expect(logs[0]).toMatchObject({ size, isCut: true })
    }
    expect(watched.findings()).toEqual([
      `SUSPECTED backlog ${origin}`,
      `PROVEN unclassifiable ${origin} 0`,
    ])
    const last = await watched.monitor.round(START + 90 * MINUTE)
    expect(last.logs[0]).toMatchObject({ size: 2000, isCut: false })
    expect(watched.findings()).toEqual([`PROVEN unclassifiable ${origin} 0`])
  })

  test("a monitor that was off for a day accuses nobody in a first round with a bad network", async () => {
    const log = honestLog(300)
    let isGone = false
    log.answer = (question) => {
      if (isGone && question.startsWith("bundle")) throw new Trouble("network", "gone")
      return true
    }
    const watched = await watchOver(log)
    await watched.monitor.round(START)
    const DAY = 24 * 60 * MINUTE
    log.bodies.push(...honestLog(300).bodies)
    isGone = true
    const again = await watched.reopen()
    await again.monitor.round(START + DAY)
    expect(again.findings()).toEqual([
      `SUSPECTED backlog ${origin}`,
      `SUSPECTED unreachable ${origin} log`,
    ])
    await again.monitor.round(START + DAY + 61 * MINUTE)
    expect(again.findings()).toContain(`ATTESTED unreconciled-head ${origin}`)
    isGone = false
    await again.monitor.round(START + DAY + 62 * MINUTE)
    expect(again.findings()).toEqual([])
  })

  test("a monitor that is to stop leaves the rest of a log, and tells what it has found", async () => {
    const log = honestLog(300)
    log.bodies[0] = Uint8Array.of(1)
    const watched = await watchOver(log, { isStopping: () => true })
    const { logs } = await watched.monitor.round(START)
    expect(logs[0]).toMatchObject({ size: 256, isCut: true })
    expect(watched.alerts.map(({ kind, grade }) => `${grade} ${kind}`)).toEqual([
      "PROVEN unclassifiable",
    ])
  })

  test("a log that never lets itself be read to its end is a backlog after an hour", async () => {
    const log = honestLog(2000)
    const watched = await watchOver(log, { beginTurn: () => () => true })
    for (const minute of [0, 30, 61]) await watched.monitor.round(START + minute * MINUTE)
    expect(watched.findings()).toEqual([`ATTESTED backlog ${origin}`])
  })

  test("a head that a witness has before it is published is no backlog", async () => {
    const log = honestLog(20)
    const source = { head: () => Promise.resolve(log.note()) }
    const watched = await watchOver(log, {
      witnessHeads: [{ name: "w", source }],
      source: {
        ...log.source,
        checkpoint: () => Promise.resolve(log.note(18)),
        bundle: async (index, width) =>
          width > 18 ? undefined : await log.source.bundle(index, width),
        tile: async (level, index, width) =>
          width > 18 ? undefined : await log.source.tile(level, index, width),
      },
    })
    for (const minute of [0, 2, 5]) {
      const { logs } = await watched.monitor.round(START + minute * MINUTE)
      expect(logs[0]).toMatchObject({ size: 18, newest: 20 })
      expect(watched.findings()).toEqual([])
    }
  })

  test("thousands of changed entries make a finding and a gap a bundle, and are seen once they are right", async () => {
    const log = honestLog(1024)
    const lie = encodeBundle(Array.from({ length: 256 }, () => Uint8Array.of(1)))
    log.answer = (question) => (question.startsWith("bundle") ? lie : true)
    const watched = await watchOver(log)
    await watched.monitor.round(START)
    expect(watched.findings()).toEqual(
      [0, 1, 2, 3].map((index) => `ATTESTED entry-mismatch ${origin} entries of bundle ${index}`),
    )
    expect(watched.monitor.documents.list(gaps)).toHaveLength(4)
    expect(watched.monitor.counters().get(origin)?.entries).toBe(0)
    log.answer = () => true
    await watched.monitor.round(START + MINUTE)
    expect(watched.findings()).toEqual([])
    expect(watched.monitor.counters().get(origin)?.entries).toBe(1024)
  })

  test("an entry that readers take in different ways is found, also where unknown kinds are ignored", async () => {
    const log = honestLog(1)
    const text = new TextDecoder().decode(entryBody("watched"))
    const [, other = ""] = /"digest":"([^"]+)"/.exec(new TextDecoder().decode(entryBody("x"))) ?? []
    const twice = text.replace('"digest":', `"digest":"${other}","digest":`)
    for (const hidden of [twice, text.replace('"kind":', '"kind": ')]) {
      log.bodies.push(new TextEncoder().encode(hidden))
    }
    const watched = await watchOver(log, { watch: `${plainWatch}unknown ignore\n` })
    await watched.monitor.round(START)
    const keys = [1, 2].map((index) => `unclassifiable ${origin} ${index}`)
    expect(watched.findings()).toEqual(keys.map((key) => `PROVEN ${key}`))
    expect(verifyEvidence(evidenceOf(watched, keys[0] ?? ""), log.vkey).origin).toBe(origin)
  })

  test("a mirror that shows another tree convicts the log", async () => {
    const key = generateKeyPairSync("ed25519").privateKey
    const [log, other] = [makeLog(key), makeLog(key)]
    for (let i = 0; i < 20; i++) log.bodies.push(entryBody(`artifact ${i}`))
    for (let i = 0; i < 30; i++) other.bodies.push(entryBody(`other ${i}`))
    const watched = await watchOver(log, { mirrors: [{ name: "far", source: other.source }] })
    await watched.monitor.round(START)
    expect(watched.findings()).toContain(`PROVEN fork ${origin}`)
  })

  test("the head that a witness holds is judged as any other", async () => {
    const key = generateKeyPairSync("ed25519").privateKey
    const [log, other] = [makeLog(key), makeLog(key)]
    for (let i = 0; i < 20; i++) log.bodies.push(entryBody(`artifact ${i}`))
    for (let i = 0; i < 12; i++) other.bodies.push(entryBody(`other ${i}`))
    const source = { head: () => Promise.resolve(other.note()) }
    const watched = await watchOver(log, { witnessHeads: [{ name: "w", source }] })
    await watched.monitor.round(START)
    expect(watched.findings()).toContain(`PROVEN fork ${origin}`)
  })

  test("an unexpected signer of a watched artifact is found with evidence, and can be acknowledged", async () => {
    const log = honestLog(3)
    const digest = createHash("sha256").update("artifact 1").digest("hex")
    const watch = `${plainWatch}subject acme\n digest sha256:${digest}\n signer key sha256:${"0".repeat(64)}\n`
    const watched = await watchOver(log, { watch })
    await watched.monitor.round(START)
    expect(watched.findings()).toEqual([`PROVEN unknown-signer ${origin} 1 acme`])
    const [finding] = openFindings(watched.monitor.documents)
    const missing = await watched.monitor.acknowledge([finding?.key ?? "", "nothing"], START)
    expect(missing).toEqual(["nothing"])
    expect(openFindings(watched.monitor.documents)[0]?.acknowledgedAt).toBe(START)
  })

  test("what was shipped and is not logged in time is a finding, until it is logged", async () => {
    const log = honestLog(3)
    const digest = createHash("sha256").update("late").digest("hex")
    const watch = `${plainWatch}shipped list within 1\n`
    const watched = await watchOver(log, { watch, shipped: `sha256:${digest}\n` })
    await watched.monitor.round(START)
    expect(watched.findings()).toEqual([])
    await watched.monitor.round(START + 61 * MINUTE)
    expect(watched.findings()).toEqual([`ATTESTED not-logged ${origin} sha256:${digest}`])
    log.bodies.push(entryBody("late"))
    await watched.monitor.round(START + 62 * MINUTE)
    expect(watched.findings()).toEqual([])
  })

  test("what is found while the log is out of reach later is not found twice", async () => {
    const log = honestLog(2)
    log.bodies.push(Uint8Array.of(1))
    const watched = await watchOver(log)
    await watched.monitor.round(START)
    await watched.monitor.round(START + MINUTE)
    const again = await watched.reopen()
    await again.monitor.round(START + 2 * MINUTE)
    expect([...watched.alerts, ...again.alerts]).toHaveLength(1)
  })
})
