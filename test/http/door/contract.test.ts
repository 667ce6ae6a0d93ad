import { readFileSync } from "node:fs"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { verifyReceipt } from "../../../src/client/receipt.ts"
import { parseBase64, parseHex } from "../../../src/core/base/text.ts"
import { parseCheckpoint } from "../../../src/core/note/checkpoint.ts"
import { parseNote } from "../../../src/core/note/note.ts"
import { asHash } from "../../../src/core/tree/hash.ts"
import type { EntryRequest } from "../../../src/entry/kinds/registry.ts"
import { loadContract } from "../../../src/http/door/contract.ts"
import { get, post } from "../../../src/http/serving/route.ts"
import { ask, submit } from "../client.ts"
import {
  fill,
  openServedLog,
  type ServedLog,
  signedEnvelope,
  signedRequest,
} from "../served-log.ts"
import { document, mismatch, operations, operationsOf } from "./contract-check.ts"

/** Where the query cannot be left out. */
const queries: ReadonlyMap<string, string> = new Map([
  ["/v1/entries", "?kind=dsse"],
  ["/v1/proofs/inclusion", "?index=1"],
  ["/v1/proofs/consistency", "?from=1"],
  ["/api/v1/log/entries", "?logIndex=1"],
  ["/api/v1/log/proof", "?lastSize=2"],
])

const SEARCH = "/api/v1/index/retrieve"

const message = `a message that names sha256:${"0".repeat(64)}`

describe("the contract", () => {
  let served: ServedLog
  let leafHash = ""
  beforeAll(async () => {
    served = await openServedLog({ limits: { attachmentBytes: 4_096, messageBytes: 4_096 } })
    await fill(served.log, 1)
    await submit(served.port, signedRequest(message))
    await served.log.attach(1, new TextEncoder().encode(message))
    await submit(served.port, signedEnvelope())
    const entry = (await ask(served.port, "/v1/entries/1")).json()
    leafHash = (entry as { readonly leafHash: string }).leafHash
  })
  afterAll(() => served.close())

  test.each(operationsOf("log"))("$method $path is served", async ({ path, method }) => {
    const real = path
      .replace("/tile/{level}/{index}", "/tile/0/000.p/2")
      .replace("/tile/entries/{index}", "/tile/entries/000.p/2")
      .replace("{index}/attestation", "2/attestation")
      .replace("/messages/{digest}", `/messages/${signedRequest(message).digest}`)
      .replace("{digest}", `sha256:${"0".repeat(64)}`)
      .replace("/log/entries/{id}", `/log/entries/${leafHash}`)
      .replace(/\{\w+\}/, "1")
    const query = method === "get" ? (queries.get(path) ?? "") : ""
    const reply = await ask(served.port, real + query, { method: method.toUpperCase() })
    // Run from the sources, a log has no script for the page.
    const isScript = path.startsWith("/docs/")
    // An empty submission has no media type, which only its handler notices.
    const posted = path === SEARCH ? 501 : 415
    expect(reply.status).toBe(method === "post" ? posted : isScript ? 404 : 200)
  })

  test("has no operation that the code does not know, and the other way round", () => {
    const known = loadContract().operations.map(({ id }) => id)
    expect(known.toSorted()).toEqual(operations.map(({ operationId }) => operationId).toSorted())
  })

  test("marks what has another name now as deprecated, and that alone", () => {
    const { Health } = document.components.schemas
    const marked = [
      ...operations.flatMap(({ path, deprecated }) => (deprecated === true ? [path] : [])),
      ...Object.entries(Health.properties ?? {}).flatMap(([name, { deprecated }]) =>
        deprecated === true ? [name] : [],
      ),
    ]
    expect(marked).toEqual(["/v1/tree-head", "queued"])
  })

  test("refuses routes that it describes otherwise, or not at all", () => {
    const contract = loadContract()
    const handle = () => ({ status: 200, headers: {} })
    expect(contract.bind([get("getHead", "/v1/head", handle)])).toHaveLength(1)
    for (const route of [
      get("getHead", "/v1/heads", handle),
      get("getNothing", "/v1/head", handle),
      post("getHead", "/v1/head", { limit: 1 }, handle),
    ]) {
      expect(() => contract.bind([route])).toThrow(/does not describe/)
    }
    expect(() => contract.bodyReader("getHead")).toThrow(/no JSON/)
  })

  test("is what a refusal holds a parameter against, with what was found", async () => {
    const reply = await ask(served.port, "/v1/entries?kind=dsse&limit=101")
    const { detail } = reply.json() as { readonly detail: string }
    expect(detail).toBe('parameters/limit: expected up to 100, found "101"')
  })

  test("is served as it is", async () => {
    const reply = await ask(served.port, "/openapi.yaml")
    expect(reply.headers["content-type"]).toBe("application/yaml")
    expect(reply.text()).toBe(readFileSync("openapi.yaml", "utf8"))
    const again = await ask(served.port, "/openapi.yaml", {
      headers: { "if-none-match": reply.headers.etag },
    })
    expect(again.status).toBe(304)
  })

  const examples = Object.entries(document.components.schemas).flatMap(([name, schema]) =>
    (schema.examples ?? []).map((example, i) => ({ name, i, example, schema })),
  )

  test.each(examples)("example $i of $name fits its schema", ({ example, schema }) => {
    expect(mismatch(schema, example)).toBeUndefined()
  })

  test("has an example for every schema of a request or an answer", () => {
    const named = ["hashedrekord", "dsse", "Receipt", "Inclusion", "BatchLine", "Entry", "TreeHead"]
    const others = ["Head", "Consistency", "TrustedRoot", "Health", "Problem"]
    const withExample = new Set(examples.map(({ name }) => name))
    for (const name of [...named, ...others]) expect(withExample).toContain(name)
  })

  test("has an example receipt that holds for the example submission", () => {
    const { hashedrekord, Receipt } = document.components.schemas
    const receipt = Receipt.examples?.[0] as {
      readonly index: number
      readonly leafHash: string
      readonly body: string
      readonly isNew: boolean
      readonly checkpoint: string
      readonly inclusionProof: { index: number; size: number; root: string; hashes: string[] }
    }
    const hash = (hex: string) => asHash(parseHex(hex, "hash"))
    const { index, size, root, hashes } = receipt.inclusionProof
    const verified = verifyReceipt(hashedrekord.examples?.[0] as EntryRequest, {
      index: receipt.index,
      leafHash: hash(receipt.leafHash),
      body: parseBase64(receipt.body, "body"),
      isNew: receipt.isNew,
      proof: { index, size, root: hash(root), hashes: hashes.map(hash) },
      checkpoint: receipt.checkpoint,
    })
    expect(verified.size).toBe(parseCheckpoint(parseNote(receipt.checkpoint).text).size)
  })
})
