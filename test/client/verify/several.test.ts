// Bundles with several entries: of pinned logs, of others, and of logs that cannot be judged here.
import { describe, expect, test } from "vitest"
import { utf8 } from "../../../src/core/base/bytes.ts"
import { formatVkey, makeVkey } from "../../../src/core/note/note.ts"
import { parsePolicy } from "../../../src/core/note/policy.ts"
import { readTrustedRoot } from "../../../src/sigstore/trusted-root.ts"
import { base64, makeSigner } from "../../entry/signers.ts"
import { expectRefusal } from "../../refusals.ts"
import { changed, check, log, p256 } from "./checked.ts"
import { type EntryJson, hashedrekordV1, makeRekorLog } from "./made-rekor.ts"

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
    const stranger = makeRekorLog({ host: "stranger.example" })
    const body = Uint8Array.from(Buffer.from(made.entry.canonicalizedBody, "base64"))
    const text = made.around([stranger.add(body), { ...log.add(body), logId }])
    expectRefusal("unsupported", () => check({ ...made, text }, { trust }))
    expect(check(made, { trust }).index).toBeGreaterThan(0)
  })

  test("are false if one of them is, whatever of the others cannot be judged", () => {
    const made = hashedrekordV1(log, "order", p256())
    const body = Uint8Array.from(Buffer.from(made.entry.canonicalizedBody, "base64"))
    const of = (...entries: EntryJson[]) => ({ ...made, text: made.around(entries) })
    const other = utf8(JSON.stringify({ apiVersion: "9", kind: "nobody", spec: {} }))
    const unknown = { ...log.add(other), kindVersion: { kind: "nobody", version: "9" } }
    const broken = { ...log.add(body), integratedTime: "5" }
    expectRefusal("unsupported", () => check(of(unknown, made.entry)))
    expectRefusal("bad-signature", () => check(of(unknown, broken)))
    expectRefusal("bad-signature", () => check(of(broken, unknown)))
    const vkey = formatVkey(makeVkey("rekor.example", 2, log.signer.spki))
    const trust = { policy: parsePolicy(`log ${vkey}\nquorum none\n`) }
    const stranger = makeRekorLog({ host: "stranger.example" }).add(body)
    const { inclusionProof } = stranger
    if (inclusionProof === undefined) expect.fail("the entry has no proof")
    const noCheckpoint = {
      ...stranger,
      inclusionProof: { ...inclusionProof, checkpoint: { envelope: "x" } },
    }
    expectRefusal("malformed", () => check(of(made.entry, noCheckpoint), { trust }))
    expectRefusal("bad-signature", () => check(of(noCheckpoint, broken), { trust }))
  })
})
