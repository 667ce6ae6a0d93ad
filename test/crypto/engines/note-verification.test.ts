import { createHash, sign } from "node:crypto"
import { describe, expect, test } from "vitest"
import { concat, u64, utf8 } from "../../../src/core/base/bytes.ts"
import { verifyEcdsa } from "../../../src/core/base/ecdsa.ts"
import { verifyEd25519 } from "../../../src/core/base/ed25519.ts"
import { parseSpki } from "../../../src/core/base/spki.ts"
import { parseHex } from "../../../src/core/base/text.ts"
import { formatCheckpoint, parseCheckpointText } from "../../../src/core/note/checkpoint.ts"
import {
  checkpointRule,
  cosignatureMessage,
  timestamped,
} from "../../../src/core/note/cosignature.ts"
import { makeVkey, type Vkey } from "../../../src/core/note/note.ts"
import { asHash } from "../../../src/core/tree/hash.ts"
import {
  createMessageVerification,
  createNoteVerification,
} from "../../../src/crypto/engines/note-verification.ts"
import { createPatientNoteVerification } from "../../../src/crypto/engines/patient-verification.ts"
import { createMlDsaCosigner } from "../../../src/crypto/signers/cosigner.ts"
import { makeSigner, type Signer } from "../../entry/signers.ts"
import { readVectors, type Wycheproof } from "../../vectors.ts"

const hex = (text: string) => parseHex(text, "test vector")
const messages = createMessageVerification(4)
const holds = createNoteVerification(2)
const patient = createPatientNoteVerification(2)
const text = formatCheckpoint("log.example", { size: 7, root: asHash(new Uint8Array(32).fill(9)) })
const time = 1_700_000_000

const ed25519Signer = makeSigner("ed25519")
const point = ed25519Signer.spki.slice(12)

function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  const changed = bytes.slice()
  changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7))
  return changed
}

interface Line {
  readonly vkey: Vkey
  readonly signature: Uint8Array
}

function ecdsaLine(signer: Signer): Line {
  const signature = new Uint8Array(sign("sha256", utf8(text), signer.privateKey))
  return { vkey: makeVkey("log.example", 2, signer.spki), signature }
}

const lines: Readonly<Record<string, Line>> = {
  "type 1": {
    vkey: makeVkey("log.example", 1, point),
    signature: new Uint8Array(sign(null, utf8(text), ed25519Signer.privateKey)),
  },
  "type 2 on P-256": ecdsaLine(makeSigner("ecdsa-p256")),
  "type 2 on P-384": ecdsaLine(makeSigner("ecdsa-p384")),
  "type 2 on P-521": ecdsaLine(makeSigner("ecdsa-p521")),
  "type 4": {
    vkey: makeVkey("witness.example", 4, point),
    signature: timestamped(
      time,
      new Uint8Array(sign(null, cosignatureMessage(time, text), ed25519Signer.privateKey)),
    ),
  },
}

/** What the two rules say to a line over a text; the portable one is the reference. */
function verdicts({ vkey, signature }: Line, over = text): readonly boolean[] {
  const portable = checkpointRule(parseCheckpointText(text))
  return [holds(vkey, over, signature), portable(vkey, over, signature)]
}

describe.each(Object.entries(lines))("a line of %s", (_, line) => {
  test("holds, over this text only", () => {
    expect(verdicts(line)).toEqual([true, true])
    expect(verdicts(line, text.replace("\n7\n", "\n8\n"))).toEqual([false, false])
  })

  test("is told from others in another thread as well", async () => {
    const { vkey, signature } = line
    const broken = flipped(signature, signature.length * 4)
    const verdicts = [
      patient(vkey, text, signature),
      patient(vkey, text.replace("\n7\n", "\n8\n"), signature),
      patient(vkey, text, broken),
      patient(vkey, text, signature.subarray(1)),
    ]
    expect(await Promise.all(verdicts)).toEqual([true, false, false, false])
  })

  test("does not hold with any bit flipped", () => {
    for (let bit = 0; bit < line.signature.length * 8; bit += 31) {
      const changed = { ...line, signature: flipped(line.signature, bit) }
      expect([bit, ...verdicts(changed)]).toEqual([bit, false, false])
    }
  })

  test("does not hold cut, prolonged or empty", () => {
    for (const signature of [
      line.signature.subarray(1),
      line.signature.subarray(0, -1),
      Uint8Array.of(...line.signature, 0),
      new Uint8Array(0),
    ]) {
      expect(verdicts({ ...line, signature })).toEqual([false, false])
    }
  })
})

