import { verify } from "node:crypto"
import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import { equalBytes, utf8 } from "../../src/core/base/bytes.ts"
import { Trouble } from "../../src/core/base/errors.ts"
import { formatCheckpoint } from "../../src/core/note/checkpoint.ts"
import { formatNote, lineOf, parseNote } from "../../src/core/note/note.ts"
import type { Head } from "../../src/core/tree/hash.ts"
import { verifyConsistency } from "../../src/core/tree/proof.ts"
import type { EntryPromise } from "../../src/log/ports/signer.ts"
import { promisedBytes } from "../../src/signer/promised-bytes.ts"
import { createSigner, type Signer } from "../../src/signer/signer.ts"
import { bodies, nodeHasher, path } from "../reference.ts"
import {
  type AskedTree,
  askFor,
  type MadeSigner,
  makeSigner,
  memoryOf,
  NOW,
  newKeys,
  noteOf,
  openOwn,
  origin,
  treeOf,
} from "./made-signer.ts"

/** A tree of so many entries of which the last ones, from `forkedAt` on, are others. */
function forked(size: number, forkedAt: number): AskedTree {
  const other = (i: number) => utf8(`forged ${i}`)
  return treeOf(bodies(size).map((body, i) => (i < forkedAt ? body : other(i))))
}

async function grown(size: number): Promise<MadeSigner & { readonly note: string }> {
  const made = makeSigner()
  return { ...made, note: await askFor(made.signer, treeOf(bodies(size))) }
}

describe("a signer", () => {
  test("says whose it is and what it remembers", async () => {
    const { signer, identity, keys } = await grown(3)
    const answer = await signer.answer({ ask: "identity" })
    expect(answer).toMatchObject({ identity: { origin, treeId: identity.treeId, size: 3 } })
    expect(keys.map(({ vkey }) => vkey.type)).toEqual([2, 1])
  })

  test("signs every head that continues the remembered one, with both keys", async () => {
    const { signer, keys } = makeSigner()
    for (const size of [0, 1, 2, 3, 7, 8, 9, 64, 100, 257]) {
      const tree = treeOf(bodies(size))
      expect(openOwn(await askFor(signer, tree), keys)).toMatchObject(tree.head)
    }
  })

  test("signs the same head again, also in another process", async () => {
    const { keys, again, note } = await grown(5)
    const tree = treeOf(bodies(5))
    expect(openOwn(note, keys).size).toBe(5)
    expect(openOwn(await askFor(again(), tree, 0), keys).size).toBe(5)
  })

  test("names the remembered size if the proof is from another one", async () => {
    const { signer } = await grown(5)
    await expect(askFor(signer, treeOf(bodies(9)), 4)).rejects.toMatchObject({ size: 5 })
    await askFor(signer, treeOf(bodies(9)), 5)
  })

  test("takes no keys but those of its memory", () => {
    const { identity } = makeSigner()
    const options = { hasher: {} as never, holds: () => false, now: () => NOW }
    const make = () => createSigner({ ...options, memory: memoryOf(identity), keys: newKeys() })
    expect(make).toThrow(/give the keys that it was made with/)
  })

  test("signs nothing any more once its memory could not be written", async () => {
    const made = makeSigner()
    let fails = true
    const memory = {
      ...made.memory,
      remember(head: Head) {
        if (fails) throw new Trouble("disk", "injected")
        made.memory.remember(head)
      },
    }
    const signer = createSigner({
      ...{ memory, keys: made.keys, hasher: nodeHasher },
      ...{ holds: () => false, now: () => NOW },
    })
    await expect(askFor(signer, treeOf(bodies(1)))).rejects.toThrow("injected")
    fails = false
    await expect(askFor(signer, treeOf(bodies(1)))).rejects.toThrow(/bug/)
  })

  test("remembers a head before it signs it", async () => {
    const made = makeSigner()
    const order: string[] = []
    const memory = {
      ...made.memory,
      remember(head: Head) {
        order.push(`remembered ${head.size}`)
        made.memory.remember(head)
      },
    }
    const keys = made.keys.map((key) => ({
      ...key,
      async sign(message: Uint8Array) {
        order.push("signed")
        return await key.sign(message)
      },
    }))
    const signer = createSigner({
      ...{ memory, keys, hasher: nodeHasher },
      ...{ holds: () => false, now: () => NOW },
    })
    await askFor(signer, treeOf(bodies(2)))
    expect(order).toEqual(["remembered 2", "signed", "signed"])
  })
})

