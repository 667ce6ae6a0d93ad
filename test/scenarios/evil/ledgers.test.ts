// Rows 106 to 109 and 116 to 118 of the taxonomy: a stolen key beside honest signatures by it, and certificates that claim to be the
// pipeline. Every verifier that trusts the key, or anyone's certificate, takes what the thief signed.
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import type { DsseRequest } from "../../../src/entry/kinds/dsse-v002.ts"
import type { HashedrekordRequest } from "../../../src/entry/kinds/hashedrekord-v002.ts"
import { makeIntermediate, makeLeaf, makeRoot, pemOf } from "../../entry/certificates/authority.ts"
import { base64, type Signer } from "../../entry/signers.ts"
import { keyOf } from "../../evidence/made-cases.ts"
import type { Reply } from "../../evil-log/front.ts"
import { HOUR, inRounds } from "../../evil-log/rounds.ts"
import {
  attestation,
  envelopeBytes,
  expectCaught,
  expectVerdict,
  hex,
  innocent,
  newTheft,
  otherHex,
  owner,
  plain,
  presented,
  signatureOver,
  thief,
  watchTheft,
} from "../../evil-log/theft.ts"
import { newFolder } from "../../storage/folder.ts"

const signer = ["signer release", `  key ${keyOf(owner)}`, "  mine ledger"]
const cosign3 = (digest: string): string =>
  `{"_type":"https://in-toto.io/Statement/v1","subject":[{"digest":{"sha256":"${digest}"},"annotations":{}}],"predicateType":"https://sigstore.dev/cosign/sign/v1","predicate":{}}`
const cosign2 = (digest: string): string =>
  `{"critical":{"identity":{"docker-reference":"registry.acme.example/team/app"},"image":{"docker-manifest-digest":"sha256:${digest}"},"type":"cosign container image signature"},"optional":null}`

// D29: the ledger has the image, and cosign logs something else for it on each API.
test("row 106: an image in the ledger is what every cosign logs for it, and the same key over another image is a thief's", async () => {
  const evil = await newTheft()
  const ledger = `image registry.acme.example/team/app@sha256:${hex}\n`
  await evil.honest.submit(attestation(cosign3(hex), owner))
  await evil.honest.submit(signatureOver(envelopeBytes(cosign3(hex)), owner))
  await evil.honest.submit(signatureOver(cosign2(hex), owner))
  const watched = await watchTheft(evil, { watch: signer, files: { ledger } })
  await expectVerdict(watched, { code: 0, findings: [], opaque: {} })
  const v1 = await evil.honest.submit(attestation(cosign3(otherHex), owner))
  const v2 = await evil.honest.submit(signatureOver(envelopeBytes(cosign3(otherHex)), owner))
  await expectVerdict(watched, { code: 2, findings: ["PROVEN not-mine", "PROVEN not-mine"] })
  for (const index of [v1, v2]) await watched.expectTold(presented("not-mine", index))
})

test("row 107: what a pipeline posts to the ledger is its own without a restart, and one signature more is a thief's", async () => {
  const evil = await newTheft()
  const folder = newFolder()
  const token = "a-token-of-more-than-twenty-characters"
  writeFileSync(join(folder, "tokens"), `${token}\n`)
  const words = ["--listen", "127.0.0.1:0", "--ledger-token-file", join(folder, "tokens")]
  const own = signatureOver("app", owner)
  const files = { ledger: `sha256:${otherHex}\n` }
  const watched = await watchTheft(evil, { watch: signer, files, words })
  await inRounds(watched, async ({ url, round, open }) => {
    const headers = { authorization: `Bearer ${token}` }
    const bundle = JSON.stringify({ base64Signature: own.signature, cert: "" })
    const post = { method: "POST", headers, body: bundle }
    expect(await fetch(`${url}/ledger?signer=release`, post)).toMatchObject({ status: 200 })
    await evil.honest.submit(own)
    await round(Date.now())
    expect(open()).toEqual([])
  })
  await expectVerdict(watched, { code: 0, findings: [] })
  const index = await evil.honest.submit(signatureOver("app", owner))
  await expectCaught(watched, index, "not-mine")
})

const unavailable: Reply = { status: 503, headers: { "retry-after": "0" }, body: Buffer.from("") }

/** Attestations by the pipeline and one by a thief with its key, on a log that does not give them. */
async function withheldTheft(status = 503, own = 1) {
  const evil = await newTheft()
  const front = await evil.front("monitor")
  front.lies.reply = (path) => (/\/attestation/.test(path) ? { ...unavailable, status } : undefined)
  for (let i = 0; i < own; i++) {
    await evil.honest.submit(attestation(plain.replace("PLACE", `${i}`), owner))
  }
  const index = await evil.honest.submit(attestation(innocent, owner))
  const ledger = `sha256:${hex}\n`
  return {
    front,
    index,
    watched: await watchTheft(evil, { front, watch: signer, files: { ledger } }),
  }
}

// Whoever has the envelope can verify it; only a monitor that is to read it cannot. There are more of them than a log is
// asked about in one round.
test.each([503, 404])(
  "row 116: while attestations cannot be had (%i), nothing by the owner's key is clean or stolen",
  async (unanswered) => {
    const { front, index, watched } = await withheldTheft(unanswered, 40)
    const { status } = await expectVerdict(watched, { code: 1, findings: [] })
    expect(status.logs[0]?.entries.pending).toMatchObject({ listed: 41 })
    delete front.lies.reply
    await inRounds(watched, async ({ round, open }) => {
      await round(Date.now() + HOUR)
      expect(open()).toEqual(["PROVEN not-mine"])
    })
    await watched.expectTold(presented("not-mine", index))
    expect(watched.told().map((alert) => alert.index)).toEqual([index])
  },
)

