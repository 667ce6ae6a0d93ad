// Rows 39 to 44 of the taxonomy, which certificates make possible: whoever can write a certificate can write any name into it,
// and only who issued it tells one from the other. What a stranger writes convicts no log and is never the owner's.
import { createHash } from "node:crypto"
import { expect, test } from "vitest"
import { utf8 } from "../../../src/core/base/bytes.ts"
import { hashedrekordBody } from "../../../src/entry/kinds/hashedrekord-v002.ts"
import {
  makeIntermediate,
  makeLeaf,
  makeRoot,
  pemOf,
  rewritten,
} from "../../entry/certificates/authority.ts"
import { hashOf, makeSigner, type Signer, signMessage } from "../../entry/signers.ts"
import { grownLog } from "../../evil-log/grown-log.ts"
import { expectQuiet } from "../../evil-log/rounds.ts"
import { watchLog } from "../../evil-log/watched.ts"

const algorithm = "PKIX_ECDSA_P256_SHA_256"
const uri = "https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1"
const issuer = "https://token.actions.githubusercontent.com"
const root = makeRoot("sigstore", "ecdsa-p384")
const fulcio = makeIntermediate(root, "sigstore-intermediate", "ecdsa-p384", { pathLength: 0 })
const workflow = makeSigner("ecdsa-p256")
const thief = makeSigner("ecdsa-p256")

/** A logged signature under a certificate. */
function bodyUnder(certificate: Uint8Array, by: Signer, artifact: string): Uint8Array {
  return hashedrekordBody({
    algorithm,
    digest: hashOf(algorithm, utf8(artifact)),
    signature: signMessage(by, algorithm, utf8(artifact)),
    key: { form: "certificate", der: certificate },
  })
}

function digestOf(artifact: string): string {
  return `sha256:${createHash("sha256").update(artifact).digest("hex")}`
}

const files = { "fulcio.pem": pemOf(fulcio.der, root.der), "mine.list": `${digestOf("release")}\n` }
const watch = [
  ...["authority fulcio", "  roots fulcio.pem", "  eku code-signing"],
  ...["signer release", `  oidc ${issuer} https://github.com/acme/app/**`, "  mine mine.list"],
]

const claims: Readonly<Record<string, Uint8Array>> = {
  "row 39: a certificate that the thief made, in the workflow's name": bodyUnder(
    makeLeaf({ name: "me", signer: thief }, thief, { uri }),
    thief,
    "stolen",
  ),
  "row 40: the same under an authority with all the names of the real one": bodyUnder(
    makeLeaf(makeIntermediate(makeRoot("sigstore"), "sigstore-intermediate"), thief, { uri }),
    thief,
    "stolen",
  ),
  "row 41: the thief's real certificate, with the workflow's name written over his own": bodyUnder(
    rewritten(makeLeaf(fulcio, thief, { uri: uri.replace("acme", "evil") }), "/evil/", "/acme/"),
    thief,
    "stolen",
  ),
  "row 42: the workflow's own signature, in a certificate that somebody else made for its key":
    bodyUnder(makeLeaf({ name: "me", signer: thief }, workflow, { uri }), workflow, "release"),
  "row 43: a certificate that the authority issued for a server": bodyUnder(
    makeLeaf(fulcio, thief, { uri, purposes: ["1.3.6.1.5.5.7.3.1"] }),
    thief,
    "stolen",
  ),
  "row 44: a certificate of an authority that a real certificate's key pretends to be": bodyUnder(
    makeLeaf({ name: "", signer: workflow }, thief, { uri }),
    thief,
    "stolen",
  ),
}

test.each(Object.entries(claims))("%s is claimed-identity and nothing else", async (_, body) => {
  const evil = await grownLog(3)
  await evil.honest.force(bodyUnder(makeLeaf(fulcio, workflow, { uri }), workflow, "release"))
  const index = await evil.honest.force(body)
  const watched = await watchLog(evil, { front: await evil.front("log"), watch, files })
  const round = await watched.once()
  expect(round).toMatchObject({ code: 2 })
  expect(round.status.findings).toHaveLength(1)
  const evidence = "unexpected-entry"
  await watched.expectTold({ kind: "claimed-identity", grade: "PROVEN", evidence, index })
})

test("what the workflow signs under the authority's certificates is quiet", async () => {
  const evil = await grownLog(3)
  await evil.honest.force(bodyUnder(makeLeaf(fulcio, workflow, { uri }), workflow, "release"))
  const other = makeLeaf({ name: "me", signer: thief }, thief, { uri: "https://example.com/mine" })
  await evil.honest.force(bodyUnder(other, thief, "of no interest"))
  await expectQuiet(await watchLog(evil, { front: await evil.front("log"), watch, files }))
})
