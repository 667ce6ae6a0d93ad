// Checkpoints of Rekor v1, by every kind of trust, and trusted roots with several keys of one log.
import { describe, expect, test } from "vitest"
import { openTrusted, signingLog } from "../../../src/client/trust.ts"
import { utf8 } from "../../../src/core/base/bytes.ts"
import { formatVkey, makeVkey } from "../../../src/core/note/note.ts"
import { parsePolicy } from "../../../src/core/note/policy.ts"
import { formatTrustedRoot, readTrustedRoot } from "../../../src/sigstore/trusted-root.ts"
import { makeSigner } from "../../entry/signers.ts"
import { expectRefusal } from "../../refusals.ts"
import { makeLog } from "../made-log.ts"
import { changed, check, log, p256 } from "./checked.ts"
import { ENTRY_TIME, hashedrekordV1, makeRekorLog } from "./made-rekor.ts"

describe("the checkpoint of a tree", () => {
  test("is taken under the pinned key whatever its host is, and the verdict names the tree", () => {
    for (const keyType of ["ecdsa-p256", "ed25519"] as const) {
      for (const [host, baseUrl] of [
        ["localhost:8000", "http://localhost:8000/x"],
        ["rekor-00001-deployment-56bf7777c9-jds5x", "https://rekor.example"],
      ] as const) {
        const named = makeRekorLog({ host, baseUrl, keyType })
        const { origin, inclusion } = check(hashedrekordV1(named, "name", p256()), {}, named)
        expect(origin).toBe(`${host} - 1193050959916656506`)
        expect(inclusion).toBe("proof")
      }
    }
  })

  test("under another key is not taken, though it bears the host of the pinned log", () => {
    const impostor = makeRekorLog()
    expect(impostor.host).toBe(log.host)
    const made = hashedrekordV1(log, "mine", p256())
    const body = Uint8Array.from(Buffer.from(made.entry.canonicalizedBody, "base64"))
    const theirs = impostor.add(body)
    const own = changed(made, () => theirs)
    expectRefusal("untrusted", () => check(own))
    // By the word of the entry it is the pinned log's.
    const claimed = changed(made, () => ({ ...theirs, logId: made.entry.logId }))
    expectRefusal("bad-signature", () => check(claimed))
    const { inclusionPromise: _, ...proven } = { ...theirs, logId: made.entry.logId }
    expectRefusal("untrusted", () => check(changed(made, () => proven)))
  })

  test("of one pinned log does not stand for another that has the same host", () => {
    const [first, second] = [makeRekorLog(), makeRekorLog()]
    const root = JSON.parse(first.trustedRoot)
    root.tlogs.push(...JSON.parse(second.trustedRoot).tlogs)
    const trust = readTrustedRoot(JSON.stringify(root))
    const made = hashedrekordV1(first, "two logs", p256())
    expect(check(made, { trust }).origin).toBe("rekor.example - 1193050959916656506")
    const body = Uint8Array.from(Buffer.from(made.entry.canonicalizedBody, "base64"))
    const { inclusionPromise: _, ...other } = second.add(body)
    expect(
      check(
        changed(made, () => other),
        { trust },
      ).inclusion,
    ).toBe("proof")
    const swapped = { ...other, logId: made.entry.logId }
    expectRefusal("untrusted", () =>
      check(
        changed(made, () => swapped),
        { trust },
      ),
    )
    const checkpoint = other.inclusionProof?.checkpoint.envelope ?? ""
    expect(signingLog(checkpoint, trust.trustedRoot).spki).toEqual(second.signer.spki)
  })

  test("must bear the log's own name if it is no tree's, whatever key has signed it", async () => {
    const own = makeLog("other.example")
    const { checkpoint } = await own.addBody(utf8("entry"))
    const [pinned] = own.trustedRoot
    if (pinned === undefined) expect.fail("the log is missing")
    const [renamed] = readTrustedRoot(
      formatTrustedRoot([
        { baseUrl: "https://rekor.example", spki: pinned.spki, validFrom: new Date(0) },
      ]),
    ).trustedRoot
    if (renamed === undefined) expect.fail("the log is missing")
    expect(openTrusted(checkpoint, { trustedRoot: [pinned] }, pinned.logId).size).toBe(1)
    expectRefusal("mismatch", () =>
      openTrusted(checkpoint, { trustedRoot: [renamed] }, renamed.logId),
    )
    expectRefusal("untrusted", () => openTrusted(checkpoint, { trustedRoot: [renamed] }))
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
    const made = hashedrekordV1(log, "policy", p256())
    const policy = parsePolicy(`log ${vkey}\nquorum none\n`)
    expect(check(made, { trust: { policy } }).time).toEqual(new Date(ENTRY_TIME * 1000))
    const trust = { vkeys: [vkey], origin: "rekor.example" }
    expect(String(check(made, { trust }).logIndex)).toBe(made.entry.logIndex)
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
