import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { asHash } from "../../../src/core/tree/hash.ts"
import { entryIdOf } from "../../../src/http/rekor-v1/entry.ts"
import { promisedBytes } from "../../../src/signer/promised-bytes.ts"
import { ask } from "../client.ts"
import {
  holdsTimestamp,
  leafHashOf,
  onlyEntry,
  post,
  verifyCheckpointV1,
  verifyV1,
  verifyV2,
} from "../rekor-client.ts"
import { fill, openServedLog, type ServedLog } from "../served-log.ts"
import { acceptedAnswer, recordedRetrieval, recordedV1, recordedV2 } from "./recorded.ts"

describe("recorded requests", () => {
  let served: ServedLog
  beforeAll(async () => {
    served = await openServedLog()
    await fill(served.log, 5)
  })
  afterAll(() => served.close())

  test.each(recordedV2)("of $name to Rekor v2 are answered as it wants it", async (recorded) => {
    const index = served.log.head().size
    const reply = await post(served.port, recorded.path, recorded.body, recorded.headers)
    expect(reply.status).toBe(201)
    expect(reply.headers["content-type"]).toBe("application/json")
    expect(reply.headers["x-log-index"]).toBeUndefined()
    expect(verifyV2(served.log, reply.json())).toBe(recorded.leafHash)
    expect(reply.json()).toMatchObject({
      logIndex: String(index),
      integratedTime: "0",
      inclusionPromise: null,
      inclusionProof: { logIndex: String(index), treeSize: String(index + 1) },
      kindVersion: {
        kind: recorded.body.includes("dsse") ? "dsse" : "hashedrekord",
        version: "0.0.2",
      },
    })
  })

  test.each(recordedV1)("of $name to Rekor v1 are answered as it wants it", async (recorded) => {
    const index = served.log.head().size
    const reply = await post(served.port, recorded.path, recorded.body, recorded.headers)
    expect(reply.status).toBe(201)
    expect(reply.headers["content-type"]).toBe("application/json")
    expect(verifyV1(served.log, reply.json())).toBe(recorded.leafHash)
    const [id, entry] = onlyEntry(reply.json())
    expect(entry.logIndex).toBe(index)
    expect(entry.verification.inclusionProof.treeSize).toBe(index + 1)
    // cosign crashes on any other ETag than the bare entry ID.
    expect(reply.headers.etag).toBe(id)
    expect(reply.headers.location).toBe(`/api/v1/log/entries/${id}`)
  })

  test.each(recordedV1)("of $name once more are a conflict that says where", async (recorded) => {
    await post(served.port, recorded.path, recorded.body, recorded.headers)
    const size = served.log.head().size
    const again = await post(served.port, recorded.path, recorded.body, recorded.headers)
    const location = again.headers.location ?? ""
    const id = location.slice(location.lastIndexOf("/") + 1)
    expect(again.status).toBe(409)
    expect(again.json()).toEqual({
      code: 409,
      message: `an equivalent entry already exists in the transparency log with UUID ${id}`,
    })
    const there = await ask(served.port, location)
    expect(there.status).toBe(200)
    expect(verifyV1(served.log, there.json())).toBe(recorded.leafHash)
    expect(served.log.head().size).toBe(size)
  })

  test("of a retrieval find the entry that was sent before", async () => {
    const { path, body, headers, leafHash } = recordedRetrieval
    const reply = await post(served.port, path, body, headers)
    expect(reply.status).toBe(200)
    const [found, ...others] = reply.json() as readonly unknown[]
    expect(others).toEqual([])
    expect(verifyV1(served.log, found)).toBe(leafHash)
  })
})

describe("an answer that sigstore-js accepted", () => {
  const logKey = Buffer.from(acceptedAnswer.logKey, "base64")
  const { integratedTime, logID, logIndex, signedEntryTimestamp, request, treeId } = acceptedAnswer
  const body = Buffer.from(request).toString("base64")
  const promise = { body, integratedTime, logID, logIndex }

  test("has a timestamp over the bytes that are signed here", () => {
    expect(Buffer.from(promisedBytes(promise)).toString()).toBe(JSON.stringify(promise))
    expect(holdsTimestamp(promise, signedEntryTimestamp, logKey)).toBe(true)
    expect(holdsTimestamp({ ...promise, logIndex: 9 }, signedEntryTimestamp, logKey)).toBe(false)
  })

  test("has an entry ID and a checkpoint of the form that is made here", () => {
    const leafHash = leafHashOf(Buffer.from(request))
    const id = entryIdOf({ treeId }, asHash(Buffer.from(leafHash, "hex")))
    expect(id).toBe(acceptedAnswer.entryIdPrefix + leafHash)
    const { size } = verifyCheckpointV1(acceptedAnswer.checkpoint, logKey, treeId)
    expect(size).toBe(logIndex + 1)
  })
})
