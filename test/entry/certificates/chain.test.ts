// Chains of certificates: what an authority of the operator has issued chains, and everything else does not, with the
// reason. Node's own X.509 and the openssl command are asked as well.
import { execFileSync } from "node:child_process"
import { X509Certificate } from "node:crypto"
import { mkdtempSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { KeyUsageFlags } from "@peculiar/asn1-x509"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import type { RefusalCode } from "../../../src/core/base/errors.ts"
import { createEntryCheck } from "../../../src/crypto/engines/entry-check.ts"
import type { HashName, KeyType } from "../../../src/entry/algorithm.ts"
import {
  type AuthoritySet,
  makePool,
  readAuthorityPem,
} from "../../../src/entry/certificates/authority.ts"
import type { ChainResult } from "../../../src/entry/certificates/chain.ts"
import { createChainJudge, createLaterChainJudge } from "../../../src/entry/certificates/judge.ts"
import type { SignatureCheck } from "../../../src/entry/entry.ts"
import { verifyPortably } from "../../../src/entry/portable-verification.ts"
import { expectRefusal } from "../../refusals.ts"
import { makeSigner } from "../signers.ts"
import {
  type Issuer,
  issue,
  madeExtension,
  makeIntermediate,
  makeLeaf,
  makeRoot,
  pemOf,
  rewritten,
  type Wanted,
} from "./authority.ts"

const signer = makeSigner("ecdsa-p256")
const root = makeRoot("root")
const middle = makeIntermediate(root, "middle", "ecdsa-p256", { pathLength: 0 })
const trusted = authorityOf([root.der, middle.der])
const HOUR = 3_600_000

function authorityOf(ders: readonly Uint8Array[], isForCode = true): AuthoritySet {
  return { name: "acme", pools: [makePool(ders, "roots")], isForCode }
}

function judge(
  der: Uint8Array,
  authority: AuthoritySet = trusted,
  ...issuers: readonly Uint8Array[]
): ChainResult {
  return createChainJudge({ authorities: [authority] }, verifyPortably)({ der, issuers })
}

/** The authority of a chained certificate, or the reason of another one. */
function outcomeOf(...args: Parameters<typeof judge>): string {
  const result = judge(...args)
  return result.form === "chained" ? result.authority : result.reason
}

function opensslSays(leaf: Uint8Array, ca: Uint8Array, ...between: readonly Uint8Array[]): string {
  const folder = mkdtempSync(join(tmpdir(), "chain-"))
  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), text)
    return join(folder, name)
  }
  const untrusted = between.flatMap((der, i) => ["-untrusted", file(`${i}.pem`, pemOf(der))])
  const args = ["verify", "-CAfile", file("ca.pem", pemOf(ca)), ...untrusted]
  try {
    execFileSync("openssl", [...args, file("leaf.pem", pemOf(leaf))], { stdio: "pipe" })
    return "acme"
  } catch (error) {
    return (error as { code?: string }).code === "ENOENT" ? "absent" : "refused"
  }
}