test("a line of type 4 holds with time 0, and not with a time above 2^53-1", () => {
  const { vkey } = lines["type 4"] as Line
  const message = cosignatureMessage(0, text)
  const bare = new Uint8Array(sign(null, message, ed25519Signer.privateKey))
  expect(verdicts({ vkey, signature: concat(u64(0), bare) })).toEqual([true, true])
  const late = concat(Uint8Array.of(0, 0x20, 0, 0, 0, 0, 0, 0), bare)
  expect(verdicts({ vkey, signature: late })).toEqual([false, false])
})

test("a line of type 6 is left to the portable rule", async () => {
  const cosigner = createMlDsaCosigner("witness.example", new Uint8Array(32).fill(3))
  try {
    const { vkey } = cosigner
    const bare = await cosigner.sign(time, text, parseCheckpointText(text))
    const signature = timestamped(time, bare)
    expect(holds(vkey, text, signature)).toBe(true)
    expect(holds(vkey, text, flipped(signature, 9_000))).toBe(false)
    expect(() => holds(vkey, "no checkpoint\n", signature)).toThrow(/checkpoint: expected/)
  } finally {
    await cosigner.close()
  }
})

test("no signature holds under a small-order key, a key off the curve, or an Ed25519 key of type 2", () => {
  const zero = new Uint8Array(64)
  const identity = Uint8Array.of(1, ...new Uint8Array(31))
  // Under this key and R = identity, S = 0, OpenSSL accepts every message.
  const anyMessage = concat(identity, new Uint8Array(32))
  expect(messages.ed25519(identity, utf8(text), anyMessage)).toBe(false)
  expect(messages.ed25519(Uint8Array.of(2, ...new Uint8Array(31)), utf8(text), zero)).toBe(false)
  expect(messages.ecdsa(ed25519Signer.spki, utf8(text), zero)).toBe(false)
})

interface SpeccheckCase {
  readonly message: string
  readonly pub_key: string
  readonly signature: string
}

const speccheck = readVectors<SpeccheckCase[]>("ed25519-speccheck-cases.json")
test.skipIf(speccheck === undefined)("of the twelve speccheck cases only number 3 holds", () => {
  const found = speccheck?.map(({ signature, message, pub_key }) =>
    messages.ed25519(hex(pub_key), hex(message), hex(signature)),
  )
  expect(found).toEqual(Array.from({ length: 12 }, (_, i) => i === 3))
})

const wycheproof = readVectors<Wycheproof>("wycheproof/ed25519_test.json")
test.skipIf(wycheproof === undefined)("every Wycheproof case of Ed25519 comes out", () => {
  for (const { publicKey, tests } of wycheproof?.testGroups ?? []) {
    for (const { tcId, msg, sig, result } of tests) {
      const [key, message, signature] = [hex(publicKey.pk ?? ""), hex(msg), hex(sig)]
      const found = messages.ed25519(key, message, signature)
      expect([tcId, found]).toEqual([tcId, result === "valid"])
      expect(verifyEd25519(signature, message, key)).toBe(found)
    }
  }
})

describe.each([
  "ecdsa_secp256r1_sha256_test.json",
  "ecdsa_secp384r1_sha384_test.json",
  "ecdsa_secp521r1_sha512_test.json",
])("%s", (file) => {
  const vectors = readVectors<Wycheproof>(`wycheproof/${file}`)
  test.skipIf(vectors === undefined)("agrees with the portable rule over SHA-256", () => {
    let count = 0
    for (const { publicKeyDer, tests } of vectors?.testGroups ?? []) {
      const spki = hex(publicKeyDer)
      const key = parseSpki(spki)
      if (key === undefined || key.type === "ed25519") throw new Error("expected an ECDSA key")
      for (const { tcId, msg, sig } of tests) {
        const [message, signature] = [hex(msg), hex(sig)]
        const digest = createHash("sha256").update(message).digest()
        const portable = verifyEcdsa(key.type, signature, new Uint8Array(digest), key.point)
        expect([tcId, messages.ecdsa(spki, message, signature)]).toEqual([tcId, portable])
        count += Number(portable)
      }
    }
    if (file.includes("sha256")) expect(count).toBeGreaterThan(100)
  })
})