describe("a thief of the log's process", () => {
  async function expectRefused(signer: Signer, tree: AskedTree, code: string, from?: number) {
    const before = signer.head()
    await expect(askFor(signer, tree, from)).rejects.toMatchObject({ name: "Refusal", code })
    expect(signer.head()).toEqual(before)
  }

  test("gets no second root at a size", async () => {
    const { signer } = await grown(8)
    await expectRefused(signer, forked(8, 7), "conflict")
    await expectRefused(signer, forked(8, 0), "conflict")
  })

  test("gets no smaller tree, not even one that was signed before", async () => {
    const { signer } = await grown(5)
    await askFor(signer, treeOf(bodies(9)))
    for (const size of [0, 1, 5, 8]) await expectRefused(signer, treeOf(bodies(size)), "conflict")
  })

  test("gets no larger tree that has other entries, whatever proof comes along", async () => {
    const { signer } = await grown(8)
    const fork = forked(13, 6)
    const honest = treeOf(bodies(13))
    await expectRefused(signer, fork, "bad-proof", 8)
    for (const proof of [[], honest.from(8), fork.from(8), fork.from(8).toReversed()]) {
      const asked = { ask: "checkpoint", text: fork.text, from: 8, proof } as const
      await expect(signer.answer(asked)).rejects.toMatchObject({ code: "bad-proof" })
    }
    // A proof from the empty tree is empty, and would show anything.
    const fromNothing = { ask: "checkpoint", text: fork.text, from: 0, proof: [] } as const
    await expect(signer.answer(fromNothing)).rejects.toMatchObject({ code: "conflict", size: 8 })
  })

  test("gets no checkpoint of another name, of more lines, or spelt in another way", async () => {
    const { signer, identity } = await grown(2)
    const tree = treeOf(bodies(3))
    const { text } = tree
    await expectRefused(signer, treeOf(bodies(3), "other.example"), "mismatch")
    await expectRefused(signer, treeOf(bodies(3), `${origin} - ${identity.treeId}`), "mismatch")
    await expectRefused(signer, { ...tree, text: `${text}extension\n` }, "not-allowed")
    for (const changed of [
      ...[text.replace("\n3\n", "\n03\n"), text.replace("\n3\n", "\n+3\n"), text.slice(0, -1)],
      ...[`${text}\n`, `\n${text}`, text.replaceAll("\n", "\r\n"), `${text}\n— x y\n`, ""],
      ...["cosignature/v1\ntime 1\n", '{"body":"","logIndex":0}', text.replace("=", "")],
    ]) {
      const asked = { ask: "checkpoint", text: changed, from: 2, proof: tree.from(2) } as const
      await expect(signer.answer(asked)).rejects.toMatchObject({ name: "Refusal" })
    }
    expect(signer.head().size).toBe(2)
  })

  test("gets no empty root at a size, and no other root at size 0", async () => {
    const { signer } = makeSigner()
    const empty = treeOf([]).head.root
    const lies: Head[] = [
      { size: 4, root: empty },
      { size: 0, root: treeOf(bodies(1)).head.root },
    ]
    for (const head of lies) {
      const asked = { ask: "checkpoint", text: formatCheckpoint(origin, head), from: 0, proof: [] }
      await expect(signer.answer({ ...asked, ask: "checkpoint" })).rejects.toMatchObject({
        code: "mismatch",
      })
    }
  })

  test("does not win by asking for two trees at once", async () => {
    const { signer, keys } = makeSigner()
    const asked = [treeOf(bodies(6)), forked(6, 3), forked(7, 5)].map((tree) =>
      askFor(signer, tree, 0),
    )
    const signed = (await Promise.allSettled(asked)).filter(({ status }) => status === "fulfilled")
    expect(signed.length).toBe(1)
    expect(openOwn((signed[0] as PromiseFulfilledResult<string>).value, keys).size).toBe(6)
  })
})

describe("the v1 checkpoint of a signer", () => {
  const askForV1 = async (signer: Signer, checkpoint: string) =>
    noteOf(await signer.answer({ ask: "rekor-checkpoint", checkpoint }))

  test("is of a head that it has signed, also in an earlier process, and of an older one", async () => {
    const { signer, keys, again, note } = await grown(4)
    await askFor(signer, treeOf(bodies(6)))
    for (const asked of [signer, again()]) {
      const { text, signatures } = parseNote(await askForV1(asked, note))
      const [, size, root] = note.split("\n")
      expect(text).toBe(`${origin} - 4711\n${size}\n${root}\n`)
      expect(signatures.length).toBe(1)
      const [key] = keys
      expect(lineOf((key ?? expect.fail()).vkey, signatures)).toBeDefined()
    }
  })

  test("is refused for what it has not signed", async () => {
    const { signer, keys, note, again } = await grown(4)
    const other = await grown(4)
    const { signatures } = parseNote(note)
    const forge = (text: string) => formatNote(text, signatures)
    const [ecdsa, ed25519] = keys.map(({ vkey }) => lineOf(vkey, signatures))
    const withEd25519 = formatNote(treeOf(bodies(4)).text, [ed25519 ?? expect.fail()])
    expect(ecdsa).toBeDefined()
    for (const [asked, code] of [
      [forge(forked(4, 1).text), "conflict"],
      [forge(treeOf(bodies(3)).text), "untrusted"],
      [forge(treeOf(bodies(5)).text), "conflict"],
      [forge(treeOf(bodies(4), "other.example").text), "mismatch"],
      [forge(`${treeOf(bodies(4)).text}line\n`), "not-allowed"],
    ] as const) {
      await expect(askForV1(signer, asked)).rejects.toMatchObject({ code })
    }
    // A process that does not know the head by itself believes its own ECDSA line alone.
    await expect(askForV1(again(), withEd25519)).rejects.toMatchObject({ code: "untrusted" })
    await expect(askForV1(again(), other.note)).rejects.toMatchObject({ code: "untrusted" })
    await expect(askForV1(again(), "no note")).rejects.toMatchObject({ code: "malformed" })
  })
})