describe("a certificate that the authority has issued chains", () => {
  test("through an intermediate, with the dates of all together", () => {
    const notBefore = new Date(Math.floor(Date.now() / 1000) * 1000)
    const leaf = makeLeaf(middle, signer, { notBefore })
    const begin = notBefore.getTime() / 1000
    expect(judge(leaf)).toEqual({
      form: "chained",
      authority: "acme",
      validity: { notBefore: begin, notAfter: begin + 600 },
    })
    expect(["acme", "absent"]).toContain(opensslSays(leaf, root.der, middle.der))
  })

  test("through intermediates that came with it", () => {
    const leaf = makeLeaf(middle, signer)
    const rootAlone = authorityOf([root.der])
    expect(outcomeOf(leaf, rootAlone)).toBe("no-path")
    expect(outcomeOf(leaf, rootAlone, middle.der)).toBe("acme")
    expect(outcomeOf(leaf, rootAlone, makeRoot("other").der, leaf, middle.der)).toBe("acme")
  })

  test("from the root alone", () => {
    expect(outcomeOf(makeLeaf(root, signer))).toBe("acme")
  })

  const all: readonly HashName[] = ["sha256", "sha384", "sha512"]
  const types: readonly (readonly [KeyType, readonly HashName[]])[] = [
    ["ecdsa-p256", all],
    ["ecdsa-p384", all],
    ["ecdsa-p521", ["sha512"]],
    ["rsa-2048", all],
    ["rsa-4096", ["sha256"]],
    ["ed25519", ["sha512"]],
  ]
  for (const [keyType, hash] of types.flatMap(([type, hashes]) =>
    hashes.map((each) => [type, each] as const),
  )) {
    test(`under keys of type ${keyType} with ${hash}, on every engine`, () => {
      const [top, wanted] = [makeRoot("top", keyType, { hash }), { hash }]
      const next = makeIntermediate(top, "next", keyType, wanted)
      const leaf = makeLeaf(next, signer, wanted)
      const authorities = [authorityOf([top.der, next.der])]
      const engine = createEntryCheck()
      const native = createChainJudge({ authorities }, (check) => engine.verify([check]))
      expect(outcomeOf(leaf, authorities[0])).toBe("acme")
      expect(native({ der: leaf })).toMatchObject({ form: "chained", authority: "acme" })
      const issuer = new X509Certificate(next.der)
      expect(new X509Certificate(leaf).verify(issuer.publicKey)).toBe(true)
      engine.close()
    })
  }

  test("after a change of roots, by the path that is valid longest", () => {
    const next = makeRoot("next root")
    const long = new Date(Date.now() + 3 * 365 * 24 * HOUR)
    const crossed = issue(root, "middle", middle.signer, { isAuthority: true })
    const renewed = issue(next, "middle", middle.signer, { isAuthority: true, notAfter: long })
    const leaf = makeLeaf(middle, signer, { notAfter: long })
    const roots = [root.der, next.der]
    expect(judge(leaf, authorityOf([...roots, crossed]))).toMatchObject({ form: "chained" })
    const both = judge(leaf, authorityOf([...roots, crossed, renewed]))
    const one = judge(leaf, authorityOf([...roots, renewed]))
    expect(both).toEqual(one)
  })

  test("also in an authority of several", () => {
    const other = { ...authorityOf([makeRoot("other").der]), name: "other" }
    const judgeBoth = createChainJudge({ authorities: [other, trusted] }, verifyPortably)
    expect(judgeBoth({ der: makeLeaf(middle, signer) })).toMatchObject({ authority: "acme" })
  })
})

