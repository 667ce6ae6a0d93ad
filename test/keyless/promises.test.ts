// The promises of certificate logs in a certificate: one of a log that the trusted root has suffices and every one must
// hold; those of others are passed over and count for nothing.
import { describe, expect, test } from "vitest"
import { concat, utf8 } from "../../src/core/base/bytes.ts"
import { parseKeylessTrust } from "../../src/keyless/trust.ts"
import { verifyKeyless } from "../../src/keyless/verify.ts"
import { parseAnyBundle } from "../../src/sigstore/bundle.ts"
import { makeAuthority } from "../authority/authority.ts"
import { expectRefusal } from "../refusals.ts"
import { withRoot } from "./case.ts"
import { AT, IDENTITY, ISSUER, makeWorld, signIn } from "./world.ts"

const world = makeWorld()
const { authority, signer } = world
const [stranger, second] = [makeAuthority(), makeAuthority()]
/** Its certificate log is beside the world's in `twoLogs`. */
const twoLogs = withRoot(world.trustedRoot, (root) => {
  root.ctlogs.push(...JSON.parse(second.trustedRoot([])).ctlogs)
})

type Promised = (signed: Uint8Array) => Uint8Array
const known: Promised = (signed) => authority.promise(signed, AT)
const ofAnother: Promised = () => authority.promise(utf8("another certificate"), AT)
const unknown: Promised = (signed) => stranger.promise(signed, AT)
const extended: Promised = (signed) => authority.promise(signed, AT, Uint8Array.of(0, 0, 1, 7))

async function verify(promises: readonly Promised[], trustedRoot = world.trustedRoot) {
  const [certificate] = authority.issue({
    publicKey: signer.spki,
    identity: IDENTITY,
    issuer: ISSUER,
    at: AT,
    promises: (signed) => promises.map((each) => each(signed)),
  }).chain
  const bundle = parseAnyBundle(JSON.stringify(await signIn(world, 2, "blob", { certificate })))
  return () =>
    verifyKeyless(bundle, {
      artifact: world.artifact,
      trustedRoot: parseKeylessTrust(trustedRoot),
      identity: { identity: IDENTITY, issuer: ISSUER },
    }).signer.identity
}

describe("a certificate holds", () => {
  test.each([
    ["with a promise of a known log alone", [known]],
    ["with one of an unknown log behind it", [known, unknown]],
    ["with one of an unknown log before it", [unknown, known]],
    ["with extensions in the one that is known", [unknown, extended]],
    ["with one too short to be one of a known log", [() => Uint8Array.of(0, 1), known]],
  ])("%s", async (_, promises) => {
    expect((await verify(promises))()).toBe(IDENTITY)
  })

  test("with one of a log that is not known, and not if it is known and the promise is false", async () => {
    // The other authority promises what its own intermediate has issued.
    const foreign: Promised = (signed) => second.promise(signed, AT)
    expect((await verify([known, foreign]))()).toBe(IDENTITY)
    expectRefusal("untrusted", await verify([known, foreign], twoLogs))
    expectRefusal("untrusted", await verify([foreign, known], twoLogs))
  })
})

describe("a certificate does not hold", () => {
  test.each([
    ["with promises of unknown logs alone", [unknown, unknown]],
    ["with an empty list", []],
    ["with a known log's promise for another certificate", [ofAnother]],
    ["with a good promise and a false one of the same log", [known, ofAnother]],
    ["with a false promise of a known log beside one of an unknown one", [unknown, ofAnother]],
    [
      "with a promise of a version that nobody knows",
      [(signed: Uint8Array) => concat(Uint8Array.of(1), known(signed).subarray(1))],
    ],
    ["with two promises of one log", [known, known]],
  ])("%s", async (_, promises) => {
    expectRefusal("untrusted", await verify(promises))
  })

  test("with a promise that ends too early", async () => {
    const cut: Promised = (signed) => known(signed).subarray(0, 60)
    expectRefusal("malformed", await verify([cut]))
  })
})
