import { p256 } from "@noble/curves/nist.js"
import { describe, expect, test } from "vitest"
import { formatNote, formatVkey, parseNote, type Vkey } from "../../src/core/note/note.ts"
import { hashedrekordBody } from "../../src/entry/kinds/hashedrekord-v002.ts"
import {
  type EntryTimeCase,
  makeBrokenPromise,
  makeEntryTime,
} from "../../src/evidence/entry-evidence.ts"
import { formatEvidence, parseEvidence } from "../../src/evidence/format.ts"
import { promiseLines, type SignedPromise } from "../../src/evidence/promise.ts"
import { verifyEvidence } from "../../src/evidence/verification.ts"
import { ecdsaCertificate } from "../entry/certificates.ts"
import { bodies, nodeHasher, path } from "../reference.ts"
import { expectRefusal } from "../refusals.ts"
import { testSigner } from "../signers.ts"
import {
  alice,
  type EcdsaLog,
  ecdsaLog,
  hashedrekordOf,
  headOf,
  log,
  logged,
  noteOf,
  ORIGIN,
  secondWitness,
  TIME,
  witness,
} from "./made-cases.ts"

const signer = ecdsaLog()
const promised = hashedrekordOf(alice, "promised")
const INDEX = 4

function promiseOf(
  by: EcdsaLog,
  body: Uint8Array,
  { logIndex = INDEX, integratedTime = TIME, logID = by.logID } = {},
): SignedPromise {
  const said = { body: Buffer.from(body).toString("base64"), integratedTime, logID, logIndex }
  const { promised: bytes } = promiseLines({ ...said, signature: new Uint8Array(0) })
  return { ...said, signature: by.signBytes(bytes) }
}

describe("makeBrokenPromise()", () => {
  const tree = bodies(9)
  const note = noteOf(headOf(tree), [log, signer, witness])
  const leaf = nodeHasher.leaf(tree[INDEX] as Uint8Array)
  const proven = path(INDEX, tree)
  const make = (promise: SignedPromise) => () =>
    makeBrokenPromise(signer.vkey, promise, note, leaf, proven)

  test("convicts a log that has another entry at the promised index", () => {
    const { text } = make(promiseOf(signer, promised))()
    expect(verifyEvidence(text, signer.vkey)).toMatchObject({
      kind: "broken-promise",
      convicted: signer.vkey,
      origin: ORIGIN,
      freezes: true,
    })
  })

  test("gives the one text, whichever of its two signatures the promise has", () => {
    const promise = promiseOf(signer, promised)
    const { r, s } = p256.Signature.fromBytes(promise.signature, "der")
    const order = p256.Point.Fn.ORDER
    const lower = s < order - s ? s : order - s
    const [low, high] = [lower, order - lower].map((each) => ({
      ...promise,
      signature: new p256.Signature(r, each).toBytes("der"),
    })) as [SignedPromise, SignedPromise]
    const { text } = make(low)()
    expect(make(high)().text).toBe(text)
    const file = parseEvidence(text)
    const spelt = formatEvidence({ ...file, promise: promiseLines(high) })
    expectRefusal("malformed", () => verifyEvidence(spelt, signer.vkey))
  })

  test("refuses a promise that was kept", () => {
    expectRefusal("bad-proof", make(promiseOf(signer, tree[INDEX] as Uint8Array)))
  })

  test("refuses the promise of another log, by whichever sign", () => {
    const other = ecdsaLog()
    expectRefusal("bad-proof", make(promiseOf(other, promised)))
    expectRefusal("bad-signature", make(promiseOf(other, promised, { logID: signer.logID })))
    expectRefusal("bad-proof", make(promiseOf(signer, promised, { logID: other.logID })))
  })

  test("refuses a promise with another index, time or body than was signed", () => {
    const promise = promiseOf(signer, promised)
    expectRefusal("bad-signature", make({ ...promise, integratedTime: TIME + 1 }))
    expectRefusal("bad-signature", make({ ...promise, body: "AAAA" }))
    expectRefusal("bad-proof", make(promiseOf(signer, promised, { logIndex: 9 })))
    expectRefusal("bad-proof", make(promiseOf(signer, promised, { logIndex: 3 })))
  })

  test("refuses a leaf hash that is not in the tree, and a head of another key or name", () => {
    const promise = promiseOf(signer, promised)
    const make =
      (...[text, hash]: [string, typeof leaf]) =>
      () =>
        makeBrokenPromise(signer.vkey, promise, text, hash, proven)
    expectRefusal("bad-proof", make(note, nodeHasher.leaf(Uint8Array.of(9))))
    expectRefusal("untrusted", make(noteOf(headOf(tree), [log]), leaf))
    // A log of Rekor v1 counts indices through several trees.
    const shard = noteOf(headOf(tree), [signer], { origin: `${ORIGIN} - 1234` })
    expectRefusal("bad-proof", make(shard, leaf))
  })

  test("refuses a key that does not sign entry timestamps", () => {
    const promise = promiseOf(signer, promised)
    expectRefusal("bad-proof", () => makeBrokenPromise(log.vkey, promise, note, leaf, proven))
  })
})

