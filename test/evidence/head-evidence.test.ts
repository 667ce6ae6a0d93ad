import { p256 } from "@noble/curves/nist.js"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { utf8 } from "../../src/core/base/bytes.ts"
import { LONGEST_NOTE } from "../../src/core/base/limits.ts"
import { formatCheckpoint } from "../../src/core/note/checkpoint.ts"
import { formatNote, makeVkey, parseNote } from "../../src/core/note/note.ts"
import { EMPTY_ROOT, type Hash, type Head } from "../../src/core/tree/hash.ts"
import { formatEvidence, NEWEST, parseEvidence } from "../../src/evidence/format.ts"
import {
  makeFork,
  makeHeadTime,
  makeKeyMisuse,
  makeTwoTreeIds,
  makeWitnessEquivocation,
  makeWitnessRollback,
} from "../../src/evidence/head-evidence.ts"
import { type ForkProof, judgeFork } from "../../src/evidence/head-verdicts.ts"
import { verifyEvidence } from "../../src/evidence/verification.ts"
import { bodies, mth, nodeHasher, proof } from "../reference.ts"
import { expectRefusal, valueOrRefusal } from "../refusals.ts"
import { testSigner } from "../signers.ts"
import {
  anyRoot,
  ecdsaLog,
  headOf,
  log,
  natively,
  noteOf,
  ORIGIN,
  otherLog,
  secondWitness,
  TIME,
  timedLog,
  witness,
} from "./made-cases.ts"

const tree = bodies(11)
const forked = tree.with(2, Uint8Array.of(1))
const older = headOf(forked.slice(0, 6))
const newer = headOf(tree)
const honest = headOf(tree.slice(0, 6))
const forkProof: ForkProof = { implied: honest.root, hashes: proof(6, tree) }

