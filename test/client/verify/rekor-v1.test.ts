// Bundles over logs of Rekor v1: each kind of entry, checkpoints by tree, promises, and what the log leaves to its clients.
import { beforeAll, describe, expect, test } from "vitest"
import { openTrusted, signingLog } from "../../../src/client/trust.ts"
import { type BundleCheck, verifyBundle } from "../../../src/client/verify/verify.ts"
import { utf8 } from "../../../src/core/base/bytes.ts"
import { formatPem } from "../../../src/core/base/pem.ts"
import { formatVkey, makeVkey } from "../../../src/core/note/note.ts"
import { parsePolicy } from "../../../src/core/note/policy.ts"
import { readTrustedRoot } from "../../../src/sigstore/trusted-root.ts"
import { base64, makeSigner } from "../../entry/signers.ts"
import { expectRefusal } from "../../refusals.ts"
import { certificateOf } from "../made-bundles.ts"
import { makeLog } from "../made-log.ts"
import {
  certified,
  dsseV1,
  ENTRY_TIME,
  type EntryJson,
  everyV1,
  hashedrekordV1,
  intotoV1,
  type MadeV1,
  makeRekorLog,
  type RekorLog,
} from "./made-rekor.ts"

let log: RekorLog
let bundles: readonly MadeV1[]

beforeAll(() => {
  log = makeRekorLog()
  bundles = everyV1(log)
})

const p256 = () => ({ signer: makeSigner("ecdsa-p256") })

function check(made: MadeV1, changes: Partial<BundleCheck> = {}, of = log) {
  const { text, artifact, key } = made
  const trust = readTrustedRoot(of.trustedRoot)
  return verifyBundle({ bundle: text, artifact, key, trust, ...changes })
}

/** The bundle with its one entry changed, of a version. */
function changed(made: MadeV1, change: (entry: EntryJson) => EntryJson, version = "0.3"): MadeV1 {
  return { ...made, text: made.around([change(made.entry)], version) }
}

/** The same entry with a body that is logged as it is. */
function relogged(made: MadeV1, change: (body: string) => string, of = log): MadeV1 {
  const body = Buffer.from(made.entry.canonicalizedBody, "base64").toString()
  expect(change(body)).not.toBe(body)
  return { ...made, text: made.around([of.add(utf8(change(body)))]) }
}

