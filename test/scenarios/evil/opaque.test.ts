// Rows 88 to 99 of the taxonomy: signatures by a thief of which the log has a digest only. What unmodified clients sign is
// foretold; anything else counts as opaque until somebody gives the signed bytes to the log or to the monitor. cosign 3.1.1
// and 2.5.0 said "Verified OK" to each of them with the thief's key, whichever type it was of.
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { utf8 } from "../../../src/core/base/bytes.ts"
import { makeSigner, type Signer } from "../../entry/signers.ts"
import { keyOf } from "../../evidence/made-cases.ts"
import type { EvilLog } from "../../evil-log/evil-log.ts"
import type { Reply } from "../../evil-log/front.ts"
import {
  attestation,
  envelopeBytes,
  expectCaught,
  expectVerdict,
  hex,
  named,
  newTheft,
  otherHex,
  owner,
  plain,
  presented,
  signatureOver,
  subject,
  watchTheft,
} from "../../evil-log/theft.ts"

const repository = "registry.acme.example/team/app"
const commit = "0123456789abcdef0123456789abcdef01234567"
const image = [
  "subject app",
  `  image ${repository}@sha256:${hex}`,
  `  commit ${commit}`,
  `  signer key ${keyOf(owner)}`,
]

const thieves: readonly (readonly [key: string, thief: Signer])[] = [
  ["P-256", makeSigner("ecdsa-p256")],
  ["P-384", makeSigner("ecdsa-p384")],
  ["Ed25519", makeSigner("ed25519")],
]

const cosign3 = `{"_type":"https://in-toto.io/Statement/v1","subject":[{"digest":{"sha256":"${hex}"},"annotations":{}}],"predicateType":"https://sigstore.dev/cosign/sign/v1","predicate":{}}`
const cosign2 = (name: string, digest = hex): string =>
  `{"critical":{"identity":{"docker-reference":"${name}"},"image":{"docker-manifest-digest":"sha256:${digest}"},"type":"cosign container image signature"},"optional":null}`

describe("what an unmodified client signs for an image that is watched", () => {
  const forms: readonly (readonly [row: number, what: string, bytes: Uint8Array])[] = [
    [88, "cosign 3 sign on API v2", envelopeBytes(cosign3)],
    [
      89,
      "cosign 3 sign on API v2, in builds that write blanks",
      envelopeBytes(cosign3.replaceAll(',"', ', "')),
    ],
    [90, "cosign 2 sign, Tekton Chains", utf8(cosign2(repository))],
    [91, "gitsign, over a commit", utf8(commit)],
  ]
  const rows = forms.flatMap(([row, what, bytes]) =>
    (row === 91 ? thieves.slice(0, 1) : thieves).map(
      ([key, thief]) => [row, what, key, bytes, thief] as const,
    ),
  )

  test.each(rows)(
    "row %i: %s with a %s key is foretold and PROVEN",
    async (_, _what, _key, bytes, thief) => {
      const evil = await newTheft()
      const index = await evil.honest.submit(signatureOver(bytes, thief))
      await expectCaught(await watchTheft(evil, { watch: image }), index)
    },
  )
})

describe("a thief's signature over a file", () => {
  test.each(thieves)(
    "row 92: with a %s key is PROVEN where all its digests are watched",
    async (_, thief) => {
      const evil = await newTheft()
      const index = await evil.honest.submit(signatureOver("app", thief))
      await expectCaught(await watchTheft(evil), index)
    },
  )

  test.each(thieves.slice(1))(
    "row 93: with a %s key is opaque where SHA-256 alone is, and the start says so",
    async (_, thief) => {
      const evil = await newTheft()
      await evil.honest.submit(signatureOver("app", thief))
      const watch = ["subject app", `  digest sha256:${hex}`, `  signer key ${keyOf(owner)}`]
      const watched = await watchTheft(evil, { watch })
      const verdict = { code: 0, findings: [], opaque: { strangers: 1 } } as const
      const { stderr } = await expectVerdict(watched, verdict)
      expect(stderr).toContain("list all three")
    },
  )
})

/** Gives signed bytes to the log, as `countersign attach` does. */
async function attach({ honest }: EvilLog, index: number, bytes: Uint8Array): Promise<number> {
  const { status } = await fetch(`${honest.url}/v1/entries/${index}/message`, {
    method: "POST",
    headers: { "content-type": "application/octet-stream" },
    body: Uint8Array.from(bytes),
  })
  return status
}

