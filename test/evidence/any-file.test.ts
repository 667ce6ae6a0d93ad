// Files put together at random from parts that are good by themselves: each is refused or proves what it
// says, nothing else happens, and none convicts the honest keys among them.
import fc from "fast-check"
import { expect, test } from "vitest"
import { formatVkey, type Vkey } from "../../src/core/note/note.ts"
import type { Head } from "../../src/core/tree/hash.ts"
import { type EvidenceKind, evidenceKinds } from "../../src/evidence/evidence.ts"
import { type EvidenceFile, formatEvidence } from "../../src/evidence/format.ts"
import { promiseLines, type SignedPromise } from "../../src/evidence/promise.ts"
import { verifyEvidence } from "../../src/evidence/verification.ts"
import { bodies, nodeHasher, path, proof } from "../reference.ts"
import { valueOrRefusal } from "../refusals.ts"
import { type TestSigner, testSigner } from "../signers.ts"
import {
  alice,
  anyRoot,
  bob,
  ecdsaLog,
  hashedrekordOf,
  headOf,
  intotoOf,
  log,
  natively,
  noteOf,
  ORIGIN,
  revocationOf,
  statementOf,
  TIME,
  timedLog,
  witness,
} from "./made-cases.ts"

const payload = statementOf("pkg@1", "content")
const tree = bodies(8)
  .with(0, hashedrekordOf(alice, "entry"))
  .with(1, hashedrekordOf(alice, "another"))
  .with(2, revocationOf(bob))
  .with(3, intotoOf(alice, payload))
const heads = [2, 4, 8].map((size) => headOf(tree.slice(0, size)))
const ecdsa = ecdsaLog()
/** No witness's key: it signs the heads of another log as if they were its own. */
const timeless = testSigner("witness.example/w3", 1, 5)
const everyone = [log, timedLog, ecdsa, witness, timeless]

function promiseOf(index: number): SignedPromise {
  const body = Buffer.from(tree[index] as Uint8Array).toString("base64")
  const said = { body, integratedTime: TIME, logID: ecdsa.logID, logIndex: index }
  const { promised } = promiseLines({ ...said, signature: new Uint8Array(0) })
  return { ...said, signature: ecdsa.signBytes(promised) }
}

/** Signed by one, by two, and by everyone, so that few files fall for a line too many. */
const signings = [
  ...everyone.map((signer) => [signer]),
  ...everyone.flatMap((one) => everyone.filter((other) => other !== one).map((two) => [one, two])),
  everyone,
]
const notes = heads.flatMap((head, i) =>
  signings.map((signers) => noteOf(head, signers, { time: TIME + 60 * i })),
)
const places = [0, 1, 2, 3].map((index) => {
  const body = tree[index] as Uint8Array
  return { index, body, path: path(index, tree), ...(index === 3 && { payload }) }
})
const leaf = { index: 5, leafHash: nodeHasher.leaf(tree[5] as Uint8Array), path: path(5, tree) }

const note = fc.option(fc.constantFrom(...notes), { nil: undefined })
const roots = [...heads.map(({ root }) => root), anyRoot(1)]
const anyone: fc.Arbitrary<Vkey> = fc.constantFrom(...everyone.map(({ vkey }) => vkey))

const file: fc.Arbitrary<EvidenceFile> = fc.record({
  format: fc.constantFrom("tlog-evidence/v1", "tlog-evidence/v2"),
  kind: fc.constantFrom(...evidenceKinds),
  key: anyone,
  witnesses: fc.array(anyone, { maxLength: 2 }),
  note,
  old: note,
  new: note,
  implied: fc.option(fc.constantFrom(...roots), { nil: undefined, freq: 1 }),
  hashes: fc.constantFrom([], [], proof(2, tree), proof(4, tree)),
  promise: fc.option(fc.constantFrom(...[1, 3, 5].map(promiseOf).map(promiseLines)), {
    nil: undefined,
    freq: 1,
  }),
  places: fc.subarray([...places, leaf], { maxLength: 2 }),
  remark: fc.constantFrom(undefined, undefined, "a remark"),
})

const signed = new Map<string, string>()

/** The note of a head by these signers, made once. */
function signedNote(at: number, signers: readonly TestSigner[]): string {
  const key = `${at} ${signers.map(({ vkey }) => formatVkey(vkey)).join(" ")}`
  const head = heads[at] as Head
  const made = signed.get(key) ?? noteOf(head, signers, { time: TIME + 60 * at })
  signed.set(key, made)
  return made
}

const place = fc.nat({ max: heads.length - 1 })

/** Files whose notes have the lines that they must have, so that many get past their form. */
const likely: fc.Arbitrary<EvidenceFile> = fc
  .record({
    whole: file,
    signer: fc.constantFrom(...everyone),
    others: fc.subarray(everyone, { maxLength: 1 }),
    first: place,
    second: place,
    form: fc.constantFrom("pair", "time", "entry", "promise"),
  })
  .map(({ whole, signer, others, first, second, form }) => {
    const signers = form === "time" ? [signer, ...others] : [signer]
    const [one, two] = [first, second].map((at) => signedNote(at, signers))
    const { format } = whole
    const bare = {
      format,
      kind: whole.kind,
      key: signer.vkey,
      witnesses: [],
      hashes: [],
      places: [],
    }
    switch (form) {
      case "pair":
        return { ...bare, old: one, new: two, implied: whole.implied, hashes: whole.hashes }
      case "time": {
        const witnesses = others.map(({ vkey }) => vkey)
        const kind = "time" as const
        return { ...bare, kind, witnesses, note: one, promise: whole.promise, places: whole.places }
      }
      case "promise":
        return {
          ...bare,
          kind: "broken-promise",
          note: one,
          promise: whole.promise,
          places: [leaf],
        }
      default:
        return { ...bare, note: signedNote(2, signers), places: whole.places }
    }
  })

test("no file makes verifyEvidence() throw anything but a refusal, or frames an honest log", () => {
  const proven = new Map<EvidenceKind, number>()
  fc.assert(
    fc.property(
      fc.oneof({ weight: 1, arbitrary: file }, { weight: 3, arbitrary: likely }),
      (parts) => {
        const verified = valueOrRefusal(() =>
          verifyEvidence(formatEvidence(parts), undefined, natively),
        )
        if (verified === undefined || verified.key.name === timeless.vkey.name) return
        proven.set(verified.kind, (proven.get(verified.kind) ?? 0) + 1)
        expect([verified.effect, verified.freezes, verified.origin]).toEqual([
          "presents",
          false,
          ORIGIN,
        ])
        // That an entry is in the log, which is no lie of anybody's.
        expect(verified.kind).toBe("unexpected-entry")
      },
    ),
    { numRuns: 10_000 },
  )
  // Without this the property would hold of a verifier that refuses all.
  expect(proven.get("unexpected-entry")).toBeGreaterThan(0)
}, 60_000)
