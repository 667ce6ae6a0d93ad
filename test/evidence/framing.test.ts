// Attempts to convict somebody honest: a log by each of its keys and names, a log of Rekor v1 with two trees, two logs under
// one key that is named as neither, witnesses of
// which one is cut off from the log. Whoever tries has everything that these have published, may put any entry into the
// log, and has keys and witnesses of his own. COUNTERSIGN_FRAMING=50000 makes as many attempts.
import fc from "fast-check"
import { expect, test } from "vitest"
import { equalBytes } from "../../src/core/base/bytes.ts"
import { parseCheckpointText } from "../../src/core/note/checkpoint.ts"
import {
  formatNote,
  makeVkey,
  type NoteSignature,
  parseNote,
  type Vkey,
} from "../../src/core/note/note.ts"
import type { Head } from "../../src/core/tree/hash.ts"
import { hashedrekordBody } from "../../src/entry/kinds/hashedrekord-v002.ts"
import {
  makeBrokenPromise,
  makeEntryEvidence,
  makeEntryTime,
} from "../../src/evidence/entry-evidence.ts"
import { entryEvidenceKinds, evidenceKinds } from "../../src/evidence/evidence.ts"
import { type EvidenceFile, formatEvidence, parseEvidence } from "../../src/evidence/format.ts"
import {
  makeFork,
  makeHeadTime,
  makeKeyMisuse,
  makeTwoTreeIds,
  makeWitnessEquivocation,
  makeWitnessRollback,
} from "../../src/evidence/head-evidence.ts"
import { promiseLines, type SignedPromise } from "../../src/evidence/promise.ts"
import { verifyEvidence } from "../../src/evidence/verification.ts"
import { hashOf, makeSigner, signMessage } from "../entry/signers.ts"
import { certificateFor, certifiedBody } from "../monitor/entries/watched-entries.ts"
import { bodies, nodeHasher, path, proof } from "../reference.ts"
import { valueOrRefusal } from "../refusals.ts"
import { type TestSigner, testSigner } from "../signers.ts"
import {
  alice,
  anyRoot,
  bob,
  type EcdsaLog,
  ecdsaLog,
  hashedrekordOf,
  headOf,
  intotoOf,
  log,
  natively,
  ORIGIN,
  revocationOf,
  statementOf,
  TIME,
  timedLog,
  witness,
} from "./made-cases.ts"

const { COUNTERSIGN_FRAMING = "3000" } = process.env

const ecdsa = ecdsaLog()
const mlDsaLog = testSigner(ORIGIN, 6, 11)
const [second, cutOff] = [testSigner("witness.example/w2", 6, 12), testSigner("w3.example", 4, 13)]
const shards = ecdsaLog("rekor.example")
const honestLog: readonly TestSigner[] = [log, ecdsa, timedLog, mlDsaLog]
const honestWitnesses: readonly TestSigner[] = [witness, second, cutOff]
/** A key that signs two logs, of which neither has its name. */
const otherwiseNamed = testSigner("sum.example", 1, 14)
const honest = [...honestLog, ...honestWitnesses, shards, otherwiseNamed].map(({ vkey }) => vkey)
const known = honestWitnesses.map(({ vkey }) => vkey)

const evil = testSigner("evil.example", 1, 21)
const evilEcdsa = ecdsaLog("evil.example")
/** The honest log's name before a key of somebody else, and a witness that nobody knows. */
const impostor = testSigner(ORIGIN, 1, 22)
const madeUp = testSigner("witness.evil.example", 4, 23)

/** A signature of the owner's, which anyone can read in the log, under a certificate that anyone can make. */
const owner = makeSigner("ecdsa-p256")
const wrapped = (from: string, to: string) =>
  certifiedBody(owner, "release", { notBefore: new Date(from), notAfter: new Date(to) })
const attested = statementOf("pkg@1", "content")
const otherwise = statementOf("pkg@1", "other content")
const repeated = hashedrekordOf(alice, "entry")
const tree = bodies(16)
  .with(0, hashedrekordOf(owner, "release"))
  .with(1, wrapped("2020-01-01", "2020-01-02"))
  .with(2, wrapped("2048-01-01", "2049-01-01"))
  .with(3, wrapped("2030-01-01", "2020-01-01"))
  .with(4, repeated)
  .with(5, repeated)
  .with(6, revocationOf(bob))
  .with(7, hashedrekordOf(bob, "after"))
  .with(8, intotoOf(alice, attested))
  .with(9, intotoOf(alice, otherwise))
  .with(
    10,
    hashedrekordBody({
      algorithm: "PKIX_ED25519_PH",
      digest: hashOf("PKIX_ED25519_PH", Buffer.from("x")),
      signature: signMessage(bob, "PKIX_ED25519_PH", Buffer.from("x")),
      key: { form: "certificate", der: certificateFor(bob, { notAfter: new Date("2019-01-01") }) },
    }),
  )
