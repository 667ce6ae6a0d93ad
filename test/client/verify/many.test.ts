// Many bundles under one trust: the same verdicts as one by one, and shared checkpoints verified once.
import { describe, expect, test } from "vitest"
import { portableEngine, type VerifierEngine } from "../../../src/client/verify/engine.ts"
import { createBundleVerifier, rememberLines } from "../../../src/client/verify/many.ts"
import { verifyBundle } from "../../../src/client/verify/verify.ts"
import { readTrustedRoot } from "../../../src/sigstore/trusted-root.ts"
import { makeSigner } from "../../entry/signers.ts"
import { expectRefusal } from "../../refusals.ts"
import { everyV1, hashedrekordV1, makeRekorLog } from "./made-rekor.ts"

const log = makeRekorLog()
const trust = readTrustedRoot(log.trustedRoot)

/** The portable engine, counting what it is asked. */
function counting() {
  const asked = { signatures: 0, lines: 0, digests: 0 }
  const engine: VerifierEngine = {
    ...portableEngine,
    checkSignature: (check) => {
      asked.signatures += 1
      return portableEngine.checkSignature(check)
    },
    checkLine: (...line) => {
      asked.lines += 1
      return portableEngine.checkLine(...line)
    },
    digest: (hash, bytes) => {
      asked.digests += 1
      return portableEngine.digest(hash, bytes)
    },
  }
  return { asked, engine }
}

test("rememberLines() tells keys apart that share their name and their ID", () => {
  const asked: string[] = []
  const rule = rememberLines((vkey, text, signature) => {
    asked.push(`${vkey.type} ${vkey.publicKey[0]} ${text} ${signature[0]}`)
    return vkey.publicKey[0] === 1
  })
  const key = (first: number, type: 1 | 4 = 1) => ({
    name: "log.example",
    keyId: 7,
    type,
    publicKey: new Uint8Array(32).fill(first),
  })
  const lines = () => [
    rule(key(1), "text", Uint8Array.of(1)),
    rule(key(2), "text", Uint8Array.of(1)),
    rule(key(1, 4), "text", Uint8Array.of(1)),
    rule(key(1), "other", Uint8Array.of(1)),
    rule(key(1), "text", Uint8Array.of(2)),
  ]
  expect(lines()).toEqual([true, false, true, true, true])
  expect(lines()).toEqual([true, false, true, true, true])
  expect(asked).toHaveLength(5)
  for (let i = 0; i < 2; i++) rule(key(1), "x".repeat(5_000), Uint8Array.of(1))
  expect(asked).toHaveLength(7)
})

describe("createBundleVerifier()", () => {
  test("says of each bundle what verifyBundle() says", () => {
    const { verify } = createBundleVerifier(trust)
    for (const { text: bundle, artifact, key } of everyV1(log)) {
      const expected = verifyBundle({ bundle, artifact, key, trust })
      expect(verify({ bundle, artifact, key })).toEqual(expected)
      expect(verify({ bundle, artifact, key })).toEqual(expected)
    }
  })

  test("verifies every signature with the engine that it is given, and a checkpoint once", () => {
    const { asked, engine } = counting()
    const { verify } = createBundleVerifier(trust, { engine })
    const {
      text: bundle,
      artifact,
      key,
    } = hashedrekordV1(log, "shared", {
      signer: makeSigner("ecdsa-p256"),
    })
    for (let i = 0; i < 3; i++) verify({ bundle, artifact, key })
    expect(asked).toEqual({ signatures: 6, lines: 1, digests: 3 })
  })

  test("remembers of a line that does not hold that it does not", () => {
    const forged = makeRekorLog({
      note: (text, line) => `${text}\n${line.slice(0, -20)}AAAA${line.slice(-16)}`,
    })
    const { verify } = createBundleVerifier(readTrustedRoot(forged.trustedRoot))
    const signing = { signer: makeSigner("ecdsa-p256") }
    const { text: bundle, artifact, key } = hashedrekordV1(forged, "forged", signing)
    for (let i = 0; i < 2; i++)
      expectRefusal("bad-signature", () => verify({ bundle, artifact, key }))
  })

  test("does not take what holds under one key for what holds under another", () => {
    const signing = { signer: makeSigner("ecdsa-p256") }
    const { text: bundle, artifact, key } = hashedrekordV1(log, "keys", signing)
    const { verify } = createBundleVerifier(trust)
    expect(verify({ bundle, artifact, key }).inclusion).toBe("proof")
    const stranger = hashedrekordV1(log, "stranger", { signer: makeSigner("ecdsa-p256") })
    expectRefusal("bad-signature", () => verify({ bundle, artifact, key: stranger.key }))
  })

  test("compares times with the clock that it is given", () => {
    const signing = { signer: makeSigner("ecdsa-p256") }
    const { text: bundle, artifact, key } = hashedrekordV1(log, "clock", signing)
    const { verify } = createBundleVerifier(trust, { now: new Date(0) })
    expectRefusal("mismatch", () => verify({ bundle, artifact, key }))
  })
})
