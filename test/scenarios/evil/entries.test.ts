// Rows 14 and 20 to 27 of the taxonomy of misbehaviour: entries that their subjects' owners did not expect, and
// that a log should not have taken. What a stolen key signs convicts no log, so nothing of this freezes one.
import { createHash, generateKeyPairSync, type KeyObject } from "node:crypto"
import { expect, onTestFinished, test } from "vitest"
import { revocationText } from "../../../src/entry/revocation.ts"
import type { EvidenceKind } from "../../../src/evidence/evidence.ts"
import type { FindingKind } from "../../../src/monitor/findings/finding.ts"
import { makeSigner } from "../../entry/signers.ts"
import type { EvilLog, World } from "../../evil-log/evil-log.ts"
import { openEvilWitness } from "../../evil-log/evil-witness.ts"
import type { Front } from "../../evil-log/front.ts"
import { freezingWitness } from "../../evil-log/frozen-witness.ts"
import { grow, grownLog } from "../../evil-log/grown-log.ts"
import { expectQuiet, HOUR, inRounds } from "../../evil-log/rounds.ts"
import { showTree } from "../../evil-log/shown-tree.ts"
import { type Watched, type WatchOptions, watchLog } from "../../evil-log/watched.ts"
import { publicKey, signedEnvelope, signedRequest } from "../../http/served-log.ts"
import { certifiedBody } from "../../monitor/entries/watched-entries.ts"

function fingerprint(spki: Uint8Array): string {
  return `sha256:${createHash("sha256").update(spki).digest("hex")}`
}

const ownKey = fingerprint(Buffer.from(publicKey, "base64"))
const digestOf = (artifact: string): string => signedRequest(artifact).digest

interface KeyPair {
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}

function keyName({ publicKey: key }: KeyPair): string {
  return fingerprint(key.export({ type: "spki", format: "der" }))
}

/** An attestation that an image has this digest. */
function attestImage(world: World, name: string, artifact: string, keys: KeyPair): Promise<number> {
  const subject = [{ name, digest: { sha256: digestOf(artifact).slice("sha256:".length) } }]
  const statement = {
    _type: "https://in-toto.io/Statement/v1",
    subject,
    predicateType: "https://slsa.dev/provenance/v1",
    predicate: {},
  }
  return world.submit(signedEnvelope(JSON.stringify(statement), keys))
}

const image = "oci:images.acme.example/app"

interface Row {
  readonly row: number
  readonly what: string
  readonly kind: FindingKind
  readonly evidence: EvidenceKind
  readonly code: number
  /** Puts the entries in, and gives what is watched and the index of the entry that must be found. */
  readonly provoke: (
    evil: EvilLog,
    front: Front,
  ) => Promise<Pick<WatchOptions, "watch" | "files"> & { readonly index: number }>
}

const rows: readonly Row[] = [
  {
    row: 14,
    what: "an entry that is there twice",
    kind: "duplicate-entry",
    evidence: "duplicate-entry",
    code: 2,
    async provoke(evil, front) {
      const bodies = await evil.honest.bodies()
      await showTree(evil, front, [...bodies, bodies[0] as Uint8Array])
      return { index: 3, watch: ["duplicates violation"] }
    },
  },
  {
    row: 20,
    what: "an unknown key that signs a known subject",
    kind: "unknown-signer",
    evidence: "unexpected-entry",
    code: 2,
    async provoke({ honest: world }) {
      const [own, fresh] = [generateKeyPairSync("ed25519"), generateKeyPairSync("ed25519")]
      await attestImage(world, `${image}@1`, "one", own)
      const index = await attestImage(world, `${image}@2`, "two", fresh)
      const subject = ["subject acme", `  name ${image}*`, `  signer key ${keyName(own)}`]
      return { index, watch: subject }
    },
  },
  {
    row: 21,
    what: "a known key that signs an unknown artifact",
    kind: "not-mine",
    evidence: "unexpected-entry",
    code: 2,
    async provoke({ honest: world }) {
      const mine = ["0", "1", "2"].map((i) => digestOf(`artifact ${i}`)).join("\n")
      await grow(world, "stolen")
      const signer = ["signer pipeline", `  key ${ownKey}`, "  mine signed.list"]
      return { index: 3, watch: signer, files: { "signed.list": `${mine}\n` } }
    },
  },
  {
    row: 22,
    what: "an entry by a key that an earlier entry has revoked",
    kind: "after-revocation",
    evidence: "signed-after-revocation",
    code: 2,
    async provoke({ honest: world }) {
      await grow(world, revocationText(ownKey), "after")
      return { index: 4, watch: ["signer pipeline", `  key ${ownKey}`] }
    },
  },
  {
    row: 24,
    what: "a signature that does not hold",
    kind: "bad-signature",
    evidence: "bad-entry",
    code: 2,
    async provoke({ honest: world }) {
      const { signature } = signedRequest("other")
      return { index: await world.submit({ ...signedRequest("bad"), signature }) }
    },
  },
  {
    row: 25,
    what: "two digests of one version",
    kind: "conflicting-claims",
    evidence: "conflicting-claims",
    code: 2,
    async provoke({ honest: world }) {
      const own = generateKeyPairSync("ed25519")
      await attestImage(world, `${image}:v1`, "one", own)
      const index = await attestImage(world, `${image}:v1`, "two", own)
      return { index, watch: ["subject acme", `  name ${image}*`, "  unique version"] }
    },
  },
  {
    row: 26,
    what: "an entry that is none",
    kind: "unclassifiable",
    evidence: "bad-entry",
    code: 2,
    provoke: async ({ honest: world }) => ({ index: await world.force("\u0000 random bytes") }),
  },
]