describe("makeFork()", () => {
  test("takes the heads in any order and keeps the convicted key's lines only", () => {
    const a = noteOf(newer, [otherLog, log, witness])
    const b = noteOf(older, [witness, log])
    const fork = makeFork(log.vkey, a, b, forkProof)
    expect(makeFork(log.vkey, b, a, forkProof)).toEqual(fork)
    const { old, new: kept } = parseEvidence(fork.text)
    for (const note of [old, kept]) {
      expect(parseNote(note ?? "").signatures.map(({ name }) => name)).toEqual([ORIGIN])
    }
    expect(verifyEvidence(fork.text).claims.join(" ")).toContain("size 6")
  })

  test.each([
    { name: "Ed25519", signer: log },
    { name: "ECDSA", signer: ecdsaLog() },
    { name: "Ed25519 with time", signer: timedLog },
  ])("convicts a log with a key of type $name", ({ signer }) => {
    const notes = [noteOf(older, [signer]), noteOf(newer, [signer])] as const
    const { text } = makeFork(signer.vkey, ...notes, forkProof)
    expect(verifyEvidence(text, signer.vkey)).toMatchObject({ kind: "fork", origin: ORIGIN })
  })

  test("convicts a log of Rekor v1 by the heads that name a tree", () => {
    const { vkey, ...signer } = ecdsaLog()
    const options = { origin: `${ORIGIN} - 1234` }
    const notes = [older, newer].map((head) => noteOf(head, [{ vkey, ...signer }], options))
    const { text } = makeFork(vkey, notes[0] ?? "", notes[1] ?? "", forkProof)
    expect(verifyEvidence(text).origin).toBe(ORIGIN)
  })

  test("convicts a log under an origin that is not its key's name, whatever is in it, and by no other origin", () => {
    for (const signer of [log, ecdsaLog()]) {
      const as = (origin: string, head: Head) => noteOf(head, [signer], { origin })
      for (const origin of ["go.sum database tree", "a + b", "else.example", "x - 1"]) {
        const make = (other: string) =>
          makeFork(signer.vkey, as(origin, older), as(other, newer), forkProof)
        expect(verifyEvidence(make(origin).text, signer.vkey)).toMatchObject({
          effect: "convicts",
          origin,
          freezes: true,
        })
        for (const other of [ORIGIN, `${origin} `, `${ORIGIN} - 1`]) {
          expectRefusal("bad-proof", () => make(other))
        }
      }
    }
  })

  test("convicts no key of type 4 under another origin: witnesses sign those as well", () => {
    const as = (head: Head) => noteOf(head, [timedLog], { origin: "else.example" })
    expectRefusal("bad-proof", () => makeFork(timedLog.vkey, as(older), as(newer), forkProof))
  })

  test("convicts no log of Rekor v1 by heads of two of its trees, and a log with a bare name by its other one", () => {
    const { vkey, ...rest } = ecdsaLog()
    const forms = [ORIGIN, `${ORIGIN} - 1`, `${ORIGIN} - 2`]
    // Rekor v1 never signs its bare name, so a key that does has one tree.
    const isOne = (a: string, b: string) => a === b || a === ORIGIN || b === ORIGIN
    const notes = [older, newer].flatMap((head) =>
      forms.map((origin) => ({ origin, note: noteOf(head, [{ vkey, ...rest }], { origin }) })),
    )
    for (const a of notes) {
      for (const b of notes) {
        const made = valueOrRefusal(() => makeFork(vkey, a.note, b.note, forkProof))
        const isOther =
          parseNote(a.note).text.split("\n")[1] !== parseNote(b.note).text.split("\n")[1]
        expect(made !== undefined).toBe(isOne(a.origin, b.origin) && isOther)
      }
    }
  })

  test("convicts the key under the name that it is asked for, and under no other", () => {
    // A signature of type 1 does not cover the key's name: anyone can write another one before it.
    const renamed = makeVkey("else.example", 1, log.vkey.publicKey)
    const [line] = parseNote(noteOf(honest, [log])).signatures
    const { name, keyId } = renamed
    const text = parseNote(noteOf(honest, [log])).text
    const note = formatNote(text, [{ name, keyId, signature: line?.signature ?? new Uint8Array() }])
    const [other] = parseNote(noteOf(honest, [log], { origin: name })).signatures
    const own = formatNote(parseNote(noteOf(honest, [log], { origin: name })).text, [
      { name, keyId, signature: other?.signature ?? new Uint8Array() },
    ])
    const misuse = makeKeyMisuse(renamed, note, own)
    const unpinned = verifyEvidence(misuse.text)
    expect([unpinned.key.name, unpinned.effect]).toEqual(["else.example", "presents"])
    expect(unpinned.convicted).toBeUndefined()
    expect(verifyEvidence(misuse.text, renamed).effect).toBe("convicts")
    expectRefusal("untrusted", () => verifyEvidence(misuse.text, log.vkey))
    expectRefusal("untrusted", () => makeKeyMisuse(log.vkey, note))
  })

  test("needs no proof for two roots at one size, one root at two sizes and a wrong empty tree", () => {
    const sameSize = { size: newer.size, root: anyRoot(1) }
    const sameRoot = { size: 12, root: newer.root }
    const empty = { size: 0, root: anyRoot(2) }
    for (const other of [sameSize, sameRoot, empty]) {
      const { text } = makeFork(log.vkey, noteOf(other, [log]), noteOf(newer, [log]), forkProof)
      const { implied, hashes } = parseEvidence(text)
      expect([implied, hashes]).toEqual([undefined, []])
      expect(verifyEvidence(text, log.vkey).freezes).toBe(true)
    }
    const note = noteOf(empty, [log])
    const alone = makeFork(log.vkey, note, note)
    expect(alone.text.split("\n").map((line) => line.split(" ")[0])).toEqual([
      "tlog-evidence/v2",
      "kind",
      "convicts",
      "note",
      "",
    ])
  })

  const refused = [
    { name: "the same head twice", heads: [newer, newer] },
    { name: "heads that agree", heads: [honest, newer], proof: forkProof },
    { name: "two sizes without a proof", heads: [older, newer] },
    {
      name: "a proof that does not lead to the newer head",
      heads: [older, newer],
      proof: { ...forkProof, hashes: proof(6, forked) },
    },
    {
      name: "a proof from another root",
      heads: [older, newer],
      proof: { ...forkProof, implied: anyRoot(3) },
    },
    {
      name: "the right empty tree before another",
      heads: [{ size: 0, root: EMPTY_ROOT }, newer],
      proof: { implied: EMPTY_ROOT, hashes: [] },
    },
  ]
  test.each(refused)("refuses $name", ({ heads: [a, b], proof: proven }) => {
    const notes = [noteOf(a as typeof newer, [log]), noteOf(b as typeof newer, [log])] as const
    expectRefusal("bad-proof", () => makeFork(log.vkey, ...notes, proven))
  })

  test("refuses heads of another key, of another log, and with a signature that does not hold", () => {
    const good = noteOf(newer, [log])
    expectRefusal("untrusted", () => makeFork(log.vkey, noteOf(older, [otherLog]), good, forkProof))
    const elsewhere = noteOf(older, [log], { origin: "else.example" })
    expectRefusal("bad-proof", () => makeFork(log.vkey, elsewhere, good, forkProof))
    // The line of another head under this one.
    const [, line = ""] = good.split("\n\n")
    const forged = `${noteOf(older, [log]).split("\n\n")[0]}\n\n${line}`
    expectRefusal("bad-signature", () => makeFork(log.vkey, forged, good, forkProof))
    // Cheaper than its signature is that the proof does not lead from it.
    const moved = noteOf(older, [log]).replace("\n6\n", "\n5\n")
    expectRefusal("bad-proof", () => makeFork(log.vkey, moved, good, forkProof))
    expectRefusal("malformed", () => makeFork(log.vkey, "no note", good, forkProof))
  })

  test("convicts no witness as if it were a log", () => {
    const notes = [noteOf(older, [witness]), noteOf(newer, [witness])] as const
    expectRefusal("bad-proof", () => makeFork(witness.vkey, ...notes, forkProof))
  })

  test("refuses a size from 2^53 on, which no number holds exactly", () => {
    const text = noteOf(newer, [log]).replace("\n11\n", `\n${2 ** 53}\n`)
    expectRefusal("malformed", () => makeFork(log.vkey, text, noteOf(older, [log]), forkProof))
  })
})

