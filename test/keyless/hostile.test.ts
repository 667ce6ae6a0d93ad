// Bundles and trusted roots of anybody's making: whatever their bytes are, the answer is a refusal and never another
// error, and no number of look-alikes makes it late.
import { describe, expect, test } from "vitest"
import { Refusal } from "../../src/core/base/errors.ts"
import { verifyCertificate } from "../../src/keyless/certificate.ts"
import type { EntityParts } from "../../src/keyless/entity.ts"
import { parseKeylessTrust } from "../../src/keyless/trust.ts"
import { verifyKeyless } from "../../src/keyless/verify.ts"
import { parseAnyBundle } from "../../src/sigstore/bundle.ts"
import { makeAuthority } from "../authority/authority.ts"
import { der, OCTET_STRING, SEQUENCE } from "../authority/der.ts"
import {
  issue,
  madeExtension,
  makeIntermediate,
  makeRoot,
} from "../entry/certificates/authority.ts"
import { base64, makeSigner } from "../entry/signers.ts"
import { withRoot } from "./case.ts"
import { AT, IDENTITY, ISSUER, MINUTE, makeWorld, signIn } from "./world.ts"

const world = makeWorld()
const trust = parseKeylessTrust(world.trustedRoot)
const policy = { identity: IDENTITY, issuer: ISSUER }
const signature = Uint8Array.from(Buffer.from("signature"))
const later = new Date(AT.getTime() + MINUTE)

const parts: EntityParts = {
  certificate: world.leaf,
  signature,
  logTimes: [],
  timestamps: [world.authority.timestamp(signature, later)],
}

/** The refusal's code; "holds" if there is none. Every other error is thrown. */
function outcomeOf(work: () => unknown): string {
  try {
    work()
    return "holds"
  } catch (error) {
    if (error instanceof Refusal) return error.code
    throw error
  }
}

/** Copies of the bytes with every third of them changed, in one of several ways. */
function* damaged(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 3) {
    const copy = Uint8Array.from(bytes)
    const old = copy[at] as number
    copy[at] = [old ^ 1, old ^ 0x80, 0x30, 0x04, 0xff][at % 5] as number
    if (copy[at] !== old) yield copy
  }
}

function nested(depth: number): Uint8Array {
  let inside = der(OCTET_STRING)
  for (let i = 0; i < depth; i++) inside = der(OCTET_STRING, inside)
  return inside
}

describe("bytes of anybody's making", () => {
  test("what is damaged below holds as it is", () => {
    expect(outcomeOf(() => verifyCertificate(parts, trust))).toBe("holds")
  })

  test("no byte of a certificate can be changed", () => {
    const outcomes = new Set<string>()
    for (const certificate of damaged(parts.certificate)) {
      outcomes.add(outcomeOf(() => verifyCertificate({ ...parts, certificate }, trust)))
    }
    expect(outcomes).not.toContain("holds")
    expect([...outcomes].toSorted()).toEqual(["malformed", "unsupported", "untrusted"])
  })

  test("a timestamp with any byte changed holds at its own time, or is refused", () => {
    const [timestamp] = parts.timestamps as [Uint8Array]
    const times = new Set<number>()
    for (const changed of damaged(timestamp)) {
      const check = { ...parts, timestamps: [changed] }
      outcomeOf(() => {
        for (const { time } of verifyCertificate(check, trust).times) times.add(time.getTime())
      })
    }
    expect([...times]).toEqual([later.getTime()])
  })

  test("a bundle with any byte of its text changed is refused or says the same", async () => {
    const text = JSON.stringify(await signIn(world, 2, "blob"))
    const check = { artifact: world.artifact, trustedRoot: trust, identity: policy }
    const bytes = Buffer.from(text)
    const signers = new Set<string>()
    for (let at = 0; at < bytes.length; at += 41) {
      const copy = Buffer.from(bytes)
      copy[at] = (copy[at] as number) ^ (1 + (at % 3))
      outcomeOf(() => {
        const { signer, index } = verifyKeyless(parseAnyBundle(copy.toString()), check)
        signers.add(`${signer.identity} ${index}`)
      })
    }
    expect(signers.size).toBeLessThanOrEqual(1)
  })

  test.each([100, 3000])("octet strings in octet strings, %i deep", (depth) => {
    const more = [madeExtension("1.2.3.4", nested(depth))]
    const wanted = { publicKey: world.signer.spki, identity: IDENTITY, issuer: ISSUER, at: AT }
    const [certificate] = world.authority.issue({ ...wanted, more }).chain
    expect(outcomeOf(() => verifyCertificate({ ...parts, certificate }, trust))).toMatch(
      /malformed|too-large/,
    )
    const timestamps = [der(SEQUENCE, der(SEQUENCE), nested(depth))]
    expect(outcomeOf(() => verifyCertificate({ ...parts, timestamps }, trust))).toBe("malformed")
  })

  test("a timestamp that is too long is not read", () => {
    const timestamps = [der(SEQUENCE, der(OCTET_STRING, new Uint8Array(40_000)))]
    expect(outcomeOf(() => verifyCertificate({ ...parts, timestamps }, trust))).toBe("too-large")
  })

  test("a leaf that has signed itself, or names itself as its issuer, has no authority", () => {
    const own = { name: "authority intermediate", signer: world.signer }
    const dates = { notBefore: AT, purposes: ["1.3.6.1.5.5.7.3.3"] }
    for (const name of ["", "authority intermediate"]) {
      const certificate = issue(own, name, world.signer, dates)
      expect(outcomeOf(() => verifyCertificate({ ...parts, certificate }, trust))).toBe("untrusted")
    }
  })
})

