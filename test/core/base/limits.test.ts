// The limits that several files go by: what a writer may make, every reader takes, and nothing beyond it.
import { describe, expect, test } from "vitest"
import { readReceipt } from "../../../src/client/log-answer.ts"
import { createLogClient } from "../../../src/client/log-client.ts"
import {
  LONGEST_BODY,
  LONGEST_BUNDLE,
  LONGEST_ENTRY_BUNDLE,
  LONGEST_ENVELOPE,
  LONGEST_NOTE,
  LONGEST_PAYLOAD,
  LONGEST_RECEIPT,
  MOST_BUNDLE_ENTRIES,
  MOST_PROOF_HASHES,
} from "../../../src/core/base/limits.ts"
import { encodeBundle } from "../../../src/core/tree/bundle.ts"
import { EMPTY_ROOT } from "../../../src/core/tree/hash.ts"
import { planConsistency, planInclusion } from "../../../src/core/tree/proof.ts"
import { formatEnvelope, parseEnvelope } from "../../../src/entry/dsse.ts"
import { type DsseRequest, proposeDsse } from "../../../src/entry/kinds/dsse-v002.ts"
import { formatSigstoreBundle, parseSigstoreBundle } from "../../../src/sigstore/bundle.ts"
import { logEntryToJson, readLogEntry } from "../../../src/sigstore/transparency-log-entry.ts"
import { expectRefusal } from "../../refusals.ts"

const ROOT = Array<string>(64).fill("a").join("")
const hex = (count: number) => Array<string>(count).fill(ROOT)

function receipt(hashes: number, body = "AA==", checkpoint = "c") {
  return {
    index: 0,
    leafHash: ROOT,
    body,
    isNew: true,
    inclusionProof: { index: 0, size: 1, root: ROOT, hashes: hex(hashes) },
    checkpoint,
  }
}

function logEntry(hashes: number, body = new Uint8Array(1), checkpoint = "c") {
  const proof = {
    index: 0,
    size: 1,
    root: EMPTY_ROOT,
    hashes: Array.from({ length: hashes }, () => EMPTY_ROOT),
    checkpoint,
  }
  return { index: 0, logId: EMPTY_ROOT, kind: "dsse", version: "0.0.2", proof, body }
}

describe("a proof", () => {
  const last = Number.MAX_SAFE_INTEGER

  test("of the largest tree has as many hashes as openapi.yaml says, and fewer than the limit", () => {
    expect(planInclusion(0, last)).toHaveLength(53)
    expect(planConsistency(2 ** 52 - 1, last)).toHaveLength(54)
    expect(MOST_PROOF_HASHES).toBeGreaterThanOrEqual(54)
  })

  test("is read with 63 hashes and refused with 64, whoever reads it", () => {
    const readers = [
      (count: number) => readReceipt(receipt(count)).proof,
      (count: number) => readLogEntry(logEntryToJson(logEntry(count)), "entry").proof,
    ]
    for (const read of readers) {
      expect(read(MOST_PROOF_HASHES)?.hashes).toHaveLength(63)
      expectRefusal("too-large", () => read(MOST_PROOF_HASHES + 1))
    }
  })
})

test("an entry bundle of the longest bodies is as long as its limit", () => {
  const bodies = Array.from({ length: 256 }, () => new Uint8Array(LONGEST_BODY))
  expect(encodeBundle(bodies)).toHaveLength(LONGEST_ENTRY_BUNDLE)
})

/** As long as a note may be, with as many line feeds as signature lines bring. */
const longNote = `${"n".repeat(2_000)}\n`.repeat(131).slice(0, LONGEST_NOTE)
const longBody = Buffer.alloc(LONGEST_BODY).toString("base64")

test("a receipt with the longest body and note is read, alone and in a batch", async () => {
  const long = receipt(MOST_PROOF_HASHES, longBody, longNote)
  const text = JSON.stringify({ status: 201, ...long })
  expect(text.length).toBeGreaterThan(LONGEST_NOTE)
  expect(text.length).toBeLessThanOrEqual(LONGEST_RECEIPT)
  const answer = (url: string) => (url.endsWith("/batch") ? `${text}\n` : text)
  const client = createLogClient({
    url: "https://log.example",
    fetch: (url) => Promise.resolve(new Response(answer(String(url)))),
  })
  const request = { kind: "hashedrekord", digest: "d", signature: "s" } as const
  expect((await client.submit(request)).checkpoint).toBe(longNote)
  const [outcome] = await client.submitBatch([request])
  expect(outcome).toMatchObject({ receipt: { checkpoint: longNote } })
})

describe("a DSSE envelope", () => {
  const signatures = Array.from({ length: 10 }, () => ({ sig: "A".repeat(1_364), keyid: ROOT }))
  const envelopeOf = (payload: string) => ({ payload, payloadType: "text/plain", signatures })
  const longest = "A".repeat(LONGEST_PAYLOAD)

  test("with the longest payload is kept and read back", () => {
    const kept = formatEnvelope(envelopeOf(longest))
    expect(kept.length).toBeLessThanOrEqual(LONGEST_ENVELOPE)
    expect(parseEnvelope(kept).payload).toHaveLength(LONGEST_PAYLOAD)
  })

  test("with a longer payload is taken by no log", () => {
    const request: DsseRequest = {
      kind: "dsse",
      envelope: envelopeOf(`${longest}AAAA`),
      verifiers: [],
    }
    const verifiers = [{ publicKey: "AA==" }]
    const refusal = expectRefusal("too-large", () => proposeDsse({ ...request, verifiers }))
    expect(refusal.message).toContain(`up to ${LONGEST_PAYLOAD} characters of base64`)
  })

  test("with the longest payload is read in a bundle with the most and longest entries", () => {
    const entry = logEntry(MOST_PROOF_HASHES, new Uint8Array(LONGEST_BODY), longNote)
    const text = formatSigstoreBundle({
      version: "0.3",
      timestamps: [],
      verifier: { form: "hint", hint: "" },
      content: {
        form: "dsse",
        payload: new Uint8Array((LONGEST_PAYLOAD / 4) * 3),
        payloadType: "text/plain",
        signature: new Uint8Array(1),
      },
      entries: Array.from({ length: MOST_BUNDLE_ENTRIES }, () => entry),
    })
    expect(text.length).toBeLessThanOrEqual(LONGEST_BUNDLE)
    expect(parseSigstoreBundle(text).entries).toHaveLength(MOST_BUNDLE_ENTRIES)
  })
})