describe("one fork has one text", () => {
  const a = { size: 7, root: anyRoot(1) }
  const b = { size: 7, root: anyRoot(2) }

  test("with two roots at one size, the lower root first", () => {
    const [one, other] = [noteOf(a, [log]), noteOf(b, [log])]
    const { text } = makeFork(log.vkey, one, other)
    const file = parseEvidence(text)
    const swapped = formatEvidence({ ...file, old: file.new, new: file.old })
    expect(swapped).not.toBe(text)
    expectRefusal("malformed", () => verifyEvidence(swapped))
  })

  test("with a wrong empty tree, whatever other head there is", () => {
    const [empty, other] = [noteOf({ size: 0, root: anyRoot(3) }, [log]), noteOf(newer, [log])]
    const { key } = parseEvidence(makeFork(log.vkey, empty, other).text)
    const rest = {
      format: NEWEST,
      kind: "fork",
      key,
      witnesses: [],
      hashes: [],
      places: [],
    } as const
    for (const head of [EMPTY_ROOT, anyRoot(4)].map((root) => ({ size: 0, root }))) {
      const notes = [empty, noteOf(head, [log])]
      for (const [old, next] of [notes, notes.toReversed()]) {
        const text = formatEvidence({ ...rest, old, new: next })
        expectRefusal("malformed", () => verifyEvidence(text))
      }
    }
  })

  test("by an ECDSA key, whose signatures anyone can turn into others that hold", () => {
    const { vkey, ...rest } = ecdsaLog()
    const signer = { vkey, ...rest }
    const turned = (note: string, lower: boolean): string => {
      const { text, signatures } = parseNote(note)
      const { r, s } = p256.Signature.fromBytes(signatures[0]?.signature ?? new Uint8Array(), "der")
      const order = p256.Point.Fn.ORDER
      const other = s > order - s === lower ? order - s : s
      const signature = new p256.Signature(r, other).toBytes("der")
      return formatNote(text, [{ name: vkey.name, keyId: vkey.keyId, signature }])
    }
    const notes = [noteOf(a, [signer]), noteOf(b, [signer])] as const
    const made = [true, false].flatMap((one) =>
      [true, false].map((other) => makeFork(vkey, turned(notes[0], one), turned(notes[1], other))),
    )
    expect(new Set(made.map(({ id }) => id)).size).toBe(1)
    const file = parseEvidence(made[0]?.text ?? "")
    for (const spelt of [
      { ...file, old: turned(file.old ?? "", false) },
      { ...file, new: turned(file.new ?? "", false) },
    ]) {
      expectRefusal("malformed", () => verifyEvidence(formatEvidence(spelt)))
    }
  })

  test("by an ML-DSA-44 key, whose signatures leave out extension lines", () => {
    const signer = testSigner(ORIGIN, 6, 9)
    const extended = (head: Head, line: string): string => {
      const { text, signatures } = parseNote(noteOf(head, [signer]))
      return formatNote(`${text}${line}\n`, signatures)
    }
    const plain = makeFork(signer.vkey, noteOf(a, [signer]), noteOf(b, [signer]))
    expect(makeFork(signer.vkey, extended(a, "x"), extended(b, "y"))).toEqual(plain)
    const file = parseEvidence(plain.text)
    const longer = formatEvidence({ ...file, old: extended(a, "x") })
    expectRefusal("malformed", () => verifyEvidence(longer))
  })

  test("by a key that signs extension lines, with these lines", () => {
    const head = { ...a, origin: ORIGIN }
    const text = `${formatCheckpoint(ORIGIN, a)}extension\n`
    const note = formatNote(text, [log.sign(text, head, 0)])
    const made = makeFork(log.vkey, note, noteOf(b, [log]))
    const { old, new: next } = parseEvidence(made.text)
    expect([old, next]).toContain(note)
  })
})

