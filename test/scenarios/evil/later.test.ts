// Rows 57 to 64 of the taxonomy: what a log shows later, or not at all, and what a monitor learns later: with the real program, over HTTP.
import { createHash, generateKeyPairSync, type KeyObject } from "node:crypto"
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { utf8 } from "../../../src/core/base/bytes.ts"
import { encodeBundle } from "../../../src/core/tree/bundle.ts"
import { dssePae } from "../../../src/entry/dsse.ts"
import type { EvilLog } from "../../evil-log/evil-log.ts"
import type { Front, Reply } from "../../evil-log/front.ts"
import { grownLog } from "../../evil-log/grown-log.ts"
import { HOUR, inRounds } from "../../evil-log/rounds.ts"
import { type Watched, watchLog } from "../../evil-log/watched.ts"
import { publicKey, signedEnvelope } from "../../http/served-log.ts"

const owner = generateKeyPairSync("ec", { namedCurve: "P-256" })
const hex = createHash("sha256").update("app").digest("hex")

function fingerprint(key: KeyObject): string {
  const spki = key.export({ type: "spki", format: "der" })
  return `sha256:${createHash("sha256").update(spki).digest("hex")}`
}

const IN_TOTO = "application/vnd.in-toto+json"
/** Signs the entries that every grown log has. */
const filler = `sha256:${createHash("sha256").update(Buffer.from(publicKey, "base64")).digest("hex")}`

const subject = [
  "subject app",
  `  digest sha256:${hex}`,
  `  signer key ${fingerprint(owner.publicKey)}`,
]

const statement = JSON.stringify({
  _type: "https://in-toto.io/Statement/v1",
  subject: [{ name: "x", digest: { sha256: hex } }],
  predicateType: "https://example.com/p",
})

const ATTESTATION = /^\/v1\/entries\/\d+\/attestation/

const reply = (status: number, body = "no\n"): Reply => ({
  status,
  headers: { "content-type": "text/plain", "retry-after": "0" },
  body: Buffer.from(body),
})

interface Theft {
  readonly evil: EvilLog
  readonly front: Front
  readonly watched: Watched
  readonly index: number
}

/** A thief's attestation about what is watched, which the log keeps. */
async function theft(watch: readonly string[] = subject): Promise<Theft> {
  const evil = await grownLog(3)
  const front = await evil.front("monitor")
  const index = await evil.honest.submit(signedEnvelope(statement))
  const watched = await watchLog(evil, { front, watch })
  return { evil, front, watched, index }
}

/** Lets the log answer so for the attestation, as long as it is asked for. */
function refuseAttestation({ lies }: Front, answer: Reply): void {
  lies.reply = (path) => (ATTESTATION.test(path) ? answer : undefined)
}

test.each([
  [57, "503", reply(503), "unreachable"],
  [58, "another entry's envelope", reply(200, "{}"), "other-envelope"],
  [59, "404 for what it says it keeps", reply(404), "withheld"],
] as const)(
  "row %i: an attestation route that gives %s for a round hides nothing",
  async (_row, _what, answer, reason) => {
    const { front, watched, index } = await theft()
    refuseAttestation(front, answer)
    const { code, status } = await watched.once()
    // The log's own search gives away what it is about.
    expect(code).toBe(2)
    expect(status.findings).toMatchObject([{ kind: "unclassifiable", grade: "ATTESTED", index }])
    expect(status.logs[0]?.entries.pending.byReason).toMatchObject({ [reason]: 1 })
    delete front.lies.reply
    await inRounds(watched, async ({ round, open }) => {
      await round(Date.now() + HOUR)
      expect(open()).toEqual(["PROVEN unknown-signer"])
    })
    await watched.expectTold({
      kind: "unknown-signer",
      grade: "PROVEN",
      index,
      evidence: "unexpected-entry",
    })
  },
)