describe("a certificate that the authority has not issued does not chain", () => {
  /** Of the same names and key identifiers as the authority's own, by other keys. */
  function impostor({ name }: Issuer, keyIdOf: Issuer): Issuer {
    const { privateKey } = makeSigner("ecdsa-p256")
    return { name, signer: { ...keyIdOf.signer, privateKey } }
  }

  const self = { name: "stranger", signer }
  const strangeRoot = makeRoot("root")
  const strangeMiddle = makeIntermediate(strangeRoot, "middle")
  const leaf = makeLeaf(middle, signer)

  const wrong: Readonly<Record<string, readonly [expected: string, der: Uint8Array]>> = {
    "made by the signer itself": ["no-path", makeLeaf(self, signer)],
    "made by the signer itself under the authority's name": [
      "no-path",
      makeLeaf(strangeMiddle, signer),
    ],
    "made under the authority's name and key identifier": [
      "bad-signature",
      makeLeaf(impostor(middle, middle), signer),
    ],
    "with another name written over the one that was signed": [
      "bad-signature",
      rewritten(leaf, "acme/app", "evil/app"),
    ],
    "that is the authority's own certificate": ["not-for-signing", middle.der],
    "for other purposes than code": [
      "not-for-signing",
      makeLeaf(middle, signer, { purposes: ["1.3.6.1.5.5.7.3.1"] }),
    ],
    "whose key may only encipher": [
      "not-for-signing",
      makeLeaf(middle, signer, { usage: KeyUsageFlags.keyEncipherment }),
    ],
    "with a critical extension that nobody knows": [
      "unreadable",
      makeLeaf(middle, signer, { more: [madeExtension("1.2.3.4", Uint8Array.of(5, 0), true)] }),
    ],
    "with an extension twice": [
      "unreadable",
      makeLeaf(middle, signer, { more: [madeExtension("2.5.29.15", Uint8Array.of(5, 0))] }),
    ],
    "that is signed over SHA-1": ["not-allowed", makeLeaf(middle, signer, { hash: "sha1" })],
    "from before the authority's own": [
      "not-valid",
      makeLeaf(middle, signer, { notBefore: new Date("2001-01-01T00:00:00Z") }),
    ],
  }
  /** OpenSSL is not told what certificates are for, and takes more than is taken here. */
  const toleratedByOpenssl: ReadonlySet<string> = new Set([
    "that is the authority's own certificate",
    "for other purposes than code",
    "whose key may only encipher",
    "that is signed over SHA-1",
    "through an intermediate that is for other purposes",
    // An empty list constrains nothing.
    "through an intermediate with name constraints",
  ])
  for (const [what, [expected, der]] of Object.entries(wrong)) {
    test(what, () => {
      expect(outcomeOf(der, trusted, strangeMiddle.der, strangeRoot.der)).toBe(expected)
      const says = opensslSays(der, root.der, middle.der)
      if (!toleratedByOpenssl.has(what)) expect(says).not.toBe("acme")
    })
  }

  test("with its dates moved or its signature broken", () => {
    const moved = Uint8Array.from(leaf)
    const year = Buffer.from(leaf).indexOf(Buffer.from([0x17, 0x0d]))
    moved[year + 2] = (moved[year + 2] as number) ^ 1
    expect(outcomeOf(moved)).not.toBe("acme")
    const broken = Uint8Array.from(leaf)
    broken[broken.length - 1] = (broken.at(-1) as number) ^ 1
    expect(outcomeOf(broken)).toBe("bad-signature")
  })

  test("with any byte changed", () => {
    fc.assert(
      fc.property(fc.nat(leaf.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const other = Uint8Array.from(leaf)
        other[at] = (other[at] as number) ^ change
        expect(outcomeOf(other)).not.toBe("acme")
      }),
      { numRuns: 200 },
    )
  })

  const wrongAuthorities: Readonly<Record<string, readonly [expected: string, Wanted]>> = {
    "that is no authority": ["not-allowed", { isAuthority: false }],
    "that may not sign certificates": ["not-allowed", { usage: KeyUsageFlags.cRLSign }],
    "that is for other purposes": ["not-allowed", { purposes: ["1.3.6.1.5.5.7.3.1"] }],
    "with name constraints": [
      "not-allowed",
      { more: [madeExtension("2.5.29.30", Uint8Array.of(0x30, 0))] },
    ],
    "with a critical extension that nobody knows": [
      "not-allowed",
      { more: [madeExtension("1.2.3.4", Uint8Array.of(5, 0), true)] },
    ],
    "that has expired": [
      "not-valid",
      { notBefore: new Date("2001-01-01T00:00:00Z"), notAfter: new Date("2002-01-01T00:00:00Z") },
    ],
    "that is not valid yet": ["not-valid", { notBefore: new Date(Date.now() + HOUR) }],
  }
  for (const [what, [expected, wanted]] of Object.entries(wrongAuthorities)) {
    test(`through an intermediate ${what}`, () => {
      const between = makeIntermediate(root, "between", "ecdsa-p256", wanted)
      const own = makeLeaf(between, signer)
      expect(outcomeOf(own, authorityOf([root.der]), between.der)).toBe(expected)
      const says = opensslSays(own, root.der, between.der)
      if (!toleratedByOpenssl.has(`through an intermediate ${what}`)) expect(says).not.toBe("acme")
    })
  }

  test("through more intermediates than an authority allows", () => {
    const beyond = makeIntermediate(middle, "beyond")
    expect(outcomeOf(makeLeaf(beyond, signer), trusted, beyond.der)).toBe("not-allowed")
    expect(["refused", "absent"]).toContain(
      opensslSays(makeLeaf(beyond, signer), root.der, middle.der, beyond.der),
    )
  })

  test("with a root that nobody named, whatever comes with it", () => {
    const own = makeLeaf(strangeMiddle, signer)
    expect(outcomeOf(own, trusted, strangeMiddle.der, strangeRoot.der)).toBe("no-path")
  })

  test("outside of the time in which the operator believes the root", () => {
    const pool = makePool([root.der, middle.der], "roots", {
      notAfter: Math.floor(Date.now() / 1000) - 3600,
    })
    const past = { name: "past", pools: [pool], isForCode: true }
    expect(outcomeOf(leaf, past)).toBe("not-valid")
  })

  test("if it is no certificate at all", () => {
    expect(outcomeOf(Uint8Array.of(1, 2, 3))).toBe("unreadable")
  })
})