test("row 117: what a log says it keeps of a stolen key and never gives is ATTESTED withheld", async () => {
  const { watched } = await withheldTheft()
  await inRounds(watched, async ({ round, open }) => {
    const now = Date.now()
    await round(now)
    await round(now + HOUR + 1)
    expect(open()).toEqual(["ATTESTED withheld", "ATTESTED withheld"])
  })
  await watched.expectTold({ kind: "withheld", grade: "ATTESTED" })
  expect(await watched.once()).toMatchObject({ code: 1 })
})

test("row 106: an attestation about what is in the ledger is never told of, without any subject", async () => {
  const evil = await newTheft()
  await evil.honest.submit(attestation(plain, owner))
  const files = { ledger: `sha256:${hex}\n` }
  const watched = await watchTheft(evil, { watch: signer, files })
  await expectVerdict(watched, { code: 0, findings: [], opaque: {} })
  expect(watched.told()).toEqual([])
})

const uri = "https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1"
const issuer = "https://token.actions.githubusercontent.com"
const root = makeRoot("sigstore", "ecdsa-p384")
const fulcio = makeIntermediate(root, "sigstore-intermediate", "ecdsa-p384", { pathLength: 0 })
const authority = ["authority fulcio", "  roots fulcio.pem", "  eku code-signing"]
const identity = `oidc ${issuer} https://github.com/acme/app/**`

/** A signature over the watched file under a certificate in the pipeline's name. */
function claimed(certificate: Uint8Array, by: Signer): HashedrekordRequest {
  const { publicKey: _, ...request } = signatureOver("app", by)
  return { ...request, certificate: base64(certificate) }
}

const selfMade = (): HashedrekordRequest =>
  claimed(makeLeaf({ name: "me", signer: thief }, thief, { uri, oidcIssuer: issuer }), thief)

// D24: it counted as the expected signer, and with a ledger four strangers made four not-mine.
test("row 108: a certificate that the thief made in the pipeline's name is never the expected signer", async () => {
  const evil = await newTheft()
  const watch = [...authority, "subject app", `  digest sha256:${hex}`, `  signer ${identity}`]
  const files = { "fulcio.pem": pemOf(fulcio.der, root.der) }
  await evil.honest.submit(claimed(makeLeaf(fulcio, owner, { uri, oidcIssuer: issuer }), owner))
  const watched = await watchTheft(evil, { watch, files })
  await expectVerdict(watched, { code: 0, findings: [] })
  const index = await evil.honest.submit(selfMade())
  const findings = ["PROVEN claimed-identity", "PROVEN unknown-signer"]
  await expectVerdict(watched, { code: 2, findings })
  for (const kind of ["claimed-identity", "unknown-signer"] as const) {
    await watched.expectTold(presented(kind, index))
  }
})

test("row 109: a certificate that the thief made opens no closed log", async () => {
  const evil = await newTheft()
  const files = { "fulcio.pem": pemOf(fulcio.der, root.der) }
  const index = await evil.honest.submit(selfMade())
  const watch = [...authority, "signer release", `  ${identity}`, "opaque closed"]
  const watched = await watchTheft(evil, { watch, files })
  const { code, status } = await watched.once()
  expect(code).toBe(2)
  const about = status.findings.filter((finding) => finding.index === index)
  expect(about.map(({ kind }) => kind).toSorted()).toEqual(["claimed-identity", "unlisted-signer"])
  await watched.expectTold(presented("unlisted-signer", index))
})

/** An attestation of the watched file under a certificate in the pipeline's name. */
function attestedUnder(certificate: Uint8Array, by: Signer, text: string): DsseRequest {
  const { verifiers: _, ...request } = attestation(text, by)
  return { ...request, verifiers: [{ certificate: base64(certificate) }] }
}

// By the log's search both are about the file; by its authority one of them is the pipeline's.
test("row 118: while attestations cannot be had, the pipeline's is no alarm and a self-made certificate's is one", async () => {
  const evil = await newTheft()
  const front = await evil.front("monitor")
  front.lies.reply = (path) => (/\/attestation/.test(path) ? unavailable : undefined)
  const names = { uri, oidcIssuer: issuer }
  await evil.honest.submit(attestedUnder(makeLeaf(fulcio, owner, names), owner, plain))
  const own = makeLeaf({ name: "me", signer: thief }, thief, names)
  const index = await evil.honest.submit(attestedUnder(own, thief, plain.replace("PLACE", "x")))
  const watch = [...authority, "subject app", `  digest sha256:${hex}`, `  signer ${identity}`]
  const files = { "fulcio.pem": pemOf(fulcio.der, root.der) }
  const watched = await watchTheft(evil, { front, watch, files })
  await watched.once()
  const findings = ["PROVEN claimed-identity", "ATTESTED unclassifiable"]
  const { status } = await expectVerdict(watched, { code: 2, findings })
  expect(status.findings.map((finding) => finding.index)).toEqual([index, index])
  delete front.lies.reply
  await inRounds(watched, async ({ round, open }) => {
    await round(Date.now() + HOUR)
    expect(open()).toEqual(["PROVEN claimed-identity", "PROVEN unknown-signer"])
  })
  await watched.expectTold(presented("unknown-signer", index))
})
