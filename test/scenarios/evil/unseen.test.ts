// Rows 45 to 56 of the taxonomy: entries that a monitor passed over in silence once, and noise that made every monitor red: through the monitor's own
// parts, over HTTP, from a log that took them. What a verifier accepts is in test/monitor/entries/unseen-entries.test.ts.
import { createHash, generateKeyPairSync, type KeyObject, sign } from "node:crypto"
import { expect, test } from "vitest"
import { utf8 } from "../../../src/core/base/bytes.ts"
import { dssePae } from "../../../src/entry/dsse.ts"
import type { HashedrekordRequest } from "../../../src/entry/kinds/hashedrekord-v002.ts"
import { revocationText } from "../../../src/entry/revocation.ts"
import { base64, makeSigner } from "../../entry/signers.ts"
import { hashedrekordOf, revocationOf } from "../../evidence/made-cases.ts"
import type { EvilLog, World } from "../../evil-log/evil-log.ts"
import { grownLog } from "../../evil-log/grown-log.ts"
import { HOUR, inRounds } from "../../evil-log/rounds.ts"
import { type Watched, watchLog } from "../../evil-log/watched.ts"
import { publicKey, signedEnvelope, signedRequest } from "../../http/served-log.ts"
import {
  attestationOf,
  certificateFor,
  certifiedBody,
} from "../../monitor/entries/watched-entries.ts"

interface KeyPair {
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}

const newKey = (): KeyPair => generateKeyPairSync("ec", { namedCurve: "P-256" })
const sha256 = (bytes: Uint8Array | string): string =>
  createHash("sha256").update(bytes).digest("hex")

function spkiOf({ publicKey: key }: KeyPair): Buffer {
  return key.export({ type: "spki", format: "der" })
}

const IN_TOTO = "application/vnd.in-toto+json"
const thief = newKey()
const owner = newKey()
/** Signs the entries that every grown log has. */
const filler = `sha256:${sha256(Buffer.from(publicKey, "base64"))}`
const hex = sha256("app")
const subject = [
  "subject app",
  `  digest sha256:${hex}`,
  "  name pkg:npm/@acme/**",
  `  signer key sha256:${sha256(spkiOf(owner))}`,
]

function statement(name: string, digest = sha256("else")): string {
  const type = "https://in-toto.io/Statement/v1"
  return JSON.stringify({ _type: type, subject: [{ name, digest: { sha256: digest } }] })
}

/** A submission of a signature over the digest of these bytes, as cosign 3 makes one of an envelope on API v2. */
function overBytes(message: Uint8Array, keys: KeyPair): HashedrekordRequest {
  return {
    kind: "hashedrekord",
    digest: `sha256:${sha256(message)}`,
    signature: sign("sha256", message, keys.privateKey).toString("base64"),
    publicKey: spkiOf(keys).toString("base64"),
  }
}

function overStatement(text: string, keys: KeyPair): HashedrekordRequest {
  return overBytes(dssePae(IN_TOTO, utf8(text)), keys)
}

async function watch(evil: EvilLog, ...lines: readonly string[]): Promise<Watched> {
  return await watchLog(evil, { front: await evil.front("log"), watch: lines })
}

/** The exit code and what is open after one round. */
async function openAfter(watched: Watched): Promise<readonly [code: number | null, ...string[]]> {
  const { code, status } = await watched.once()
  return [code, ...status.findings.map(({ grade, kind }) => `${grade} ${kind}`)]
}

const attested: readonly (readonly [row: number, what: string, payload: string, kind: string])[] = [
  [
    45,
    "a member that only some readers fold",
    statement("x", hex).replace('"subject"', '"\u017fubject"'),
    "unknown-signer",
  ],
  [46, "a byte order mark", `\ufeff${statement("x", hex)}`, "unknown-signer"],
  [47, "npm's spelling of a scope", statement("pkg:npm/%40acme/x@1.0.0"), "unknown-signer"],
  [48, "a name that looks like ours", statement("pkg:npm/@\u0430cme/x@1.0.0"), "look-alike"],
]

