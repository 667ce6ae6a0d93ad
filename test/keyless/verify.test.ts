// What is said of a bundle that holds: who signed, when, and what was passed over.
import { createHash } from "node:crypto"
import { describe, expect, test } from "vitest"
import { parseKeylessTrust } from "../../src/keyless/trust.ts"
import { neededHashesKeyless, verifyKeyless } from "../../src/keyless/verify.ts"
import { parseAnyBundle } from "../../src/sigstore/bundle.ts"
import { makeAuthority } from "../authority/authority.ts"
import { makeRekor } from "../authority/rekor.ts"
import type { BundleJson } from "../authority/signing.ts"
import { makeSigner } from "../entry/signers.ts"
import { expectRefusal } from "../refusals.ts"
import { withEntry, withRoot } from "./case.ts"
import { AT, IDENTITY, ISSUER, MINUTE, makeWorld, signIn } from "./world.ts"

const world = makeWorld()
const trustedRoot = parseKeylessTrust(world.trustedRoot)
const later = new Date(AT.getTime() + MINUTE)
const stranger = makeRekor(2, "stranger.example")

function verified(
  bundle: BundleJson,
  artifact: Uint8Array | { sha512: Uint8Array } = world.artifact,
) {
  const identity = { identity: IDENTITY, issuer: ISSUER }
  return verifyKeyless(parseAnyBundle(JSON.stringify(bundle)), { artifact, trustedRoot, identity })
}

describe("the time is", () => {
  test("the one that a log has promised", async () => {
    const { times, index, kind } = verified(await signIn(world, 1, "blob"))
    expect(times).toEqual([{ source: "log", time: later }])
    expect([kind, index]).toEqual(["hashedrekord", 3])
  })

  test("that of a timestamp", async () => {
    expect(verified(await signIn(world, 2, "blob")).times).toEqual([
      { source: "timestamp-authority", time: later },
    ])
  })

  test("both, where there are both", async () => {
    const timestamp = (signature: Uint8Array) => [world.authority.timestamp(signature, AT)]
    const { times } = verified(await signIn(world, 1, "blob", { timestamp }))
    expect(times.map(({ source }) => source)).toEqual(["log", "timestamp-authority"])
  })
})

describe("of several entries", () => {
  test("all hold that are of logs in the trusted root, and their times count", async () => {
    const logs = [world.rekor[1], world.rekor[2]]
    const { entries, times, passedOver } = verified(await signIn(world, 2, "blob", { logs }))
    expect(entries.map(({ version }) => version)).toEqual(["0.0.1", "0.0.2"])
    expect(times).toHaveLength(2)
    expect(passedOver).toEqual([])
  })

  test("one of a log that nobody knows is passed over and named", async () => {
    const logs = [stranger, world.rekor[2]]
    const { entries, passedOver } = verified(await signIn(world, 2, "blob", { logs }))
    expect(entries).toHaveLength(1)
    expect(passedOver).toHaveLength(1)
    expect(passedOver[0]?.reason).toContain("the trusted root has no log")
  })

  test("of a log whose key cannot be used here they are not called false", async () => {
    const publicKey = Buffer.from(makeSigner("rsa-2048").spki)
    const text = withRoot(world.trustedRoot, (root) => {
      const [tlog] = structuredClone(root.tlogs)
      tlog.publicKey.rawBytes = publicKey.toString("base64")
      root.tlogs.push(tlog)
    })
    const keyId = createHash("sha256").update(publicKey).digest("base64")
    const bundle = withEntry(await signIn(world, 1, "blob"), (entry) => {
      entry.logId.keyId = keyId
    })
    const check = { artifact: world.artifact, identity: { identity: IDENTITY, issuer: ISSUER } }
    const read = parseAnyBundle(JSON.stringify(bundle))
    expectRefusal("unsupported", () =>
      verifyKeyless(read, { ...check, trustedRoot: parseKeylessTrust(text) }),
    )
    expectRefusal("untrusted", () => verifyKeyless(read, { ...check, trustedRoot }))
  })

  test("the time of one that is passed over is none", async () => {
    const logs = [makeRekor(1, "stranger1.example"), world.rekor[2]]
    const bundle = await signIn(world, 2, "blob", { logs, timestamp: () => [] })
    expect(() => verified(bundle)).toThrow("no trusted time")
  })

  test("two of one log in the same second are one time", async () => {
    const logs = [world.rekor[1], world.rekor[1]]
    const { entries, times } = verified(await signIn(world, 1, "blob", { logs }))
    expect([entries.length, times.length]).toEqual([2, 1])
  })
})

test("a stranger's timestamp gives no time and is counted", async () => {
  const other = makeAuthority()
  const timestamp = (signature: Uint8Array) => [other.timestamp(signature, later)]
  const { times, timestampsPassedOver } = verified(await signIn(world, 1, "blob", { timestamp }))
  expect(times).toEqual([{ source: "log", time: later }])
  expect(timestampsPassedOver).toBe(1)
})

test("the hashes that are needed are those of the key, or of any subject", async () => {
  const hashes = async (form: "blob" | "dsse") =>
    neededHashesKeyless(parseAnyBundle(JSON.stringify(await signIn(world, 2, form))))
  expect(await hashes("blob")).toEqual(["sha256"])
  expect(await hashes("dsse")).toEqual(["sha256", "sha384", "sha512"])
})

test("a digest that is not the needed one is said to be missing", async () => {
  const bundle = await signIn(world, 2, "blob")
  expect(() => verified(bundle, { sha512: new Uint8Array(64) })).toThrow("sha256 digest is needed")
})
