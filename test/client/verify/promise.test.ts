// Promises of Rekor v1, alone or beside a proof, and the window in which the log's key may have made them.
import { describe, expect, test } from "vitest"
import type { BundleCheck } from "../../../src/client/verify/verify.ts"
import { formatVkey, makeVkey } from "../../../src/core/note/note.ts"
import { parsePolicy } from "../../../src/core/note/policy.ts"
import { readTrustedRoot } from "../../../src/sigstore/trusted-root.ts"
import { makeSigner } from "../../entry/signers.ts"
import { expectRefusal } from "../../refusals.ts"
import { changed, check, log, p256 } from "./checked.ts"
import { ENTRY_TIME, type EntryJson, everyV1, hashedrekordV1, makeRekorLog } from "./made-rekor.ts"

describe("a promise", () => {
  const without = ({ inclusionProof: _, ...entry }: EntryJson): EntryJson => entry

  test("alone is enough in version 0.1, and the verdict says so", () => {
    for (const made of everyV1(log)) {
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