const payloads: Readonly<Record<number, Uint8Array>> = { 8: attested, 9: otherwise }
const sizes = [1, 2, 4, 7, 8, 11, 16] as const
const heads: readonly Head[] = sizes.map((size) => headOf(tree.slice(0, size)))
const shardTrees = [bodies(9), bodies(9).with(2, Uint8Array.of(7))]

type Signing = readonly [TestSigner, number]

function note(origin: string, head: Head, more: string, signings: readonly Signing[]): string {
  const text = `${origin}\n${head.size}\n${Buffer.from(head.root).toString("base64")}\n${more}`
  const named = { ...head, origin }
  return formatNote(
    text,
    signings.map(([signer, time]) => signer.sign(text, named, time)),
  )
}

/** When the log had a size. Two witnesses are cut off from it for an hour, while somebody shows them what they know. */
const timeAt = (i: number) => TIME + 600 * i
const LAST = heads.length - 1
const published = heads.flatMap((head, i) => {
  const own = honestLog.map((signer): Signing => [signer, timeAt(i)])
  const isCutOff = i > 1 && i < LAST
  const all: readonly Signing[] = [
    ...own,
    [witness, timeAt(i)],
    ...(isCutOff ? [] : ([[second, timeAt(i) + 30]] as const)),
    ...(i === LAST ? ([[cutOff, timeAt(i) + 30]] as const) : []),
  ]
  const again = [second, cutOff].map((signer): Signing => [signer, timeAt(LAST) - 30])
  return [
    ...["", "Timestamp: 1\n", "other\nlines\n"].map((more) => note(ORIGIN, head, more, all)),
    ...(i === 1 ? [note(ORIGIN, head, "", [...own, ...again])] : []),
    ...["", "more\n"].map((more) => note(`${ORIGIN} - 77`, head, more, [[ecdsa, 0]])),
  ]
})
const ofShards = shardTrees.flatMap((shard, i) =>
  [3, 9].map((size) =>
    note(`${shards.vkey.name} - ${i + 1}`, headOf(shard.slice(0, size)), "", [[shards, 0]]),
  ),
)
const ofOtherNames = shardTrees.flatMap((other, i) =>
  [3, 9].map((size) =>
    note(["go.sum database tree", "a + b"][i] as string, headOf(other.slice(0, size)), "", [
      [otherwiseNamed, 0],
    ]),
  ),
)

function promiseBy(
  signer: EcdsaLog,
  index: number,
  time: number,
  body = tree[index],
): SignedPromise {
  const said = {
    body: Buffer.from(body ?? new Uint8Array(0)).toString("base64"),
    integratedTime: time,
    logID: signer.logID,
    logIndex: index,
  }
  const { promised } = promiseLines({ ...said, signature: new Uint8Array(0) })
  return { ...said, signature: signer.signBytes(promised) }
}

/** The honest log's own promises: the time at which it took each entry. */
const promised = tree.map((_, index) => {
  const at = sizes.findIndex((size) => size > index)
  return promiseBy(ecdsa, index, timeAt(at) - 10)
})
const lies = [1, 4].flatMap((index) => [
  promiseBy(evilEcdsa, index, TIME),
  promiseBy(evilEcdsa, index, TIME, Uint8Array.of(1)),
])