const named = rows.map((row) => [row.row, row.what, row] as const)

test.each(named)("row %i: %s is PROVEN to be logged", async (_number, _what, row) => {
  const evil = await grownLog(3)
  const front = await evil.front("log")
  const { index, ...expectations } = await row.provoke(evil, front)
  const watched = await watchLog(evil, { front, ...expectations })
  const round = await watched.once()
  expect(round).toMatchObject({ code: row.code })
  expect(round.status.findings).toHaveLength(1)
  // That an entry is in the log accuses nobody of anything.
  const { kind, evidence } = row
  await watched.expectTold({ kind, grade: "PROVEN", evidence, effect: "presents", index })
})

test("row 26: an entry that convicts no log does not keep a witness from cosigning", async () => {
  const evil = await grownLog(3)
  const witness = await freezingWitness(evil)
  await evil.honest.force("no entry")
  const front = await evil.front("log")
  const watched = await watchLog(evil, { front, sinks: [witness.sink] })
  expect(await watched.once()).toMatchObject({ code: 2 })
  await witness.expectCosigning()
})

/** A monitor with a witness that cosigned the log at `time`, before the entry that `body` makes came in. */
async function watchDated(evil: EvilLog, time: number, body: Uint8Array): Promise<Watched> {
  const witness = await openEvilWitness("witness.example/clock", evil.origin)
  onTestFinished(witness.close)
  const front = await evil.front("log")
  front.lies.checkpoint = (honest) => witness.cosign(honest, time)
  const watch = ["subject artifact", `  digest ${digestOf("artifact")}`]
  const watched = await watchLog(evil, { front, witnesses: [witness], quorum: 1, watch })
  await inRounds(watched, async ({ round, open }) => {
    await round(time * 1000)
    expect(open()).toEqual([])
  })
  await evil.honest.force(body)
  return watched
}

test.each([
  ["after its certificate had expired", { notAfter: new Date(Date.now() - HOUR) }],
  ["before its certificate was valid", { notBefore: new Date(Date.now() + HOUR) }],
] as const)("row 23: an entry that came %s is PROVEN by the witness's clock", async (_, dates) => {
  const evil = await grownLog(3)
  const always = { notBefore: new Date("2000-01-01"), notAfter: new Date("2049-01-01") }
  const body = certifiedBody(makeSigner("ecdsa-p256"), "artifact", { ...always, ...dates })
  const watched = await watchDated(evil, Math.floor(Date.now() / 1000) - 600, body)
  expect(await watched.once()).toMatchObject({ code: 2 })
  await watched.expectTold({
    kind: "outside-validity",
    grade: "PROVEN",
    evidence: "time",
    effect: "presents",
    index: 3,
  })
})

test("row 27: what was shipped and not logged is ATTESTED until it is logged", async () => {
  const evil = await grownLog(3)
  const watched = await watchLog(evil, {
    front: await evil.front("log"),
    watch: ["shipped shipped.list within 2"],
    files: { "shipped.list": `${digestOf("artifact 1")}\n${digestOf("shipped")}\n` },
  })
  const start = Date.now() - 5 * HOUR
  await inRounds(watched, async ({ round, open }) => {
    await round(start)
    await round(start + HOUR)
    expect(open()).toEqual([])
    await round(start + 2 * HOUR)
    expect(open()).toEqual(["ATTESTED not-logged"])
  })
  const { summary } = await watched.expectTold({ kind: "not-logged", grade: "ATTESTED" })
  expect(summary).toContain(digestOf("shipped"))
  expect(await watched.once()).toMatchObject({ code: 2 })
  await grow(evil.honest, "shipped")
  await expectQuiet(watched)
})