test("two heads of the longest notes still fit into evidence", () => {
  const long = (seed: number): string => {
    const head = { size: 7, root: anyRoot(seed) }
    const room = LONGEST_NOTE - utf8(noteOf(head, [log])).length
    const text = `${formatCheckpoint(ORIGIN, head)}${"x".repeat(room - 1)}\n`
    return formatNote(text, [log.sign(text, { ...head, origin: ORIGIN }, 0)])
  }
  expect(utf8(long(1)).length).toBe(LONGEST_NOTE)
  const { text } = makeFork(log.vkey, long(1), long(2))
  expect(verifyEvidence(text, log.vkey).kind).toBe("fork")
})

describe("a fork", () => {
  test("is proven for every tree with one other entry, at every size behind it", () => {
    const cases = fc.integer({ min: 2, max: 200 }).chain((size) =>
      fc.record({
        size: fc.constant(size),
        at: fc.integer({ min: 1, max: size - 1 }),
        changed: fc.nat(),
      }),
    )
    fc.assert(
      fc.property(cases, ({ size, at, changed }) => {
        const grown = bodies(size)
        const begun = grown.slice(0, at)
        const other = begun.with(changed % at, Uint8Array.of(7))
        const proven = { implied: mth(begun), hashes: proof(at, grown) }
        expect(judgeFork(headOf(other), headOf(grown), proven).length).toBeGreaterThan(0)
        expectRefusal("bad-proof", () => judgeFork(headOf(begun), headOf(grown), proven))
      }),
      { numRuns: 300 },
    )
  })

  test("is judged up to the largest sizes without loss of bits", () => {
    // The tree of 2^53-1 need not exist: the proof from its half is one hash, by construction.
    const half = { size: 2 ** 52, root: anyRoot(4) }
    const size = 2 ** 53 - 1
    const hashes = [anyRoot(10)]
    const whole = { size, root: nodeHasher.node(half.root, anyRoot(10)) }
    const lie = { size: half.size, root: anyRoot(5) }
    expect(judgeFork(lie, whole, { implied: half.root, hashes }).join(" ")).toContain(`${size}`)
    expectRefusal("bad-proof", () => judgeFork(half, whole, { implied: half.root, hashes }))
  })
})

type Framing = readonly Hash[]