/** Everything with a signature line, honest or not. */
const evilNotes = [
  ...heads.flatMap((head, i) => [
    note(ORIGIN, head, "", [[impostor, 0]]),
    ...[0, 1, TIME, timeAt(i) + 10 ** 6].map((time) =>
      note(ORIGIN, head, "", [
        [evil, 0],
        [madeUp, time],
      ]),
    ),
  ]),
  ...[1, 2].flatMap((seed) =>
    ["evil.example", ORIGIN, `${ORIGIN} - 99999`, "evil.example - 1"].map((origin) =>
      note(origin, { size: 8, root: anyRoot(seed) }, "", [
        [evil, 0],
        [impostor, 0],
        [evilEcdsa, 0],
        [madeUp, TIME + seed],
      ]),
    ),
  ),
]
/** Honest heads with the line of a witness that anyone can make, at whatever time. */
const overlaid = published.flatMap((text) => {
  const { text: body, signatures } = parseNote(text)
  const head = parseCheckpointText(body)
  return [1, TIME, TIME + 10 ** 6].map((time) =>
    formatNote(body, [...signatures, madeUp.sign(body, head, time)]),
  )
})
const everyNote = [...overlaid, ...published, ...ofShards, ...ofOtherNames, ...evilNotes]
const everyLine = everyNote.flatMap((text) => parseNote(text).signatures)

/** Honest keys under names of others, as anyone can write them. */
const renamed = honest.flatMap((vkey) => [
  makeVkey("else.example", vkey.type, vkey.publicKey),
  makeVkey(vkey.name === ORIGIN ? "rekor.example" : ORIGIN, vkey.type, vkey.publicKey),
])
const everyKey: readonly Vkey[] = [
  ...honest,
  ...[evil, evilEcdsa, impostor, madeUp].map(({ vkey }) => vkey),
  ...renamed,
]

/** The note with this key's line, or what stands in its place: somebody else's signature under its name. */
function relined(text: string, keys: readonly Vkey[], others: readonly NoteSignature[]): string {
  const { text: body, signatures } = parseNote(text)
  const lines = keys.map((key, i) => {
    const own = signatures.find(({ name, keyId }) => name === key.name && keyId === key.keyId)
    // An honest signature under another name of its key.
    const same = everyKey.filter((other) => equalBytes(other.publicKey, key.publicKey))
    const moved = signatures.find((line) =>
      same.some(({ name, keyId }) => name === line.name && keyId === line.keyId),
    )
    const { signature } = own ??
      moved ??
      others[i % others.length] ?? { signature: new Uint8Array(64) }
    return { name: key.name, keyId: key.keyId, signature }
  })
  return lines.length === 0 ? text : formatNote(body, lines)
}

const anyNote = fc.constantFrom(...everyNote)
const notesBy = new Map(
  everyKey.map((key) => [
    key,
    everyNote.filter((text) =>
      parseNote(text).signatures.some((line) => line.name === key.name && line.keyId === key.keyId),
    ),
  ]),
)
const anyKey = fc.constantFrom(...everyKey)
const anyIndex = fc.nat({ max: tree.length - 1 })
const anyLines = fc.array(fc.constantFrom(...everyLine), { minLength: 1, maxLength: 2 })
const anyPromise = fc.constantFrom(...promised, ...lies)
const anyWitnesses = fc.subarray(
  [...honestWitnesses, madeUp].map(({ vkey }) => vkey),
  { maxLength: 2 },
)
const anySize = fc.constantFrom(...sizes)

function placeOf(index: number, size: number, withPayload: boolean) {
  const body = tree[index] as Uint8Array
  const payload = withPayload ? payloads[index] : undefined
  const known = index < size ? path(index, tree.slice(0, size)) : []
  return { index, body, path: known, ...(payload !== undefined && { payload }) }
}

/** How to make one file out of what is there; what is refused has framed nobody. */
type Attempt = () => string