/** A trusted root of the world with these certificates of authorities instead. */
function trustWith(certificates: readonly Uint8Array[]) {
  const text = withRoot(world.trustedRoot, (root) => {
    const list = certificates.map((each) => ({ rawBytes: base64(each) }))
    root.certificateAuthorities[0].certChain.certificates = list
  })
  return parseKeylessTrust(text)
}

const dates = { notBefore: new Date("2020-01-01"), notAfter: new Date("2040-01-01") }

describe("authorities of anybody's making", () => {
  test("that vouch for each other end, and a way to a root is found", () => {
    const [a, b] = [makeRoot("a", "ecdsa-p256", dates), makeRoot("b", "ecdsa-p256", dates)]
    const cross = { ...dates, isAuthority: true }
    const circle = [issue(a, "b", b.signer, cross), issue(b, "a", a.signer, cross)]
    const wanted = { ...dates, purposes: ["1.3.6.1.5.5.7.3.3"] }
    const certificate = issue(b, "", world.signer, wanted)
    const given = trustWith([...circle, a.der, b.der])
    // It has come as far as the promise, which this leaf has not.
    expect(() => verifyCertificate({ ...parts, certificate }, given)).toThrow("got 0")
  })

  test("that look alike are tried up to a bound", () => {
    const root = makeRoot("root", "ecdsa-p256", dates)
    const shared = makeSigner("ecdsa-p256")
    const isAuthority = true
    const same = Array.from({ length: 60 }, () =>
      issue({ name: "same", signer: shared }, "same", shared, { ...dates, isAuthority }),
    )
    const under = issue(root, "same", shared, { ...dates, isAuthority })
    const given = trustWith([...same, under, root.der])
    const certificate = issue({ name: "same", signer: shared }, "", world.signer, {
      ...dates,
      purposes: ["1.3.6.1.5.5.7.3.3"],
    })
    expect(outcomeOf(() => verifyCertificate({ ...parts, certificate }, given))).toBe("untrusted")
  })

  test("that are for other purposes than code issue no signers", () => {
    const root = makeRoot("root", "ecdsa-p256", dates)
    const purposes = ["1.3.6.1.5.5.7.3.8"]
    const intermediate = makeIntermediate(root, "other", "ecdsa-p256", { ...dates, purposes })
    const certificate = issue(intermediate, "", world.signer, {
      ...dates,
      purposes: ["1.3.6.1.5.5.7.3.3"],
    })
    const given = trustWith([intermediate.der, root.der])
    expect(() => verifyCertificate({ ...parts, certificate }, given)).toThrow(
      "the name and the key",
    )
  })

  test("of timestamps, with keys of a form that is not known, are not called false", () => {
    const other = makeAuthority({ timestamps: { keyType: "rsa-2048" } })
    const wanted = { publicKey: world.signer.spki, identity: IDENTITY, issuer: ISSUER, at: AT }
    const [certificate] = other.issue(wanted).chain
    const given = parseKeylessTrust(other.trustedRoot(JSON.parse(world.trustedRoot).tlogs))
    const timestamps = [other.timestamp(signature, later)]
    const outcome = outcomeOf(() => verifyCertificate({ ...parts, certificate, timestamps }, given))
    expect(outcome).toBe("unsupported")
  })
})
