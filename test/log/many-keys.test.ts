// Envelopes with several signatures and keys: whatever their order, the log takes those that trying every pair would take,
// and tries few of the pairs.
import { createHash, sign } from "node:crypto"
import { expect, test } from "vitest"
import { Refusal } from "../../src/core/base/errors.ts"
import { dssePae } from "../../src/entry/dsse.ts"
import type { Proposal, SignatureCheck, SignatureVerifier } from "../../src/entry/entry.ts"
import { proposeEntry } from "../../src/entry/kinds/request.ts"
import { verifyPortably } from "../../src/entry/portable-verification.ts"
import { MOST_READINGS } from "../../src/entry/signature-diagnosis.ts"
import { verifyClaims } from "../../src/log/claims.ts"
import { base64, makeSigner, type Signer } from "../entry/signers.ts"

const payloadType = "application/vnd.in-toto+json"
const payload = Buffer.from('{"subject":[]}')
const message = dssePae(payloadType, payload)

const signers: readonly Signer[] = [
  ...Array.from({ length: 3 }, () => makeSigner("ecdsa-p256")),
  ...Array.from({ length: 3 }, () => makeSigner("ed25519")),
  ...Array.from({ length: 2 }, () => makeSigner("ecdsa-p384")),
  makeSigner("rsa-2048"),
  makeSigner("ecdsa-p521"),
]

const hashOf = { "ecdsa-p384": "sha384", "ecdsa-p521": "sha512" } as const

function signatureBy({ keyType, privateKey }: Signer, bytes: Uint8Array = message): string {
  if (keyType === "ed25519") return base64(sign(null, bytes, privateKey))
  const hash = hashOf[keyType as keyof typeof hashOf] ?? "sha256"
  return base64(sign(hash, bytes, privateKey))
}

function proposed(sigs: readonly string[], verifiers: readonly Signer[], hashed: string[] = []) {
  return proposeEntry(
    {
      kind: "dsse",
      envelope: {
        ...{ payload: base64(payload), payloadType },
        signatures: sigs.map((sig) => ({ sig })),
      },
      verifiers: verifiers.map(({ spki }) => ({ publicKey: base64(spki) })),
    },
    {
      hash(name, bytes) {
        hashed.push(name)
        return createHash(name).update(bytes).digest()
      },
    },
  )
}

const answers = new Map<string, boolean>()

/** Portable verification is slow, so what was asked before is remembered. */
function holds(check: SignatureCheck): boolean {
  const name = `${base64(check.spki)} ${base64(check.signature)}`
  const known = answers.get(name) ?? verifyPortably(check)
  answers.set(name, known)
  return known
}

function counting(): SignatureVerifier & { readonly calls: () => number } {
  let calls = 0
  return {
    engine: "counting",
    calls: () => calls,
    verify(check) {
      calls += 1
      return Promise.resolve(holds(check))
    },
    close: async () => {},
  }
}

/** Every pair is tried, and the first key that fits counts. */
function naively({ claims, body }: Proposal): Uint8Array | undefined {
  const held = claims.map((checks) => checks.findIndex(holds))
  if (held.includes(-1)) return undefined
  try {
    return body(held)
  } catch (error) {
    if (error instanceof Refusal) return undefined
    throw error
  }
}

async function asTheLog(verifier: SignatureVerifier, proposal: Proposal) {
  try {
    return proposal.body(await verifyClaims(verifier, proposal))
  } catch (error) {
    // `malformed` says of a single key that the signature has the length of another form.
    expect(error).toMatchObject({ code: expect.stringMatching(/^(bad-signature|malformed)$/) })
    return undefined
  }
}

/** Numbers that look random and are the same in every run (Park and Miller). */
function pseudorandom(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state * 48_271) % 2_147_483_647
    return state % below
  }
}