const byMakers: fc.Arbitrary<Attempt> = fc
  .record({
    key: anyKey,
    picks: fc.tuple(fc.nat(), fc.nat(), fc.nat()),
    lines: anyLines,
    relines: fc.constantFrom(true, false, false),
    witnesses: anyWitnesses,
    promise: anyPromise,
    withPromise: fc.boolean(),
    isLate: fc.boolean(),
    index: anyIndex,
    second: anyIndex,
    kind: fc.constantFrom(...entryEvidenceKinds),
    maker: fc.nat({ max: 8 }),
    from: anySize,
  })
  .map((parts): Attempt => {
    const { key, lines, relines, witnesses, promise, withPromise, isLate, index, kind, maker } =
      parts
    const withLines = (text: string, keys: readonly Vkey[]) =>
      relines ? relined(text, keys, lines) : text
    // What the key has signed if nothing is forged: most files are then about what they say.
    const signed = notesBy.get(key) ?? []
    const pool = relines || signed.length === 0 ? everyNote : signed
    const picked = parts.picks.map((pick) => pool[pick % pool.length] as string)
    const [a, b, c] = picked.map((text) => withLines(text, [key])) as [string, string, string]
    const sizeOf = (text: string) => parseCheckpointText(parseNote(text).text).size
    const entry = (at: number) => placeOf(at, sizeOf(a), true)
    const size = Math.max(parts.from, 2)
    const fork = { implied: heads[0]?.root ?? anyRoot(1), hashes: proof(1, tree.slice(0, size)) }
    const makers: readonly (() => { readonly text: string })[] = [
      () => makeFork(key, a, b, parts.from > 8 ? undefined : fork, natively),
      () => makeWitnessEquivocation(key, a, b, parts.from > 8 ? undefined : fork, natively),
      () => makeKeyMisuse(key, a, parts.from > 8 ? undefined : b, natively),
      () => makeTwoTreeIds(key, a, [b, c], natively),
      () => makeWitnessRollback(key, a, b, natively),
      () => makeHeadTime(key, a, b, natively),
      () => {
        const leafHash = nodeHasher.leaf(tree[index] as Uint8Array)
        const proven = path(index, tree)
        return makeBrokenPromise(
          key,
          { ...promise, logIndex: index },
          a,
          leafHash,
          proven,
          natively,
        )
      },
      () => {
        const all = [key, ...witnesses]
        const [newer, older] = picked.map((text) => withLines(text, all)) as [string, string]
        const at = withPromise ? promise.logIndex : index
        const found = { witnesses, note: newer, entry: placeOf(at, sizeOf(newer), false) }
        const more = { ...(isLate && { older }), ...(withPromise && { promise }) }
        return makeEntryTime(key, { ...found, ...more }, natively)
      },
      () => {
        const pair = [index, parts.second].toSorted((one, other) => one - other)
        const isPair = kind !== "bad-entry" && kind !== "unexpected-entry"
        return makeEntryEvidence(kind, key, a, (isPair ? pair : [index]).map(entry), "x", natively)
      },
    ]
    return () => makers[maker]?.().text ?? ""
  })

/** The honest log's promises and its entries' certificates against the clocks of witnesses, honest or not. */
const byClocks: fc.Arbitrary<Attempt> = fc
  .record({
    witnesses: fc.subarray(
      [...honestWitnesses, madeUp].map(({ vkey }) => vkey),
      { minLength: 1 },
    ),
    picks: fc.tuple(fc.nat(), fc.nat()),
    promise: fc.option(fc.constantFrom(...promised), { nil: undefined }),
    index: fc.constantFrom(1, 2, 3, 10),
    isLate: fc.boolean(),
  })
  .map(({ witnesses, picks, promise, index, isLate }): Attempt => {
    const cosigned = (notesBy.get(ecdsa.vkey) ?? []).filter((text) =>
      witnesses.every((vkey) => notesBy.get(vkey)?.includes(text)),
    )
    const at = promise?.logIndex ?? index
    const sizeOf = (text: string) => parseCheckpointText(parseNote(text).text).size
    const within = (isLate ? (notesBy.get(ecdsa.vkey) ?? []) : cosigned).filter(
      (text) => sizeOf(text) > at && !text.startsWith(`${ORIGIN} - `),
    )
    const before = cosigned.filter((text) => sizeOf(text) <= at)
    return () => {
      const newer = within[picks[0] % within.length] ?? ""
      const older = isLate ? (before[picks[1] % before.length] ?? "") : undefined
      const found = { witnesses, note: newer, entry: placeOf(at, sizeOf(newer), false) }
      const more = { ...(older !== undefined && { older }), ...(promise && { promise }) }
      return makeEntryTime(ecdsa.vkey, { ...found, ...more }, natively).text
    }
  })

const byParts: fc.Arbitrary<Attempt> = fc
  .record({
    format: fc.constantFrom("tlog-evidence/v1" as const, "tlog-evidence/v2" as const),
    kind: fc.constantFrom(...evidenceKinds),
    key: anyKey,
    witnesses: anyWitnesses,
    note: fc.option(anyNote, { nil: undefined }),
    old: fc.option(anyNote, { nil: undefined }),
    new: fc.option(anyNote, { nil: undefined }),
    implied: fc.option(fc.constantFrom(...heads.map(({ root }) => root), anyRoot(1)), {
      nil: undefined,
    }),
    hashes: fc.constantFrom([], [], proof(2, tree), proof(4, tree), proof(8, tree)),
    promise: fc.option(anyPromise.map(promiseLines), { nil: undefined }),
    indices: fc.uniqueArray(anyIndex, { maxLength: 2 }),
    lines: anyLines,
  })
  .map(
    ({ indices, lines, ...file }): Attempt =>
      () => {
        const keys = [file.key, ...file.witnesses]
        const own = (text: string | undefined, all: readonly Vkey[]) =>
          text && relined(text, all, lines)
        const parts: EvidenceFile = {
          ...file,
          note: own(file.note, keys),
          old: own(file.old, keys),
          new: own(file.new, [file.key]),
          places: indices.toSorted((a, b) => a - b).map((index) => placeOf(index, 16, true)),
        }
        return formatEvidence(parts)
      },
  )