const hash = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => bytes as Hash)

/** One bit, one hash, the order or the number of hashes is another; the first one is the implied root. */
function mutations(proven: Framing): fc.Arbitrary<Framing> {
  const at = fc.nat({ max: proven.length - 1 })
  return fc.oneof(
    fc.tuple(at, fc.nat({ max: 255 })).map(([i, bit]) => {
      const copy = (proven[i] as Hash).slice() as Hash
      const byte = Math.floor(bit / 8)
      copy[byte] = (copy[byte] as number) ^ (1 << (bit % 8))
      return proven.with(i, copy)
    }),
    fc.tuple(at, hash).map(([i, other]) => proven.with(i, other)),
    fc.tuple(at, hash).map(([i, other]) => proven.toSpliced(i, 0, other)),
    at.map((i) => proven.toSpliced(i, 1)),
    fc.tuple(at, at).map(([i, j]) => proven.with(i, proven[j] as Hash).with(j, proven[i] as Hash)),
  )
}

const MOST = 64
const view = bodies(MOST)
const heads = Array.from({ length: MOST + 1 }, (_, size) => headOf(view.slice(0, size)))
/** The implied root and the proof between any two sizes. */
const proofs = heads.map(({ size }) =>
  Array.from({ length: size }, (_, at) =>
    at === 0 ? [] : [mth(view.slice(0, at)), ...proof(at, view.slice(0, size))],
  ),
)

interface Pair {
  readonly older: Head
  readonly newer: Head
  readonly framing: Framing
}

const honestPairs: fc.Arbitrary<Pair> = fc
  .integer({ min: 2, max: MOST })
  .chain((size) => fc.tuple(fc.constant(size), fc.integer({ min: 1, max: size - 1 })))
  .chain(([size, at]) =>
    mutations(proofs[size]?.[at] ?? []).map((framing) => ({
      older: heads[at] as Head,
      newer: heads[size] as Head,
      framing,
    })),
  )

describe("an honest log", () => {
  test("cannot be framed by any proof", () => {
    let accepted = 0
    fc.assert(
      fc.property(honestPairs, (pair) => {
        const [implied = EMPTY_ROOT, ...hashes] = pair.framing
        const judged = () => judgeFork(pair.older, pair.newer, { implied, hashes })
        if (valueOrRefusal(judged) !== undefined) accepted += 1
      }),
      { numRuns: 20_000 },
    )
    expect(accepted).toBe(0)
  })

  test("cannot be framed by any file", () => {
    let accepted = 0
    fc.assert(
      fc.property(honestPairs, (pair) => {
        const [implied, ...hashes] = pair.framing
        const text = formatEvidence({
          format: NEWEST,
          kind: "fork",
          key: log.vkey,
          witnesses: [],
          old: noteOf(pair.older, [log]),
          new: noteOf(pair.newer, [log]),
          implied,
          hashes,
          places: [],
        })
        const verified = valueOrRefusal(() => verifyEvidence(text, log.vkey, natively))
        if (verified !== undefined) accepted += 1
      }),
      { numRuns: 400 },
    )
    expect(accepted).toBe(0)
  })
})

describe("makeTwoTreeIds()", () => {
  const { vkey, ...rest } = ecdsaLog()
  const signer = { vkey, ...rest }
  const as = (origin: string, head = newer) => noteOf(head, [signer], { origin })
  const [first, second] = [as(`${ORIGIN} - 1`), as(`${ORIGIN} - 2`)]

  test("convicts a key that signs its bare name and two tree IDs, and shuts no log out for it", () => {
    const bare = as(ORIGIN)
    const { text } = makeTwoTreeIds(vkey, bare, [second, first])
    expect(makeTwoTreeIds(vkey, bare, [first, second]).text).toBe(text)
    const verified = verifyEvidence(text)
    expect(verified).toMatchObject({ kind: "key-misuse", effect: "convicts", freezes: false })
  })

  test("convicts no log of Rekor v1, whose trees share a key and which never signs the bare name", () => {
    for (const bare of [first, as(`${ORIGIN} - 3`), as("else.example")]) {
      expectRefusal("bad-proof", () => makeTwoTreeIds(vkey, bare, [first, second]))
    }
  })

  test("convicts nobody by one tree ID, whatever its heads, nor by the bare name twice", () => {
    const again = as(`${ORIGIN} - 1`, older)
    for (const pair of [
      [first, first],
      [first, again],
      [first, as(ORIGIN)],
    ] as const) {
      expectRefusal("bad-proof", () => makeTwoTreeIds(vkey, as(ORIGIN), pair))
    }
  })
})