test("the log takes what trying every pair takes, and makes the same body of it", async () => {
  const random = pseudorandom(11)
  const shuffled = <T>(items: readonly T[]): T[] =>
    items
      .map((item) => ({ item, place: random(1_000_000) }))
      .toSorted((a, b) => a.place - b.place)
      .map(({ item }) => item)
  const taken = { yes: 0, no: 0 }
  for (let round = 0; round < 100; round++) {
    const verifiers = shuffled(signers).slice(0, 1 + random(6))
    const signing = shuffled(signers).slice(0, random(3) === 0 ? 1 + random(6) : 0)
    const by = shuffled([...(random(5) === 0 ? verifiers.slice(1) : verifiers), ...signing])
    const isOther = random(6) === 0
    const sigs = by.slice(0, 10).map((signer, i) => {
      return signatureBy(signer, isOther && i === 0 ? Buffer.from("another message") : message)
    })
    const distinct = [...new Set(sigs)]
    const proposal = proposed(
      distinct.length === 0 ? [signatureBy(signers[0] as Signer)] : distinct,
      verifiers,
    )
    const expected = naively(proposal)
    const verifier = counting()
    expect(await asTheLog(verifier, proposal)).toEqual(expected)
    const pairs = proposal.claims.length * verifiers.length
    expect(verifier.calls()).toBeLessThanOrEqual(pairs + MOST_READINGS)
    taken[expected === undefined ? "no" : "yes"] += 1
  }
  expect(taken.yes).toBeGreaterThan(20)
  expect(taken.no).toBeGreaterThan(20)
})

const ten = Array.from({ length: 10 }, () => makeSigner("ecdsa-p256"))
const signedByTen = ten.map((signer) => signatureBy(signer))

test("ten signatures in the order of their keys cost ten verifications", async () => {
  const verifier = counting()
  const proposal = proposed(signedByTen, ten)
  expect(await verifyClaims(verifier, proposal)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  expect(verifier.calls()).toBe(10)
})

test("in the worst order they cost no more than each key that is left once", async () => {
  const verifier = counting()
  await verifyClaims(verifier, proposed(signedByTen, ten.toReversed()))
  expect(verifier.calls()).toBeLessThanOrEqual(55)
})

test("a false signature ends it, however many follow", async () => {
  const verifier = counting()
  const wrong = signatureBy(makeSigner("ecdsa-p256"))
  const proposal = proposed([wrong, ...signedByTen.slice(1)], ten)
  await expect(verifyClaims(verifier, proposal)).rejects.toThrow(/signature 0 does not verify/)
  expect(verifier.calls()).toBe(10)
})

test("a key too many is named, for what as many keys as signatures cost", async () => {
  const verifier = counting()
  const proposal = proposed(signedByTen.slice(0, 9), ten)
  const held = await verifyClaims(verifier, proposal)
  expect(() => proposal.body(held)).toThrow("verifier 9 verifies no signature")
  expect(verifier.calls()).toBe(9)
})

test("signatures are not tried under keys of another form", async () => {
  const verifier = counting()
  const [p256, , , ed25519, , , , , rsa] = signers as readonly [Signer, ...Signer[]]
  const verifiers = [rsa, ed25519, p256] as readonly Signer[]
  const sigs = [p256, rsa, ed25519].map((signer) => signatureBy(signer as Signer))
  expect(await verifyClaims(verifier, proposed(sigs, verifiers))).toEqual([2, 0, 1])
  expect(verifier.calls()).toBe(3)
})

test("what was signed is hashed once for each hash, not for each pair", () => {
  const hashed: string[] = []
  const curves = signers.filter(({ keyType }) => keyType.startsWith("ecdsa"))
  const { claims } = proposed(
    curves.map((signer) => signatureBy(signer)),
    curves,
    hashed,
  )
  expect(claims.flat()).toHaveLength(curves.length ** 2)
  expect(hashed.toSorted()).toEqual(["sha256", "sha384", "sha512"])
})