describe("a bundle of Rekor v1", () => {
  test("is verified for each kind of entry, with the time that the log promised", () => {
    const found = bundles.map((made) => {
      const { kind, version, algorithm, index, logIndex, inclusion, origin, time } = check(made)
      expect({ inclusion, origin, time }).toEqual({
        inclusion: "proof",
        origin: "rekor.example - 1193050959916656506",
        time: new Date(ENTRY_TIME * 1000),
      })
      expect(logIndex).toBe(1_000 + index)
      return `${made.name}: ${kind} ${version} ${algorithm}`
    })
    expect(found).toEqual([
      "blob p256: hashedrekord 0.0.1 PKIX_ECDSA_P256_SHA_256",
      "blob p384: hashedrekord 0.0.1 PKIX_ECDSA_P384_SHA_384",
      "blob rsa: hashedrekord 0.0.1 PKIX_RSA_PKCS1V15_2048_SHA256",
      "blob ed25519ph: hashedrekord 0.0.1 PKIX_ED25519_PH",
      "blob certificate: hashedrekord 0.0.1 PKIX_ECDSA_P256_SHA_256",
      "dsse p256: dsse 0.0.1 PKIX_ECDSA_P256_SHA_256",
      "dsse p384: dsse 0.0.1 PKIX_ECDSA_P384_SHA_384",
      "dsse ed25519: dsse 0.0.1 PKIX_ED25519",
      "dsse of a text: dsse 0.0.1 PKIX_RSA_PKCS1V15_2048_SHA256",
      "dsse certificate: dsse 0.0.1 PKIX_ECDSA_P256_SHA_256",
      "intoto p256: intoto 0.0.2 PKIX_ECDSA_P256_SHA_256",
      "intoto certificate: intoto 0.0.2 PKIX_ECDSA_P256_SHA_256",
    ])
  })

  test("is verified in the spellings that the log takes over from its clients", () => {
    const { signer, certificate } = certified()
    const leaf = formatPem({ label: "CERTIFICATE", der: certificate })
    const wide = `-----BEGIN CERTIFICATE-----\r\n${base64(certificate)}\r\n-----END CERTIFICATE-----\r\n`
    const other = formatPem({ label: "CERTIFICATE", der: certificateOf(makeSigner("ecdsa-p256")) })
    for (const pem of [`Bag Attributes\n${leaf}`, wide, leaf.trimEnd(), leaf + other]) {
      const signing = { signer, certificate, pem: base64(utf8(pem)) }
      expect(check(intotoV1(log, "spelled", signing)).kind).toBe("intoto")
      expect(check(hashedrekordV1(log, "spelled", signing)).kind).toBe("hashedrekord")
    }
    const upper = relogged(hashedrekordV1(log, "upper", p256()), (body) =>
      body.replace(/"value":"[0-9a-f]+"/, (hex) => `"value":"${hex.slice(9, -1).toUpperCase()}"`),
    )
    expect(check(upper).kind).toBe("hashedrekord")
  })

  test("is verified where the log keeps the payload in its entry, which must then be the one", () => {
    const withPayload = (payload: string) =>
      relogged(intotoV1(log, "kept", p256()), (body) =>
        body.replace('"envelope":{', `"envelope":{"payload":"${payload}",`),
      )
    const made = intotoV1(log, "kept", p256())
    const { payload } = JSON.parse(made.text).dsseEnvelope
    const kept = relogged(made, (body) =>
      body.replace('"envelope":{', `"envelope":{"payload":"${base64(utf8(payload))}",`),
    )
    expect(check(kept).kind).toBe("intoto")
    expectRefusal("mismatch", () => check(withPayload(base64(utf8(base64(utf8("other")))))))
  })

  test.each([
    ["another digest", "hashedrekord", /"value":"../, '"value":"00'],
    [
      "another digest of the payload",
      "dsse",
      /"payloadHash":(.*?)"value":"../,
      '"payloadHash":$1"value":"00',
    ],
    [
      "another digest of the payload",
      "intoto",
      /"payloadHash":(.*?)"value":"../,
      '"payloadHash":$1"value":"00',
    ],
    ["another signature", "hashedrekord", /"content":"..../, '"content":"AAAA'],
    ["another signature", "dsse", /"signature":"..../, '"signature":"AAAA'],
    ["another signature", "intoto", /"sig":"..../, '"sig":"AAAA'],
    ["another payload type", "intoto", "in-toto+json", "in-toto+jsom"],
    ["a member more", "hashedrekord", '"spec":{', '"spec":{"a":1,'],
    ["a member more", "dsse", '"spec":{', '"spec":{"a":1,'],
    ["a member more", "intoto", '"content":{', '"content":{"a":1,'],
    ["no digest of the envelope", "dsse", /"envelopeHash":\{.*?\},/, ""],
    ["no digest of the envelope", "intoto", /"hash":\{.*?\},/, ""],
    ["an empty digest of the envelope", "dsse", /("envelopeHash":.*?"value":")\w+/, "$1"],
    ["null for the digest of the envelope", "intoto", /"hash":\{.*?\}/, '"hash":null'],
    [
      "another hash for the envelope",
      "dsse",
      '"envelopeHash":{"algorithm":"sha256"',
      '"envelopeHash":{"algorithm":"sha1"',
    ],
    ["two signatures", "dsse", /"signatures":\[(\{.*?\})\]/, '"signatures":[$1,$1]'],
    ["two signatures", "intoto", /"signatures":\[(\{.*?\})\]/, '"signatures":[$1,$1]'],
    ["no signature", "dsse", /"signatures":\[.*?\]/, '"signatures":[]'],
    [
      "members in another order",
      "dsse",
      /"apiVersion":"0.0.1","kind":"dsse"/,
      '"kind":"dsse","apiVersion":"0.0.1"',
    ],
    ["a member twice", "hashedrekord", '"kind":', '"kind":"x","kind":'],
    ["no spec", "dsse", /"spec":.*/, '"spec":null}'],
  ] as const)(
    "is refused for an entry with %s (%s), though the log has it",
    (_, kind, from, to) => {
      const make = { hashedrekord: hashedrekordV1, dsse: dsseV1, intoto: intotoV1 }[kind]
      const made = relogged(make(log, "wrong body", p256()), (body) => body.replace(from, to))
      expectRefusal("mismatch", () => check(made))
    },
  )

  test("is refused if the entry names another key, and the certificate's own key in its place", () => {
    const other = makeSigner("ecdsa-p256")
    for (const make of [hashedrekordV1, dsseV1, intotoV1]) {
      const wrong = formatPem({ label: "PUBLIC KEY", der: other.spki })
      const named = (pem: string) =>
        relogged(make(log, "other key", p256()), (body) =>
          body.replace(/"LS0tLS1CRUdJTi[^"]*"/, `"${base64(utf8(pem))}"`),
        )
      expectRefusal("mismatch", () => check(named(wrong)))
      const { signer, certificate } = certified()
      const bare = formatPem({ label: "PUBLIC KEY", der: signer.spki })
      const signing = { signer, certificate, pem: base64(utf8(bare)) }
      expectRefusal("mismatch", () => check(make(log, "bare key", signing)))
    }
  })

  test("is not judged where the log pairs keys with hashes that are not paired here", () => {
    const made = hashedrekordV1(log, "p384", { signer: makeSigner("ecdsa-p384") })
    const digest = "00".repeat(32)
    const paired = relogged(made, (body) =>
      body.replace(
        /"algorithm":"sha384","value":"\w+"/,
        `"algorithm":"sha256","value":"${digest}"`,
      ),
    )
    expectRefusal("unsupported", () => check(paired))
    const [entry] = JSON.parse(paired.text).verificationMaterial.tlogEntries as EntryJson[]
    if (entry === undefined) expect.fail("the bundle has no entry")
    const unproven = { ...entry, inclusionProof: { ...entry.inclusionProof, hashes: [] } }
    const text = made.around([unproven as EntryJson])
    expectRefusal("bad-proof", () => check({ ...made, text }))
  })

  test("is not judged for a kind that no bundle is about, and false if that is not the body's", () => {
    const made = hashedrekordV1(log, "kind", p256())
    const rekord = relogged(made, (body) => body.replace("hashedrekord", "rekord"))
    expectRefusal("unsupported", () => check(rekord))
    const renamed = (kind: string, version: string) =>
      changed(made, (entry) => ({ ...entry, kindVersion: { kind, version } }))
    expectRefusal("mismatch", () => check(renamed("helm", "0.0.1")))
    expectRefusal("mismatch", () => check(renamed("hashedrekord", "0.0.2")))
    expectRefusal("mismatch", () => check(renamed("dsse", "0.0.1")))
  })
})

describe("the checkpoint of a tree", () => {
  test("is taken under the log's host, with its port if the URL has one, and under no other name", () => {
    const ported = makeRekorLog({ host: "localhost:8000", baseUrl: "http://localhost:8000/x" })
    const made = hashedrekordV1(ported, "port", p256())
    expect(check(made, {}, ported).origin).toBe("localhost:8000 - 1193050959916656506")
    const renamed = makeRekorLog({ host: "other.example", baseUrl: "https://rekor.example" })
    const wrong = hashedrekordV1(renamed, "name", p256())
    expectRefusal("mismatch", () => check(wrong, {}, renamed))
  })

  test("may have extension lines and lines of others, but the log's own line must hold", () => {
    const extended = makeRekorLog({
      note: (text, line) => `${text}\n${line}— witness.example AAAAAAAA\n`,
    })
    expect(check(hashedrekordV1(extended, "lines", p256()), {}, extended).inclusion).toBe("proof")
    const forged = makeRekorLog({
      note: (text, line) => `${text}\n${line.slice(0, -20)}AAAA${line.slice(-16)}`,
    })
    expectRefusal("bad-signature", () => check(hashedrekordV1(forged, "x", p256()), {}, forged))
    const unsigned = makeRekorLog({
      note: (text, line) => `${text}\n${line.replace("— rekor.example", "— other.example")}`,
    })
    expectRefusal("untrusted", () => check(hashedrekordV1(unsigned, "x", p256()), {}, unsigned))
  })

  test("is taken by a policy and by bare keys that name the host", () => {
    const vkey = formatVkey(makeVkey("rekor.example", 2, log.signer.spki))
    const made = bundles[0]
    if (made === undefined) expect.fail("there are no bundles")
    const policy = parsePolicy(`log ${vkey}\nquorum none\n`)
    expect(check(made, { trust: { policy } }).time).toEqual(new Date(ENTRY_TIME * 1000))
    const trust = { vkeys: [vkey], origin: "rekor.example" }
    expect(check(made, { trust }).index).toBe(1)
    expectRefusal("mismatch", () => check(made, { trust: { ...trust, origin: "other.example" } }))
    const stranger = formatVkey(makeVkey("rekor.example", 2, makeSigner("ecdsa-p256").spki))
    expectRefusal("untrusted", () => check(made, { trust: { ...trust, vkeys: [stranger] } }))
  })

  test("of an Ed25519 log is taken under the key's ID in Rekor v1", () => {
    const ed25519 = makeRekorLog({ keyType: "ed25519" })
    const made = hashedrekordV1(ed25519, "ed25519", p256())
    expect(check(made, {}, ed25519).time).toEqual(new Date(ENTRY_TIME * 1000))
  })

  test("has the index that is proven, whatever index over all trees nobody promised", () => {
    const made = hashedrekordV1(log, "index", p256())
    const { inclusionPromise: _, ...rest } = made.entry
    const own = Number(made.entry.inclusionProof?.logIndex)
    const stated = (logIndex: number) => changed(made, () => ({ ...rest, logIndex: `${logIndex}` }))
    for (const logIndex of [own, own + 1, own + 999_999]) {
      const { index, logIndex: promised, time } = check(stated(logIndex))
      expect({ index, promised, time }).toEqual({
        index: own,
        promised: undefined,
        time: undefined,
      })
    }
    expectRefusal("bad-proof", () => check(stated(own - 1)))
  })
})

describe("a promise", () => {
  const without = ({ inclusionProof: _, ...entry }: EntryJson): EntryJson => entry

  test("alone is enough in version 0.1, and the verdict says so", () => {
    for (const made of bundles) {
      const promised = changed(made, without, "0.1")
      const { inclusion, size, root, origin, index, time } = check(promised)
      expect({ inclusion, size, root, origin }).toEqual({
        inclusion: "promise",
        size: undefined,
        root: undefined,
        origin: "rekor.example",
      })
      expect(String(index)).toBe(made.entry.logIndex)
      expect(time).toEqual(new Date(ENTRY_TIME * 1000))
      for (const version of ["0.2", "0.3"]) {
        expectRefusal("bad-proof", () => check(changed(made, without, version)))
      }
    }
  })

  test.each([
    ["time", (entry: EntryJson) => ({ ...entry, integratedTime: String(ENTRY_TIME - 1) })],
    ["index", (entry: EntryJson) => ({ ...entry, logIndex: String(Number(entry.logIndex) + 1) })],
  ] as const)("with another %s does not hold, also beside a proof", (_, change) => {
    const made = hashedrekordV1(log, "promise", p256())
    expectRefusal("bad-signature", () => check(changed(made, change)))
    const alone = changed(made, (entry) => without(change(entry)), "0.1")
    expectRefusal("bad-signature", () => check(alone))
  })

  test("beside a proof that does not hold does not help, nor does a proof help it", () => {
    const made = hashedrekordV1(log, "both", p256())
    const unproven = changed(made, ({ inclusionProof, ...entry }) => ({
      ...entry,
      ...(inclusionProof && { inclusionProof: { ...inclusionProof, hashes: [] } }),
    }))
    expectRefusal("bad-proof", () => check(unproven))
    const other = hashedrekordV1(log, "other", p256()).entry.inclusionPromise
    const swapped = changed(made, (entry) => ({
      ...entry,
      ...(other && { inclusionPromise: other }),
    }))
    expectRefusal("bad-signature", () => check(swapped))
    const empty = changed(made, (entry) => ({ ...entry, inclusionPromise: {} as never }))
    expectRefusal("malformed", () => check(empty))
  })

  test("reaches no quorum, and is nothing under a key that is not pinned", () => {
    const made = changed(hashedrekordV1(log, "quorum", p256()), without, "0.1")
    const vkey = formatVkey(makeVkey("rekor.example", 2, log.signer.spki))
    const witness = formatVkey(
      makeVkey("witness.example", 4, makeSigner("ed25519").spki.subarray(-32)),
    )
    const none = parsePolicy(`log ${vkey}\nquorum none\n`)
    expect(check(made, { trust: { policy: none } }).inclusion).toBe("promise")
    const one = parsePolicy(`log ${vkey}\nwitness w ${witness}\nquorum w\n`)
    expectRefusal("untrusted", () => check(made, { trust: { policy: one } }))
    const stranger = makeRekorLog()
    expectRefusal("untrusted", () => check(made, {}, stranger))
  })

  test("of a time that has not come yet is false", () => {
    const made = hashedrekordV1(log, "future", p256())
    const at = (seconds: number) => ({ now: new Date((ENTRY_TIME + seconds) * 1000) })
    expect(check(made, at(0)).inclusion).toBe("proof")
    expect(check(made, at(-60)).inclusion).toBe("proof")
    expectRefusal("mismatch", () => check(made, at(-61)))
  })
})

describe("the window of the log's key", () => {
  const rooted = (validFor: object | undefined): Partial<BundleCheck> => {
    const root = JSON.parse(log.trustedRoot)
    root.tlogs[0].publicKey.validFor = validFor
    return { trust: readTrustedRoot(JSON.stringify(root)) }
  }
  const at = (seconds: number) => new Date((ENTRY_TIME + seconds) * 1000).toISOString()

  test("includes both its ends", () => {
    const made = hashedrekordV1(log, "window", p256())
    expect(check(made, rooted({ start: at(0), end: at(0) })).keyEnded).toBeUndefined()
    expectRefusal("untrusted", () => check(made, rooted({ start: at(1) })))
    expectRefusal("untrusted", () => check(made, rooted({ start: at(-9), end: at(-1) })))
  })

  test("must have a beginning", () => {
    const made = hashedrekordV1(log, "window", p256())
    for (const period of [undefined, {}, { end: at(9) }]) {
      expectRefusal("untrusted", () => check(made, rooted(period)))
    }
  })

  test("that is over does not speak against an entry without a time, but the verdict says so", () => {
    const made = hashedrekordV1(log, "undated", p256())
    const undated = changed(made, ({ inclusionPromise: _, ...entry }) => entry)
    const ended = rooted({ start: at(-9), end: at(-1) })
    expect(check(undated, ended).keyEnded).toEqual(new Date(at(-1)))
    const future = rooted({ start: new Date(Date.now() + 3_600_000).toISOString() })
    expectRefusal("untrusted", () => check(undated, future))
  })

  test("may be one of several for the same key", () => {
    const root = JSON.parse(log.trustedRoot)
    const [own] = root.tlogs
    const period = (validFor: object) => ({ ...own, publicKey: { ...own.publicKey, validFor } })
    root.tlogs = [period({ start: at(-9), end: at(-5) }), period({ start: at(-4) })]
    const made = hashedrekordV1(log, "windows", p256())
    expect(check(made, { trust: readTrustedRoot(JSON.stringify(root)) }).inclusion).toBe("proof")
  })
})

describe("several entries", () => {
  test("must hold if they are of pinned logs; others are passed over and named", () => {
    const stranger = makeRekorLog({ host: "stranger.example" })
    const made = hashedrekordV1(log, "several", p256())
    const body = Uint8Array.from(Buffer.from(made.entry.canonicalizedBody, "base64"))
    const strange = stranger.add(body)
    const of = (...entries: EntryJson[]) => ({ ...made, text: made.around(entries) })
    const twice = check(of(made.entry, log.add(body)))
    expect(twice.entries.map(({ position }) => position)).toEqual([0, 1])
    expect(twice.passedOver).toEqual([])
    const mixed = check(of(strange, made.entry))
    expect(mixed.position).toBe(1)
    expect(mixed.passedOver).toMatchObject([
      {
        index: Number(strange.logIndex),
        logId: stranger.logId,
        reason: expect.stringContaining("no log"),
      },
    ])
    expectRefusal("untrusted", () => check(of(strange)))
    const broken = { ...log.add(body), integratedTime: "5" }
    expectRefusal("bad-signature", () => check(of(made.entry, broken)))
    expectRefusal("bad-signature", () => check(of(broken, made.entry)))
    const other = hashedrekordV1(log, "another", p256()).entry
    expectRefusal("mismatch", () => check(of(made.entry, other)))
  })

  test("are passed over under a policy by the names of their logs", () => {
    const stranger = makeRekorLog({ host: "stranger.example" })
    const made = hashedrekordV1(log, "policy", p256())
    const body = Uint8Array.from(Buffer.from(made.entry.canonicalizedBody, "base64"))
    const strange = stranger.add(body)
    const vkey = formatVkey(makeVkey("rekor.example", 2, log.signer.spki))
    const trust = { policy: parsePolicy(`log ${vkey}\nquorum none\n`) }
    const text = made.around([made.entry, strange])
    expect(check({ ...made, text }, { trust }).passedOver).toHaveLength(1)
    expectRefusal("untrusted", () => check({ ...made, text: made.around([strange]) }, { trust }))
  })

  test("of a log that is pinned by a key that cannot be used here are not called false", () => {
    const rsa = makeSigner("rsa-2048").spki
    const root = JSON.parse(log.trustedRoot)
    const publicKey = { ...root.tlogs[0].publicKey, rawBytes: base64(rsa) }
    root.tlogs.push({ baseUrl: "https://rsa.example", hashAlgorithm: "SHA2_256", publicKey })
    const trust = readTrustedRoot(JSON.stringify(root))
    const made = hashedrekordV1(log, "rsa", p256())
    const [unusable] = trust.unusable
    if (unusable === undefined) expect.fail("the log with the RSA key is missing")
    const logId = { keyId: base64(unusable.logId) }
    expectRefusal("unsupported", () =>
      check(
        changed(made, (it) => ({ ...it, logId })),
        { trust },
      ),
    )
    expect(check(made, { trust }).index).toBeGreaterThan(0)
  })
})

describe("a trusted root with several keys of one log", () => {
  test("opens checkpoints by either of them, and names the one that signed", async () => {
    const [older, newer] = [makeLog(), makeLog()]
    const trustedRoot = [...older.trustedRoot, ...newer.trustedRoot]
    for (const own of [older, newer]) {
      const { checkpoint } = await own.addBody(utf8("entry"))
      expect(openTrusted(checkpoint, { trustedRoot }).size).toBe(1)
      expect(signingLog(checkpoint, trustedRoot).spki).toEqual(own.ecdsaSpki)
    }
    const { checkpoint } = await makeLog().addBody(utf8("entry"))
    expectRefusal("untrusted", () => signingLog(checkpoint, trustedRoot))
  })
})