/** The dates of the test certificate. */
const NOT_BEFORE = Date.UTC(2026, 10, 20, 10, 26, 34) / 1000
const NOT_AFTER = Date.UTC(2126, 9, 27, 10, 26, 34) / 1000

const certified = hashedrekordBody({
  algorithm: "PKIX_ECDSA_P256_SHA_256",
  digest: new Uint8Array(32),
  signature: Uint8Array.of(1),
  key: { form: "certificate", der: Uint8Array.from(Buffer.from(ecdsaCertificate, "base64")) },
})

describe("makeEntryTime()", () => {
  const tree = bodies(9).with(INDEX, certified)
  const all = [signer, witness, secondWitness]
  const at = (time: number, size = 9, signers = all) =>
    noteOf(headOf(tree.slice(0, size)), signers, { time })
  const entry = logged(tree, INDEX)
  const both = [witness.vkey, secondWitness.vkey]
  const note = at(TIME)
  const make = (given: Partial<EntryTimeCase>) => () =>
    makeEntryTime(signer.vkey, { witnesses: both, note, entry, ...given })

  test("presents a certificate that did not hold yet when witnesses saw the entry", () => {
    const { text } = make({ note: at(NOT_BEFORE - 1) })()
    const verified = verifyEvidence(text, signer.vkey)
    expect(verified).toMatchObject({
      kind: "time",
      effect: "presents",
      witnesses: both,
      origin: ORIGIN,
      freezes: false,
    })
    expect(verified.convicted).toBeUndefined()
    // Whoever knows these witnesses knows no more of who made the certificate.
    expect(verifyEvidence(text, signer.vkey, undefined, both).effect).toBe("presents")
    expect(text).not.toContain("convicts")
    const first = formatEvidence({ ...parseEvidence(text), format: "tlog-evidence/v1" })
    expect(verifyEvidence(first, signer.vkey, undefined, both)).toMatchObject({
      format: "tlog-evidence/v1",
      effect: "presents",
    })
    expect(verified.claims.join("\n")).toContain("witness.example/w2")
    expect(verified.claims.join("\n")).toContain("2026-11-20T10:26:34Z")
    expectRefusal("bad-proof", make({ note: at(NOT_BEFORE) }))
  })

  test("presents a certificate that held no more when the entry was not there yet", () => {
    const { text } = make({ older: at(NOT_AFTER + 1, INDEX) })()
    expect(verifyEvidence(text, signer.vkey).witnesses).toEqual(both)
    expectRefusal("bad-proof", make({ older: at(NOT_AFTER, INDEX) }))
    expectRefusal("bad-proof", make({ older: at(NOT_AFTER + 1, INDEX + 1) }))
  })

  test("convicts by a promised time that is more than 300 seconds from the witnesses'", () => {
    const promise = (integratedTime: number) => ({
      promise: promiseOf(signer, certified, { integratedTime }),
    })
    const older = at(TIME, INDEX)
    expect(verifyEvidence(make({ ...promise(TIME - 301), older })().text).kind).toBe("time")
    expect(verifyEvidence(make(promise(TIME + 301))().text).kind).toBe("time")
    expectRefusal("bad-proof", make({ ...promise(TIME - 300), older }))
    expectRefusal("bad-proof", make(promise(TIME + 300)))
    const other = promiseOf(signer, promised, { integratedTime: TIME + 301 })
    expectRefusal("bad-proof", make({ promise: other }))
    const elsewhere = promiseOf(signer, certified, { integratedTime: TIME + 301, logIndex: 5 })
    expectRefusal("bad-proof", make({ promise: elsewhere }))
  })

  test("convicts by a promise of a later time than that of a head with the entry, for whoever knows most of the witnesses", () => {
    const promise = promiseOf(signer, certified, { integratedTime: TIME + 301 })
    const { text } = make({ promise })()
    expect(text).toContain("\nconvicts ")
    const effectFor = (...known: Vkey[]) =>
      verifyEvidence(text, signer.vkey, undefined, known).effect
    expect(effectFor(...both)).toBe("convicts")
    expect(effectFor(witness.vkey)).toBe("convicts")
    const others = [5, 6].map((seed) => testSigner(`w${seed}.example`, 4, seed).vkey)
    expect(effectFor(...both, ...others.slice(1))).toBe("convicts")
    // Anyone can make a witness, and one clock against another says nothing of who is wrong.
    expect(effectFor()).toBe("presents")
    expect(effectFor(...both, ...others)).toBe("presents")
    expect(verifyEvidence(text, signer.vkey).claims.at(-1)).toContain("accuses nobody")
  })

  test("presents a promise of an earlier time than that of a head without the entry: a witness cosigns an old head again", () => {
    const promise = promiseOf(signer, certified, { integratedTime: TIME - 301 })
    const { text } = make({ promise, older: at(TIME, INDEX) })()
    expect(text).toContain("\npresents ")
    expect(verifyEvidence(text, signer.vkey, undefined, both).effect).toBe("presents")
  })

  test("gives the one text, whichever witness is named first", () => {
    const early = at(NOT_BEFORE - 1)
    const { text } = make({ note: early })()
    expect(make({ note: early, witnesses: both.toReversed() })().text).toBe(text)
    const file = parseEvidence(text)
    const { text: head, signatures } = parseNote(file.note ?? "")
    const [first, ...others] = signatures
    const moved = formatNote(head, [...others, ...(first === undefined ? [] : [first])])
    expectRefusal("malformed", () => verifyEvidence(formatEvidence({ ...file, note: moved })))
    const [one, other] = both.map((key) => `witness ${formatVkey(key)}\n`)
    const swapped = text.replace(`${one}${other}`, `${other}${one}`)
    expect(swapped).not.toBe(text)
    expectRefusal("malformed", () => verifyEvidence(swapped))
  })

  test("needs every witness that it names, with a time", () => {
    const early = NOT_BEFORE - 1
    expectRefusal("untrusted", make({ note: at(early, 9, [signer, witness]) }))
    expectRefusal("untrusted", make({ note: at(0) }))
    expectRefusal("bad-proof", make({ note: at(early), witnesses: [] }))
    const alone = make({ note: at(early), witnesses: [witness.vkey] })
    expect(verifyEvidence(alone().text).witnesses).toEqual([witness.vkey])
  })

  test("is refused for an entry without dates, and for one that is not in the head", () => {
    const plain = logged(tree, 3)
    const bare = bodies(9).with(INDEX, promised)
    const bareNote = noteOf(headOf(bare), all, { time: NOT_BEFORE - 1 })
    expectRefusal("bad-proof", make({ note: bareNote, entry: logged(bare, INDEX) }))
    expectRefusal("bad-proof", make({ note: at(NOT_BEFORE - 1), entry: { ...plain, index: 2 } }))
  })

  test("does not take the log's own clock for a witness's, nor a key that states no time", () => {
    expectRefusal("malformed", make({ note: at(NOT_BEFORE - 1), witnesses: [signer.vkey] }))
    const timeless = testSigner("witness.example/w3", 1, 5)
    const cosigned = at(NOT_BEFORE - 1, 9, [signer, timeless])
    expectRefusal("bad-proof", make({ note: cosigned, witnesses: [timeless.vkey] }))
  })
})
