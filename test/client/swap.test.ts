// T-SWAP: parts of valid bundles put into other valid bundles. All of it must be refused, and for the
// right reason.
import { beforeAll, describe, expect, it } from "vitest"
import { type VerifiedBundle, verifyBundle } from "../../src/client/verify/verify.ts"
import { Refusal } from "../../src/core/base/errors.ts"
import { formatSigstoreBundle, parseSigstoreBundle } from "../../src/sigstore/bundle.ts"
import { type MadeBundle, makeBundles } from "./made-bundles.ts"
import { type MadeLog, makeLog } from "./made-log.ts"

let log: MadeLog
let bundles: readonly MadeBundle[]

/** Without the two slowest curves, which would take most of the time. */
let swapped: readonly MadeBundle[]

beforeAll(async () => {
  log = makeLog()
  bundles = await makeBundles(log)
  swapped = bundles.filter(({ name }) => name !== "p384" && name !== "p521")
})

function verify({ text, artifact, key }: MadeBundle): VerifiedBundle {
  return verifyBundle({ bundle: text, artifact, key, trust: { trustedRoot: log.trustedRoot } })
}

/** The code of the refusal, or `accepted`. */
function outcome(made: MadeBundle): string {
  try {
    verify(made)
    return "accepted"
  } catch (error) {
    if (error instanceof Refusal) return error.code
    throw error
  }
}

type Parsed = ReturnType<typeof parseSigstoreBundle>
type Entry = Parsed["entries"][number]
type Proof = NonNullable<Entry["proof"]>

function partsOf(made: MadeBundle): { parsed: Parsed; entry: Entry; proof: Proof } {
  const parsed = parseSigstoreBundle(made.text)
  const [entry] = parsed.entries
  if (entry?.proof === undefined) return expect.fail("the bundle has no entry with a proof")
  return { parsed, entry, proof: entry.proof }
}

function withEntry(made: MadeBundle, change: (entry: Entry, proof: Proof) => Entry): MadeBundle {
  const { parsed, entry, proof } = partsOf(made)
  return { ...made, text: formatSigstoreBundle({ ...parsed, entries: [change(entry, proof)] }) }
}

function withProof(made: MadeBundle, change: (proof: Proof) => Proof): MadeBundle {
  return withEntry(made, (entry, proof) => ({ ...entry, proof: change(proof) }))
}

/** One part of `a` replaced by that of `b`, and the codes of which one must be the reason. */
interface Swap {
  readonly name: string
  readonly codes: readonly string[]
  apply(a: MadeBundle, b: MadeBundle): MadeBundle
}

const swaps: readonly Swap[] = [
  {
    name: "artifact",
    codes: ["mismatch"],
    apply: (a, b) => ({ ...a, artifact: b.artifact }),
  },
  {
    name: "key",
    codes: ["bad-signature", "mismatch"],
    apply: (a, b) => ({ ...a, key: b.key }),
  },
  {
    name: "signature",
    codes: ["bad-signature"],
    apply(a, b) {
      const { parsed } = partsOf(a)
      const { signature } = partsOf(b).parsed.content
      const content = { ...parsed.content, signature }
      return { ...a, text: formatSigstoreBundle({ ...parsed, content }) }
    },
  },
  {
    name: "content",
    codes: ["mismatch", "bad-signature"],
    apply(a, b) {
      const { content } = partsOf(b).parsed
      return { ...a, text: formatSigstoreBundle({ ...partsOf(a).parsed, content }) }
    },
  },
  {
    name: "content and artifact",
    codes: ["bad-signature", "mismatch"],
    apply(a, b) {
      const { content } = partsOf(b).parsed
      const text = formatSigstoreBundle({ ...partsOf(a).parsed, content })
      return { ...a, artifact: b.artifact, text }
    },
  },
  {
    // What cosign once accepted: any valid entry of the log beside a valid signature.
    name: "log entry",
    codes: ["mismatch", "bad-signature"],
    apply: (a, b) => withEntry(a, () => partsOf(b).entry),
  },
  {
    name: "body",
    codes: ["mismatch"],
    apply: (a, b) => withEntry(a, (entry) => ({ ...entry, body: partsOf(b).entry.body })),
  },
  {
    name: "index of the entry",
    codes: ["bad-proof"],
    apply: (a, b) => withEntry(a, (entry) => ({ ...entry, index: partsOf(b).entry.index })),
  },
  {
    name: "index of the proof",
    codes: ["bad-proof"],
    apply: (a, b) => withProof(a, (proof) => ({ ...proof, index: partsOf(b).proof.index })),
  },
  {
    name: "both indexes",
    codes: ["bad-proof"],
    apply(a, b) {
      const { index } = partsOf(b).entry
      return withEntry(a, (entry, proof) => ({ ...entry, index, proof: { ...proof, index } }))
    },
  },
  {
    name: "hashes",
    codes: ["bad-proof"],
    apply: (a, b) => withProof(a, (proof) => ({ ...proof, hashes: partsOf(b).proof.hashes })),
  },
  {
    name: "root",
    codes: ["bad-proof"],
    apply: (a, b) => withProof(a, (proof) => ({ ...proof, root: partsOf(b).proof.root })),
  },
  {
    name: "size",
    codes: ["bad-proof"],
    apply: (a, b) => withProof(a, (proof) => ({ ...proof, size: partsOf(b).proof.size })),
  },
  {
    name: "checkpoint",
    codes: ["bad-proof"],
    apply: (a, b) =>
      withProof(a, (proof) => ({ ...proof, checkpoint: partsOf(b).proof.checkpoint })),
  },
  {
    name: "checkpoint with size and root",
    codes: ["bad-proof"],
    apply(a, b) {
      const { checkpoint, size, root } = partsOf(b).proof
      return withProof(a, (proof) => ({ ...proof, checkpoint, size, root }))
    },
  },
  {
    name: "proof",
    codes: ["bad-proof"],
    apply: (a, b) => withProof(a, () => partsOf(b).proof),
  },
  {
    name: "proof and index",
    codes: ["bad-proof"],
    apply(a, b) {
      const { entry, proof } = partsOf(b)
      return withEntry(a, (own) => ({ ...own, index: entry.index, proof }))
    },
  },
]

describe("T-SWAP", () => {
  it.each(swaps)("refuses the $name of another bundle", ({ codes, apply }) => {
    const found = swapped.flatMap((a) =>
      swapped
        .filter((b) => b !== a)
        .map((b) => ({ a: a.name, b: b.name, code: outcome(apply(a, b)) })),
    )
    expect(found).toHaveLength(10 * 9)
    expect(found.filter(({ code }) => !codes.includes(code))).toEqual([])
  })

  it("refuses the checkpoint, the log ID and the proof of another log with the same entries", async () => {
    const twin = makeLog()
    const twins = await makeBundles(twin)
    const [own] = bundles
    const [other] = twins
    if (own === undefined || other === undefined) expect.fail("there are no bundles")
    const { entry, proof } = partsOf(other)
    expect(outcome(withProof(own, (it) => ({ ...it, checkpoint: proof.checkpoint })))).toBe(
      "untrusted",
    )
    expect(outcome(withEntry(own, (it) => ({ ...it, logId: entry.logId })))).toBe("untrusted")
    expect(outcome(other)).toBe("untrusted")
    expect(outcome(own)).toBe("accepted")
  })
})