test.each(attested)(
  "row %i: a thief's attestation with %s is PROVEN",
  async (_row, _what, payload, kind) => {
    const evil = await grownLog(3)
    const index = await evil.honest.submit(signedEnvelope(payload, thief))
    const watched = await watch(evil, ...subject)
    expect(await openAfter(watched)).toEqual([2, `PROVEN ${kind}`])
    const evidence = "unexpected-entry"
    await watched.expectTold({ kind: kind as "look-alike", grade: "PROVEN", evidence, index })
  },
)

test("row 49: a thief's signature over an image is PROVEN by what clients sign, and counted where that is not foretold", async () => {
  const evil = await grownLog(3)
  const signed = `{"_type":"https://in-toto.io/Statement/v1","subject":[{"digest":{"sha256":"${hex}"},"annotations":{}}],"predicateType":"https://sigstore.dev/cosign/sign/v1","predicate":{}}`
  const index = await evil.honest.submit(overStatement(signed, thief))
  await evil.honest.submit(overStatement(statement("x", hex), thief))
  const image = ["subject app", `  image sha256:${hex}`, ...subject.slice(-1)]
  const foretelling = await watch(evil, ...image)
  const round = await foretelling.once()
  expect(round).toMatchObject({ code: 2 })
  // Those that fill the log are signed by nobody who is listed, too.
  expect(round.status.logs[0]?.entries.opaque).toMatchObject({ strangers: 4, listed: 0 })
  const found = { kind: "unknown-signer", grade: "PROVEN", evidence: "unexpected-entry" } as const
  const { summary } = await foretelling.expectTold({ ...found, index })
  expect(summary).toContain("cosign 3 sign")
  // A bare digest may be an image's.
  const bare = await (await watch(evil, ...subject)).once()
  expect(bare).toMatchObject({ code: 2 })
  expect(bare.status.logs[0]?.entries.opaque).toMatchObject({ strangers: 4, listed: 0 })
  const other = hex.replace(/^./, (digit) => (digit === "0" ? "1" : "0"))
  const unaware = await (await watch(evil, "subject app", `  digest sha256:${other}`)).once()
  expect(unaware).toMatchObject({ code: 0 })
  expect(unaware.status.logs[0]?.entries.opaque).toMatchObject({ strangers: 5, listed: 0 })
})

test("row 50: an opaque entry by a listed signer is no silence: exit code 1, unless the watch file accepts it", async () => {
  const evil = await grownLog(3)
  await evil.honest.submit(overStatement(statement("x", hex), owner))
  expect(await (await watch(evil, ...subject)).once()).toMatchObject({ code: 1 })
  expect(await (await watch(evil, ...subject, "opaque ignore")).once()).toMatchObject({ code: 0 })
  const ledger = ["signer ci", `  key ${filler}`, "  mine ledger"]
  const mine = ["0", "1", "2"].map((i) => signedRequest(`artifact ${i}`).digest)
  const front = await evil.front("ledger")
  const files = { ledger: mine.join("\n").concat("\n") }
  const watched = await watchLog(evil, { front, watch: ledger, files })
  expect(await watched.once()).toMatchObject({ code: 0 })
})

test("row 51: an attestation that the log does not keep is opaque, and by nobody who is expected", async () => {
  const evil = await grownLog(3)
  const signer = makeSigner("ecdsa-p256")
  const { body } = attestationOf([signer], utf8(statement("x", hex)))
  await evil.honest.force(body)
  const key = `  signer key sha256:${sha256(signer.spki)}`
  const { code, status } = await (await watch(evil, ...subject.slice(0, -1), key)).once()
  expect(code).toBe(1)
  expect(status.logs[0]?.entries).toMatchObject({ opaque: { listed: 1, strangers: 3 } })
})

