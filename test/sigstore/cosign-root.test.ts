import { expect, test } from "vitest"
import { parseAnyBundle } from "../../src/sigstore/bundle.ts"
import { makeIntermediate, makeLeaf, makeRoot, pemOf } from "../entry/certificates/authority.ts"
import { makeSigner } from "../entry/signers.ts"

const root = makeRoot("root")
const intermediate = makeIntermediate(root, "intermediate")
const leaf = makeLeaf(intermediate, makeSigner("ecdsa-p256"))

function bundleWith(cert: string): string {
  const body = Buffer.from('{"apiVersion":"0.0.1","kind":"hashedrekord","spec":{}}')
  const payload = {
    body: body.toString("base64"),
    integratedTime: 1,
    logIndex: 0,
    logID: "00".repeat(32),
  }
  const rekorBundle = { SignedEntryTimestamp: "AAAA", Payload: payload }
  return JSON.stringify({ base64Signature: "MAA=", cert, rekorBundle })
}

test("cosign's older bundle has the chain as the authority gave it, of which the root is left to the verifier", () => {
  const chained = pemOf(leaf, intermediate.der, root.der)
  for (const cert of [chained, Buffer.from(chained).toString("base64")]) {
    const { verifier } = parseAnyBundle(bundleWith(cert))
    expect(verifier).toEqual({ form: "certificate", der: leaf, chain: [intermediate.der] })
  }
})

test("a leaf that is its own issuer stays what it is", () => {
  const { verifier } = parseAnyBundle(bundleWith(pemOf(root.der)))
  expect(verifier).toEqual({ form: "certificate", der: root.der })
})