describe("the signed entry timestamp of a signer", () => {
  const SIZE = 11
  function promiseOf(made: MadeSigner, index: number): EntryPromise {
    const body = Buffer.from(bodies(SIZE)[index] ?? utf8("no entry")).toString("base64")
    const logID = made.identity.keyFingerprints[0] ?? expect.fail()
    return { body, integratedTime: NOW, logID, logIndex: index }
  }

  async function sign(signer: Signer, checkpoint: string, promise: EntryPromise, index: number) {
    const body = Buffer.from(promise.body, "base64")
    const proof = path(Math.min(index, SIZE - 1), bodies(SIZE))
    const asked = { ask: "entry-timestamp", checkpoint, promise, body, proof } as const
    return await signer.answer(asked)
  }

  test("is over an entry that is in a tree that it has signed", async () => {
    const made = await grown(SIZE)
    for (const index of [0, 4, SIZE - 1]) {
      const promise = promiseOf(made, index)
      const answer = await sign(made.signer, made.note, promise, index)
      const signature = "signature" in answer ? answer.signature : expect.fail()
      const key = {
        key: Buffer.from(made.keys[0]?.vkey.publicKey ?? []),
        format: "der",
        type: "spki",
      }
      const holds = verify("sha256", promisedBytes(promise), key as never, signature)
      expect(holds).toBe(true)
    }
  })

  test("is refused beyond the tree, for another body, log or index, and for the future", async () => {
    const made = await grown(SIZE)
    const promise = promiseOf(made, 4)
    const larger = treeOf(bodies(SIZE + 1))
    const [line] = parseNote(made.note).signatures
    for (const [changed, code] of [
      [promiseOf(made, SIZE), "beyond-tree"],
      [{ ...promise, logIndex: 2 ** 53 - 1 }, "beyond-tree"],
      [{ ...promise, logIndex: 5 }, "bad-proof"],
      [{ ...promise, body: Buffer.from("forged").toString("base64") }, "bad-proof"],
      [{ ...promise, logID: "ab".repeat(32) }, "mismatch"],
      [{ ...promise, integratedTime: NOW + 61 }, "try-later"],
      [{ ...promise, integratedTime: 0 }, "mismatch"],
    ] as const) {
      const asked = sign(made.signer, made.note, changed, 4)
      await expect(asked).rejects.toMatchObject({ code })
    }
    const beyond = formatNote(larger.text, [line ?? expect.fail()])
    const asked = sign(made.signer, beyond, promiseOf(made, SIZE), SIZE)
    await expect(asked).rejects.toMatchObject({ code: "conflict" })
  })
})

describe("any sequence of requests", () => {
  const size = fc.nat({ max: 12 })
  const request = fc.record({
    size,
    /** Where the tree begins to be another one; at 13 it is the honest one. */
    forkedAt: fc.oneof(fc.constant(13), size),
    from: fc.oneof(fc.constant("remembered" as const), size),
    proofFrom: fc.oneof(fc.constant("same" as const), size),
    /** Whether the process ends before this request. */
    isNewProcess: fc.boolean(),
  })

  test("never makes it sign two heads of which one does not begin the other", async () => {
    const keys = makeSigner()
    await fc.assert(
      fc.asyncProperty(fc.array(request, { maxLength: 14 }), async (requests) => {
        const made = { ...keys, memory: memoryOf(keys.identity) }
        const begin = () =>
          createSigner({
            ...{ memory: made.memory, keys: made.keys, hasher: nodeHasher, holds: () => false },
            now: () => NOW,
          })
        let signer = begin()
        const signed: AskedTree[] = []
        for (const each of requests) {
          if (each.isNewProcess) signer = begin()
          const tree = forked(each.size, each.forkedAt)
          const from = each.from === "remembered" ? signer.head().size : each.from
          const proof = tree.from(each.proofFrom === "same" ? from : each.proofFrom)
          const asked = { ask: "checkpoint", text: tree.text, from, proof } as const
          const isSigned = await signer.answer(asked).then(
            () => true,
            () => false,
          )
          if (isSigned) signed.push(tree)
        }
        for (const older of signed) for (const newer of signed) expectOneLog(older, newer)
      }),
      { numRuns: 300 },
    )
  }, 60_000)
})

/** By the definition of RFC 6962, and not by what the signer believes. */
function expectOneLog(older: AskedTree, newer: AskedTree): void {
  if (older.head.size > newer.head.size) return
  if (older.head.size === newer.head.size) {
    expect(equalBytes(older.head.root, newer.head.root)).toBe(true)
    return
  }
  const proof = newer.from(older.head.size)
  expect(() => verifyConsistency(older.head, newer.head, proof)).not.toThrow()
}