const notFound: Reply = { status: 404, headers: {}, body: Buffer.from("") }

const watch = [...subject, ...image.slice(1, 2)]
const unplaced = { code: 0, findings: [], opaque: { strangers: 1 } } as const
const caught = { code: 2, findings: ["PROVEN unknown-signer"], opaque: {} } as const

describe("bytes that nobody foretells are opaque until they are attached", () => {
  const forms: readonly (readonly [row: number, what: string, bytes: Uint8Array, key: number])[] = [
    [94, "cosign 3 attest on API v2, P-256", envelopeBytes(plain), 0],
    [94, "cosign 3 attest on API v2, P-384", envelopeBytes(plain), 1],
    [94, "cosign 3 attest on API v2, Ed25519, which its client lost", envelopeBytes(plain), 2],
    [
      94,
      "an attestation on API v2 that names a package as npm writes it",
      envelopeBytes(named("pkg:npm/%40acme/x")),
      0,
    ],
    [
      95,
      "cosign 2 sign with an annotation",
      utf8(cosign2(repository).replace("null", '{"a":"b"}')),
      0,
    ],
    [95, "cosign 2 sign under another repository's name", utf8(cosign2("evil.example/app")), 0],
    [
      95,
      "cosign 2 sign, printed with blanks",
      utf8(JSON.stringify(JSON.parse(cosign2("x")), null, 2)),
      0,
    ],
    [95, "cosign 2 sign with CRITICAL", utf8(cosign2("x").replace("critical", "CRITICAL")), 0],
    [
      95,
      "cosign 2 sign, twice in one text, the last about the image",
      utf8(
        cosign2("x", otherHex).replace(
          ',"optional"',
          `,"critical"${cosign2("x").slice(11, -16)},"optional"`,
        ),
      ),
      0,
    ],
    [96, "a signature over the statement's file", utf8(plain), 0],
  ]

  test.each(forms)("row %i: %s", async (_row, _what, bytes, key) => {
    const evil = await newTheft()
    const [, thief] = thieves[key] as (typeof thieves)[number]
    const index = await evil.honest.submit(signatureOver(bytes, thief))
    const watched = await watchTheft(evil, { watch })
    await expectVerdict(watched, unplaced)
    expect(await attach(evil, index, bytes)).toBe(201)
    await expectVerdict(watched, caught)
    await watched.expectTold(presented("unknown-signer", index))
  })

  test("row 97: a log that takes no messages hides nothing from a monitor that is given them", async () => {
    const evil = await newTheft()
    const index = await evil.honest.submit(signatureOver(envelopeBytes(plain)))
    const front = await evil.front("monitor")
    front.lies.reply = (path) => (/message/.test(path) ? notFound : undefined)
    const watched = await watchTheft(evil, { front, watch })
    await expectVerdict(watched, unplaced)
    mkdirSync(join(watched.data, "messages"), { recursive: true })
    writeFileSync(join(watched.data, "messages", "seen"), envelopeBytes(plain))
    await expectVerdict(watched, caught)
    await watched.expectTold(presented("unknown-signer", index))
  })

  test("row 98: what was not signed is attached to nothing, and the entry stays opaque", async () => {
    const evil = await newTheft()
    const index = await evil.honest.submit(signatureOver(envelopeBytes(plain)))
    for (const wrong of [`${plain}\n`, cosign3]) {
      expect(await attach(evil, index, envelopeBytes(wrong))).toBe(422)
    }
    const watched = await watchTheft(evil, { watch })
    mkdirSync(join(watched.data, "messages"), { recursive: true })
    writeFileSync(join(watched.data, "messages", "wrong"), envelopeBytes(cosign3))
    await expectVerdict(watched, unplaced)
  })
})

test("row 99: an envelope that is too long to be kept is refused with the limit, and nothing is logged", async () => {
  const evil = await newTheft()
  const long = plain.replace("PLACE", "x".repeat(140_000))
  const headers = { "content-type": "application/json" }
  const body = JSON.stringify(attestation(long))
  const reply = await fetch(`${evil.honest.url}/v1/entries`, { method: "POST", headers, body })
  expect(reply.status).toBe(413)
  expect(await reply.text()).toContain("131072")
  await expectVerdict(await watchTheft(evil), { code: 0, findings: [], opaque: {} })
})
