import { describe, expect, it } from "vitest"
import { proposeHashedrekord } from "../../src/entry/kinds/hashedrekord-v002.ts"
import { logEntryToJson, readLogEntry } from "../../src/sigstore/transparency-log-entry.ts"
import { cosignBlob } from "../entry/recorded.ts"
import { base64 } from "../entry/signers.ts"

/** What cosign 3.1.1 accepted as the answer to its submission. */
const answer = {
  logIndex: "1",
  logId: { keyId: "pIZIaDrHVjmgVxAVm/zFvTo/GTLn6ERCgwHc69hI7gM=" },
  kindVersion: { kind: "hashedrekord", version: "0.0.2" },
  integratedTime: "0",
  inclusionPromise: null,
  inclusionProof: {
    logIndex: "1",
    rootHash: "bWPJPKTmvJRs7xHnDK3ZJEwuFNzVQHpVw/o5Q40qtPs=",
    treeSize: "2",
    hashes: ["etWTzWU4w0agcLtO7buHvEgO4eM0MYESRHZqb8DaA+0="],
    checkpoint: {
      envelope:
        "localhost\n2\nbWPJPKTmvJRs7xHnDK3ZJEwuFNzVQHpVw/o5Q40qtPs=\n\n— localhost pIZIaDBFAiA8oFzSTUizk67U21P5zAenXdhNkXymrEtwLmrLV2LtfgIhAPkB3RGrV76TexPh5Zx2f5gXLWLhoXSdDuWJDPfUxAs3\n",
    },
  },
  canonicalizedBody: base64(proposeHashedrekord(cosignBlob).body([0])),
}

describe("logEntryToJson()", () => {
  it("writes the answer of Rekor v2 but for the promise, which a server leaves unset", () => {
    const entry = readLogEntry(answer, "answer")
    expect({ ...logEntryToJson(entry), inclusionPromise: null }).toEqual(answer)
    expect(readLogEntry(logEntryToJson(entry), "answer")).toEqual(entry)
  })

  it("writes 64-bit integers as texts, also large ones", () => {
    const entry = { ...readLogEntry(answer, "answer"), index: Number.MAX_SAFE_INTEGER }
    expect(logEntryToJson(entry)).toMatchObject({ logIndex: "9007199254740991" })
  })
})