describe("makeKeyMisuse()", () => {
  test("convicts a key by a head under a name that is not its own", () => {
    const { text } = makeKeyMisuse(
      log.vkey,
      noteOf(newer, [log, witness], { origin: "else.example" }),
      noteOf(older, [log, witness]),
    )
    expect(verifyEvidence(text, log.vkey)).toMatchObject({
      kind: "key-misuse",
      effect: "convicts",
      origin: ORIGIN,
      freezes: true,
      claims: [expect.stringContaining("else.example"), expect.stringContaining("own name")],
    })
  })

  test("convicts nobody without a head under the key's name: a log may have another origin, as Go's has", () => {
    const { text } = makeKeyMisuse(log.vkey, noteOf(newer, [log], { origin: "go.sum database" }))
    for (const file of [text, text.replace("v2", "v1").replace("convicts", "key")]) {
      const verified = verifyEvidence(file, log.vkey)
      expect(verified).toMatchObject({ effect: "presents", freezes: false })
      expect(verified.convicted).toBeUndefined()
    }
  })

  test("refuses a head under a third name, or of a tree of Rekor v1, in place of one under the key's", () => {
    const { vkey, ...rest } = ecdsaLog()
    const as = (origin: string) => noteOf(newer, [{ vkey, ...rest }], { origin })
    for (const own of [as("else.example"), as("third.example"), as(`${ORIGIN} - 1`)]) {
      expectRefusal("bad-proof", () => makeKeyMisuse(vkey, as("else.example"), own))
    }
  })

  test("refuses the log's own heads, also with the tree ID of Rekor v1 behind the name", () => {
    const { vkey, ...signer } = ecdsaLog()
    const all = [{ vkey, ...signer }]
    for (const origin of [ORIGIN, `${ORIGIN} - 1234`]) {
      expectRefusal("bad-proof", () => makeKeyMisuse(vkey, noteOf(newer, all, { origin })))
    }
    const { text } = makeKeyMisuse(vkey, noteOf(newer, all, { origin: `${ORIGIN} - x` }))
    expect(verifyEvidence(text).kind).toBe("key-misuse")
  })

  test("refuses a witness, which signs the heads of others, and what is no head", () => {
    expectRefusal("bad-proof", () => makeKeyMisuse(witness.vkey, noteOf(newer, [witness])))
    expectRefusal("untrusted", () => makeKeyMisuse(log.vkey, noteOf(newer, [otherLog])))
    const note = `else.example\nhello\n\n${noteOf(newer, [log]).split("\n\n")[1]}`
    expectRefusal("malformed", () => makeKeyMisuse(log.vkey, note))
  })
})