/** Files that hold: of a liar, and what an honest log has in it. */
const holding = [
  makeFork(evil.vkey, evilNotes.at(-8) ?? "", evilNotes.at(-4) ?? ""),
  makeKeyMisuse(evil.vkey, evilNotes.at(-7) ?? "", evilNotes.at(-8) ?? ""),
  makeEntryEvidence(
    "duplicate-entry",
    log.vkey,
    published.at(-5) ?? "",
    [4, 5].map((i) => placeOf(i, 16, false)),
  ),
  makeEntryTime(ecdsa.vkey, {
    witnesses: [witness.vkey, second.vkey],
    older: published[0] ?? "",
    note: published.at(-5) ?? "",
    entry: placeOf(1, 16, false),
  }),
].map(({ text }) => text)

const byFlips: fc.Arbitrary<Attempt> = fc
  .record({ text: fc.constantFrom(...holding), at: fc.nat(), bit: fc.nat({ max: 7 }) })
  .map(({ text, at, bit }): Attempt => {
    const bytes = Buffer.from(text)
    const place = at % bytes.length
    bytes[place] = (bytes[place] as number) ^ (1 << bit)
    return () => bytes.toString()
  })

/** A liar's file with an honest key in its place, and its words for those of a presentation. */
const byKeys: fc.Arbitrary<Attempt> = fc
  .record({
    text: fc.constantFrom(...holding),
    key: anyKey,
    lines: anyLines,
    format: fc.constantFrom("tlog-evidence/v1" as const, "tlog-evidence/v2" as const),
    word: fc.constantFrom("convicts", "presents", "key"),
    rewords: fc.boolean(),
  })
  .map(({ text, key, lines, format, word, rewords }): Attempt => {
    const file = parseEvidence(text)
    const own = (note: string | undefined) => note && relined(note, [key, ...file.witnesses], lines)
    return () => {
      const parts = { ...file, format, key, note: own(file.note), old: own(file.old) }
      const made = formatEvidence({ ...parts, new: file.new && relined(file.new, [key], lines) })
      return rewords ? made.replace(/\n(convicts|presents|key) /, `\n${word} `) : made
    }
  })

function isHonest({ publicKey }: Vkey): boolean {
  return honest.some((vkey) => equalBytes(vkey.publicKey, publicKey))
}

test(`of ${COUNTERSIGN_FRAMING} attempts none convicts a log or a witness that is honest`, () => {
  const count = { presented: 0 }
  fc.assert(
    fc.property(
      fc.oneof(
        { weight: 5, arbitrary: byMakers },
        { weight: 1, arbitrary: byClocks },
        { weight: 2, arbitrary: byParts },
        { weight: 1, arbitrary: byFlips },
        { weight: 1, arbitrary: byKeys },
      ),
      fc.constantFrom(undefined, ...honest),
      (attempt, pinned) => {
        const text = valueOrRefusal(attempt)
        if (text === undefined) return
        for (const key of new Set([undefined, pinned])) {
          const verified = valueOrRefusal(() => verifyEvidence(text, key, natively, known))
          if (verified === undefined) continue
          if (verified.effect === "presents") {
            count.presented += 1
            expect(verified.convicted).toBeUndefined()
            continue
          }
          expect(isHonest(verified.key)).toBe(false)
        }
      },
    ),
    { numRuns: Number(COUNTERSIGN_FRAMING) },
  )
  // Without these it would hold of a verifier that refuses all.
  expect(count.presented).toBeGreaterThan(0)
  const effects = holding.map((text) => verifyEvidence(text, undefined, natively, known).effect)
  expect(effects).toEqual(["convicts", "presents", "presents", "presents"])
}, 1_800_000)