describe("hostile chains cost little", () => {
  /** Judges and counts the signatures that were verified. */
  function countChecks(der: Uint8Array, issuers: readonly Uint8Array[], authority = trusted) {
    const checks: SignatureCheck[] = []
    const result = createChainJudge({ authorities: [authority] }, (check) => {
      checks.push(check)
      return verifyPortably(check)
    })({ der, issuers })
    return { checks, result }
  }

  test("nine authorities that have issued each other, in circles", () => {
    const same = makeSigner("ecdsa-p521")
    const ring = Array.from({ length: 9 }, () =>
      issue({ name: "ring", signer: same }, "ring", same, { isAuthority: true }),
    )
    const der = makeLeaf({ name: "ring", signer: same }, signer)
    const begin = performance.now()
    const { checks, result } = countChecks(der, ring)
    expect(checks).toHaveLength(0)
    expect(result).toMatchObject({ form: "unchained", reason: "too-complex" })
    expect(performance.now() - begin).toBeLessThan(500)
  })

  test("no key is computed with that no named authority has signed", () => {
    const strange = makeSigner("ecdsa-p521")
    const sub = { name: "sub", signer: strange }
    const forged = Array.from({ length: 9 }, () => {
      const made = issue(root, "sub", strange, { isAuthority: true })
      made[made.length - 1] = (made.at(-1) as number) ^ 1
      return made
    })
    const { checks, result } = countChecks(makeLeaf(sub, signer), forged)
    expect(checks.length).toBeLessThanOrEqual(8)
    expect(checks.every(({ algorithm }) => algorithm === "PKIX_ECDSA_P256_SHA_256")).toBe(true)
    expect(result).toMatchObject({ form: "unchained" })
  })

  test("the operator's own intermediates are found in spite of them", () => {
    const strange = makeSigner("ecdsa-p256")
    const crowd = Array.from({ length: 9 }, () =>
      issue({ name: "middle", signer: middle.signer }, "middle", strange, { isAuthority: true }),
    )
    expect(outcomeOf(makeLeaf(middle, signer), trusted, ...crowd)).toBe("acme")
  })

  test("a certificate that comes again is not judged again", async () => {
    let count = 0
    const der = makeLeaf(middle, signer)
    const judgeLater = createLaterChainJudge({ authorities: [trusted] }, (check) => {
      count += 1
      return Promise.resolve(verifyPortably(check))
    })
    await Promise.all([judgeLater({ der }), judgeLater({ der })])
    expect(await judgeLater({ der })).toMatchObject({ authority: "acme" })
    expect(count).toBeLessThanOrEqual(2)
  })

  test("trouble of the verifier is not remembered", async () => {
    let isBroken = true
    const judgeLater = createLaterChainJudge({ authorities: [trusted] }, (check) =>
      isBroken ? Promise.reject(new Error("busy")) : Promise.resolve(verifyPortably(check)),
    )
    const der = makeLeaf(middle, signer)
    await expect(judgeLater({ der })).rejects.toThrow("busy")
    isBroken = false
    expect(await judgeLater({ der })).toMatchObject({ form: "chained" })
  })
})

describe("authorities are read", () => {
  test("from PEM with roots and intermediates in any order", () => {
    const { roots, intermediates } = readAuthorityPem(pemOf(middle.der, root.der), "roots.pem")
    expect([roots.length, intermediates.length]).toEqual([1, 1])
  })

  const refusals: Readonly<Record<string, readonly [code: RefusalCode, text: () => string]>> = {
    "a signer's certificate": ["malformed", () => pemOf(makeLeaf(root, signer), root.der)],
    "no root": ["malformed", () => pemOf(middle.der)],
    "an intermediate whose issuer is missing": [
      "malformed",
      () => pemOf(root.der, makeIntermediate(makeRoot("else"), "orphan").der),
    ],
    "a key": ["malformed", () => "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"],
    "no PEM": ["malformed", () => "roots"],
    "name constraints": [
      "unsupported",
      () =>
        pemOf(
          makeRoot("r", "ecdsa-p256", {
            more: [madeExtension("2.5.29.30", Uint8Array.of(0x30, 0))],
          }).der,
        ),
    ],
    "too many": ["too-large", () => pemOf(...Array.from({ length: 65 }, () => root.der))],
  }
  for (const [what, [code, text]] of Object.entries(refusals)) {
    test(`and ${what} is refused`, () => {
      expectRefusal(code, () => readAuthorityPem(text(), "roots.pem"))
    })
  }
})