describe("makeWitnessEquivocation()", () => {
  test.each([
    { name: "Ed25519", signer: witness },
    { name: "ML-DSA-44", signer: secondWitness },
  ])("convicts a witness with a key of type $name, and freezes no log", ({ signer }) => {
    const notes = [noteOf(older, [log, signer]), noteOf(newer, [signer])] as const
    const { text } = makeWitnessEquivocation(signer.vkey, ...notes, forkProof)
    expect(verifyEvidence(text, signer.vkey)).toMatchObject({
      kind: "witness-equivocation",
      convicted: signer.vkey,
      origin: ORIGIN,
      freezes: false,
    })
  })

  test("convicts no witness that went on from the empty tree, as it must, to another with its root", () => {
    const [empty, lie] = [0, 5].map((size) => ({ size, root: EMPTY_ROOT })) as [Head, Head]
    const [a, b] = [noteOf(empty, [log, witness]), noteOf(lie, [log, witness])]
    expectRefusal("bad-proof", () => makeWitnessEquivocation(witness.vkey, a, b))
    expect(verifyEvidence(makeFork(log.vkey, a, b).text).freezes).toBe(true)
  })

  test("refuses heads that agree, heads of two logs, no time, and a key that is none of a witness", () => {
    const a = noteOf(older, [witness])
    const b = noteOf(newer, [witness])
    const make = (one: string, other: string) => () =>
      makeWitnessEquivocation(witness.vkey, one, other, forkProof)
    expectRefusal("bad-proof", make(noteOf(honest, [witness]), b))
    expectRefusal("bad-proof", make(noteOf(older, [witness], { origin: "else.example" }), b))
    expectRefusal("untrusted", make(noteOf(older, [witness], { time: 0 }), b))
    expectRefusal("untrusted", make(a, noteOf(newer, [secondWitness])))
    const logNotes = [noteOf(older, [log]), noteOf(newer, [log])] as const
    expectRefusal("bad-proof", () => makeWitnessEquivocation(log.vkey, ...logNotes, forkProof))
  })
})

describe.each([
  { name: "makeWitnessRollback()", make: makeWitnessRollback, signer: witness, freezes: false },
  { name: "makeHeadTime()", make: makeHeadTime, signer: timedLog, freezes: true },
])("$name", ({ make, signer, freezes }) => {
  const early = noteOf(newer, [signer], { time: TIME })
  const late = noteOf(honest, [signer], { time: TIME + 1 })

  test("convicts a key that signed a smaller head at a later time", () => {
    const { text } = make(signer.vkey, early, late)
    expect(verifyEvidence(text, signer.vkey)).toMatchObject({ origin: ORIGIN, freezes })
  })

  test("refuses the same second, times in order, one size, and no time", () => {
    const at = (time: number, head = honest) => noteOf(head, [signer], { time })
    expectRefusal("bad-proof", () => make(signer.vkey, early, at(TIME)))
    expectRefusal("bad-proof", () => make(signer.vkey, early, at(TIME - 1)))
    expectRefusal("bad-proof", () => make(signer.vkey, early, at(TIME + 1, newer)))
    expectRefusal("untrusted", () => make(signer.vkey, at(0, newer), late))
  })

  test("refuses heads of two logs, and keys whose signatures have no time", () => {
    const elsewhere = noteOf(honest, [signer], { time: TIME + 1, origin: "else.example" })
    expectRefusal("bad-proof", () => make(signer.vkey, early, elsewhere))
    expectRefusal("bad-proof", () => make(log.vkey, noteOf(newer, [log]), noteOf(honest, [log])))
  })
})

test("makeHeadTime() takes the heads in any order, and no head of another log", () => {
  const early = noteOf(newer, [timedLog], { time: TIME })
  const late = noteOf(honest, [timedLog], { time: TIME + 1 })
  expect(makeHeadTime(timedLog.vkey, late, early)).toEqual(makeHeadTime(timedLog.vkey, early, late))
  const witnessed = [TIME, TIME + 1].map((time, i) =>
    noteOf(i === 0 ? newer : honest, [witness], { time }),
  )
  expectRefusal("bad-proof", () =>
    makeHeadTime(witness.vkey, witnessed[0] ?? "", witnessed[1] ?? ""),
  )
})

test("the heads of an honest log and its witnesses convict nobody, whatever is tried", () => {
  const notes = [3, 6, 11]
    .map((size) => headOf(tree.slice(0, size)))
    .map((head, i) => noteOf(head, [log, timedLog, witness], { time: TIME + 60 * i }))
  const pairs = notes.flatMap((a) => notes.map((b) => [a, b] as const))
  const makers = [makeFork, makeWitnessEquivocation, makeWitnessRollback, makeHeadTime]
  for (const signer of [log, timedLog, witness]) {
    for (const [a, b] of pairs) {
      for (const make of makers) {
        expect(valueOrRefusal(() => make(signer.vkey, a, b))).toBeUndefined()
      }
      expect(valueOrRefusal(() => makeKeyMisuse(signer.vkey, a))).toBeUndefined()
    }
  }
})
