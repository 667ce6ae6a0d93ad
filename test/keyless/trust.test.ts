// What a trusted root must say before anybody is trusted by it.
import { describe, expect, test } from "vitest"
import { parseKeylessTrust } from "../../src/keyless/trust.ts"
import { verifyKeyless } from "../../src/keyless/verify.ts"
import { parseAnyBundle } from "../../src/sigstore/bundle.ts"
import { withRoot } from "./case.ts"
import { IDENTITY, ISSUER, makeWorld, signIn } from "./world.ts"

const world = makeWorld()
const policy = { identity: IDENTITY, issuer: ISSUER }

// biome-ignore lint/suspicious/noExplicitAny: any member of the file.
const parsed = (change: (root: any) => void) =>
  parseKeylessTrust(withRoot(world.trustedRoot, change))

describe("a trusted root is refused", () => {
  // biome-ignore lint/suspicious/noExplicitAny: any member of the file.
  test.each<[string, (root: any) => void, RegExp]>([
    [
      "without certificate authorities",
      (root) => {
        root.certificateAuthorities = []
      },
      /expected a certificate authority/,
    ],
    [
      "without logs",
      (root) => {
        root.tlogs = []
      },
      /tlogs: expected a log/,
    ],
    [
      "with an authority without a window",
      (root) => {
        delete root.certificateAuthorities[0].validFor
      },
      /certificateAuthorities\[0\]\.validFor/,
    ],
    [
      "with an authority without a beginning",
      (root) => {
        root.certificateAuthorities[0].validFor = {}
      },
      /validFor\.start/,
    ],
    [
      "with a certificate log without a beginning",
      (root) => {
        root.ctlogs[0].publicKey.validFor = {}
      },
      /ctlogs\[0\]\.publicKey\.validFor\.start/,
    ],
    [
      "with a time that is none",
      (root) => {
        root.ctlogs[0].publicKey.validFor.start = "soon"
      },
      /expected a time, found "soon"/,
    ],
    [
      "with timestamps of whom nobody knows",
      (root) => {
        root.timestampAuthorities[0].certChain.certificates.shift()
      },
      /a certificate for time-stamping/,
    ],
    [
      "with a signer of timestamps whose authority is missing",
      (root) => {
        root.timestampAuthorities[0].certChain.certificates.pop()
      },
      /expected a root/,
    ],
    [
      "with code's authority in the place of timestamps'",
      (root) => {
        root.timestampAuthorities = root.certificateAuthorities
      },
      /a certificate for time-stamping/,
    ],
    [
      "with too many authorities",
      (root) => {
        root.ctlogs = Array(40).fill(root.ctlogs[0])
      },
      /up to 32/,
    ],
  ])("%s", (_, change, reason) => {
    expect(() => parsed(change)).toThrow(reason)
  })

  test("with a key of a certificate log that is none, once it is needed", async () => {
    const trustedRoot = parsed((root) => {
      root.ctlogs[0].publicKey.rawBytes = "AAAA"
    })
    const bundle = parseAnyBundle(JSON.stringify(await signIn(world, 2, "blob")))
    const check = { artifact: world.artifact, trustedRoot, identity: policy }
    expect(() => verifyKeyless(bundle, check)).toThrow("expected keys that can be used")
  })

  test("that was not read here", async () => {
    const { logs } = parseKeylessTrust(world.trustedRoot)
    const bundle = parseAnyBundle(JSON.stringify(await signIn(world, 2, "blob")))
    const check = { artifact: world.artifact, trustedRoot: { logs }, identity: policy }
    expect(() => verifyKeyless(bundle, check)).toThrow("made by parseKeylessTrust")
  })
})

test("an end that is null is none", async () => {
  const trustedRoot = parsed((root) => {
    for (const { validFor } of root.certificateAuthorities) validFor.end = null
    for (const { validFor } of root.timestampAuthorities) validFor.end = null
    for (const { publicKey } of [...root.ctlogs, ...root.tlogs]) publicKey.validFor.end = null
  })
  const bundle = parseAnyBundle(JSON.stringify(await signIn(world, 2, "blob")))
  const check = { artifact: world.artifact, trustedRoot, identity: policy }
  expect(verifyKeyless(bundle, check).signer.identity).toBe(IDENTITY)
})