test("row 52: in a closed log nobody signs who is not listed", async () => {
  const evil = await grownLog(3)
  const index = await evil.honest.submit(overStatement(statement("anything"), thief))
  const lines = ["signer filler", `  key ${filler}`, "opaque closed"]
  const watched = await watch(evil, ...lines)
  expect(await watched.once()).toMatchObject({ code: 2 })
  const found = { kind: "unlisted-signer", grade: "PROVEN", evidence: "unexpected-entry" } as const
  await watched.expectTold({ ...found, index })
})

test("row 53: what a listed signer signed is explained in time, or a finding that is acknowledged by its digest", async () => {
  const evil = await grownLog(0)
  const start = Date.now() - 100 * HOUR
  const orphan = (text: string): Promise<number> =>
    evil.honest.submit(overStatement(statement(text), owner))
  await orphan("left behind by a client that failed")
  const watched = await watch(evil, ...subject, "explain within 24")
  await inRounds(watched, async ({ round, open, acknowledge }) => {
    await round(start)
    await round(start + 23 * HOUR)
    expect(open()).toEqual([])
    await round(start + 24 * HOUR)
    expect(open()).toEqual(["ATTESTED unexplained-entry"])
    const [told] = watched.told()
    expect(await acknowledge([told?.key ?? ""], start + 25 * HOUR)).toEqual([])
  })
  expect(await watched.once()).toMatchObject({ code: 0 })
  await orphan("another one")
  await inRounds(watched, async ({ round }) => {
    await round(start + 26 * HOUR)
    await round(start + 51 * HOUR)
  })
  expect(await watched.once()).toMatchObject({ code: 2 })
})

/** What anyone can put into a log to make noise. */
async function makeNoise(world: World, count: number): Promise<void> {
  const dates = { notBefore: new Date("2019-01-01"), notAfter: new Date("2020-01-01") }
  for (let i = 0; i < count; i++) {
    const key = makeSigner("ecdsa-p256")
    await world.force(certifiedBody(key, `expired ${i}`, { identity: "any@one.example", ...dates }))
    await world.force(revocationOf(key))
    await world.force(hashedrekordOf(key, `after ${i}`))
    await world.submit(signedEnvelope(statement(`odd ${i}`).replace("{", "{/**/"), thief))
  }
}

test("row 54: a flood of entries about nothing that is watched is counted, and hides nothing", async () => {
  const evil = await grownLog(3)
  await makeNoise(evil.honest, 30)
  const index = await evil.honest.submit(signedEnvelope(statement("pkg:npm/@acme/x"), thief))
  const watched = await watch(evil, ...subject)
  const { code, status } = await watched.once()
  expect(code).toBe(2)
  expect(status.findings.map(({ kind, index: at }) => [kind, at])).toEqual([
    ["unknown-signer", index],
  ])
  expect(status.logs[0]?.entries.passedOver).toEqual({
    oddStatements: 30,
    badSignatures: 0,
    afterRevocation: 30,
  })
})

test("row 55: the owner's signature under a stranger's dates is no finding: the key is what is watched", async () => {
  const evil = await grownLog(3)
  const key = makeSigner("ecdsa-p256")
  const dates = { notBefore: new Date("2019-01-01"), notAfter: new Date("2020-01-01") }
  await evil.honest.submit({
    kind: "hashedrekord",
    digest: `sha256:${hex}`,
    signature: sign("sha256", utf8("app"), key.privateKey).toString("base64"),
    certificate: base64(certificateFor(key, { identity: "any@one.example", ...dates })),
  })
  const lines = [...subject.slice(0, 2), `  signer key sha256:${sha256(key.spki)}`]
  expect(await openAfter(await watch(evil, ...lines))).toEqual([0])
})

test("row 56: a key that revoked itself and is nobody's raises nothing", async () => {
  const evil = await grownLog(3)
  await evil.honest.submit(signedRequest(revocationText(filler)))
  await evil.honest.submit(signedRequest("after"))
  expect(await openAfter(await watch(evil, ...subject))).toEqual([0])
})