test("row 60: what the log says it keeps and gives nobody is ATTESTED withheld", async () => {
  const { front, watched } = await theft()
  refuseAttestation(front, reply(503))
  await inRounds(watched, async ({ round, open }) => {
    const now = Date.now()
    await round(now)
    await round(now + HOUR + 1)
    expect(open()).toContain("ATTESTED withheld")
  })
  // By the log's own search it is about what is watched.
  expect(await watched.once()).toMatchObject({ code: 2 })
})

test("row 61: an attestation that was taken away is counted, and its message makes it known all the same", async () => {
  const { front, watched, index } = await theft()
  front.lies.reply = (path) => {
    if (ATTESTATION.test(path)) return reply(410)
    return /^\/v1\/(?:artifacts|entries\?)/.test(path) ? reply(404) : undefined
  }
  const { code, status } = await watched.once()
  expect([code, status.logs[0]?.entries]).toMatchObject([
    0,
    { redacted: 1, opaque: { strangers: 4 } },
  ])
  mkdirSync(join(watched.data, "messages"), { recursive: true })
  writeFileSync(join(watched.data, "messages", "seen"), dssePae(IN_TOTO, utf8(statement)))
  expect(await watched.once()).toMatchObject({ code: 2, status: { messages: { count: 1 } } })
  await watched.expectTold({
    kind: "unknown-signer",
    grade: "PROVEN",
    index,
    evidence: "unexpected-entry",
  })
})

test("row 62: a rule that comes later is applied to what was logged before", async () => {
  const { watched, index } = await theft([])
  expect(await watched.once()).toMatchObject({ code: 0 })
  writeFileSync(
    join(watched.folder, "log.watch"),
    ["countersign-watch/v1", ...subject, ""].join("\n"),
  )
  expect(await watched.once()).toMatchObject({ code: 2 })
  await watched.expectTold({
    kind: "unknown-signer",
    grade: "PROVEN",
    index,
    evidence: "unexpected-entry",
  })
  writeFileSync(join(watched.folder, "log.watch"), "countersign-watch/v1\n")
  expect(await watched.once()).toMatchObject({ code: 0, status: { findings: [] } })
})

test("row 63: a log that shows other entries to a rule that comes later is found", async () => {
  const { evil, front, watched } = await theft([])
  await watched.once()
  const other = await evil.fork(evil.honest, 3, "other")
  await other.submit(signedEnvelope(statement.replace('"x"', '"y"')))
  const bodies = encodeBundle(await other.bodies())
  front.lies.bundle = () => bodies
  writeFileSync(
    join(watched.folder, "log.watch"),
    ["countersign-watch/v1", ...subject, ""].join("\n"),
  )
  const { code, status } = await watched.once()
  expect(code).toBe(2)
  expect(status.findings.map(({ kind, grade }) => `${grade} ${kind}`)).toContain(
    "ATTESTED entry-mismatch",
  )
  // By the log's own search the entry that it hides is about what is watched.
  expect(status.findings.map(({ kind }) => kind)).toContain("unclassifiable")
})

test("row 64: a search that leaves an entry out is ATTESTED", async () => {
  const { front, watched } = await theft(["signer filler", `  key ${filler}`])
  front.lies.change = (path, { headers, body, ...rest }) => {
    if (!path.startsWith("/v1/entries?")) return { headers, body, ...rest }
    const answer = JSON.parse(body.toString()) as { readonly entries: readonly object[] }
    const text = JSON.stringify({ ...answer, entries: answer.entries.slice(1) })
    const { "content-length": _, ...others } = headers
    return { ...rest, headers: others, body: Buffer.from(text) }
  }
  const { code, status } = await watched.once()
  expect(code).toBe(1)
  expect(status.findings.map(({ kind, grade }) => `${grade} ${kind}`)).toContain(
    "ATTESTED search-omission",
  )
  await watched.expectTold({ kind: "search-omission", grade: "ATTESTED" })
})
