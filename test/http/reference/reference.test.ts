// The page at /docs and what it needs, at every server: all of it from that server, nothing from elsewhere.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { gunzipSync } from "node:zlib"
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest"
import { referenceRoutes } from "../../../src/http/reference/routes.ts"
import { serveDoors } from "../../../src/http/serving/http-server.ts"
import { plainProblemAnswer } from "../../../src/http/serving/problem.ts"
import { newFolder } from "../../storage/folder.ts"
import { ask, askUnchecked } from "../client.ts"
import { openMonitorDoor } from "../monitor/door.ts"
import { openServedLog, type ServedLog } from "../served-log.ts"
import { createTestLog } from "../test-log.ts"
import { openServedWitness } from "../witness/served-witness.ts"

const script = "redoc.standalone.js"
const published = new URL("../../../node_modules/redoc/bundles/", import.meta.url)

async function openReference(renderer: URL): Promise<number> {
  const { server, close } = serveDoors({
    doors: () => [{ below: "/", routes: referenceRoutes({ renderer }), words: plainProblemAnswer }],
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  onTestFinished(close)
  const address = server.address()
  return typeof address === "object" ? (address?.port ?? 0) : 0
}

/** What a page makes a browser ask for. */
function addressesIn(page: string): readonly string[] {
  return [...page.matchAll(/(?:src|href|spec-url|action|url)="?=?"?([^">\s]+)"/g)].map(
    ([, address = ""]) => address,
  )
}

describe("with the renderer that a package has", () => {
  test("the page asks for its script and the document, by relative paths alone", async () => {
    const port = await openReference(published)
    const reply = await askUnchecked(port, "/docs")
    expect(reply.status).toBe(200)
    expect(reply.headers["content-type"]).toBe("text/html; charset=utf-8")
    const found = addressesIn(reply.text())
    expect(new Set(found)).toEqual(new Set(["openapi.yaml", "docs/redoc.js"]))
    for (const address of found) {
      expect((await askUnchecked(port, `/${address}`)).status).toBe(200)
    }
  })

  test("its policy lets the browser run that script and connect to nobody else", async () => {
    const port = await openReference(published)
    const { headers, text } = await askUnchecked(port, "/docs")
    const policy = String(headers["content-security-policy"])
    const rules = new Map(policy.split("; ").map((rule) => rule.split(/ (.*)/) as [string, string]))
    expect(rules.get("default-src")).toBe("'none'")
    expect(rules.get("script-src")).toBe("'self'")
    expect(rules.get("connect-src")).toBe("'self'")
    expect(policy).not.toMatch(/https?:|\*|unsafe-eval/)
    expect(rules.get("script-src")).not.toContain("unsafe-inline")
    expect(text()).not.toMatch(/<script(?! src=)/)
    expect(text()).not.toMatch(/\bon\w+=/)
  })

  test("the script comes as it was published, whole, compressed for who takes that", async () => {
    const port = await openReference(published)
    const bytes = readFileSync(new URL(script, published))
    const plain = await askUnchecked(port, "/docs/redoc.js")
    expect(plain.headers["content-type"]).toBe("text/javascript; charset=utf-8")
    expect(plain.headers["content-encoding"]).toBeUndefined()
    expect(plain.bytes.equals(bytes)).toBe(true)
    const headers = { "accept-encoding": "gzip, br" }
    const small = await askUnchecked(port, "/docs/redoc.js", { headers })
    expect(small.headers["content-encoding"]).toBe("gzip")
    expect(gunzipSync(small.bytes).equals(bytes)).toBe(true)
    expect(small.headers.etag).not.toBe(plain.headers.etag)
    expect(small.headers.vary).toBe("accept-encoding")
  })

  test("who has it is not sent it again", async () => {
    const port = await openReference(published)
    for (const path of ["/docs/redoc.js", "/openapi.yaml"]) {
      const { headers } = await askUnchecked(port, path)
      const again = await askUnchecked(port, path, { headers: { "if-none-match": headers.etag } })
      expect([again.status, again.bytes.length]).toEqual([304, 0])
      expect(again.headers.etag).toBe(headers.etag)
    }
  })

  test("it is read when it is first asked for, and the same answers share it", async () => {
    const folder = newFolder()
    const port = await openReference(pathToFileURL(join(folder, "later/")))
    expect((await askUnchecked(port, "/docs/redoc.js")).status).toBe(404)
    mkdirSync(join(folder, "later"))
    writeFileSync(join(folder, "later", script), "first")
    const replies = await Promise.all([1, 2, 3].map(() => askUnchecked(port, "/docs/redoc.js")))
    writeFileSync(join(folder, "later", script), "second")
    replies.push(await askUnchecked(port, "/docs/redoc.js"))
    expect(replies.map((reply) => reply.text())).toEqual(Array(4).fill("first"))
  })
})

describe("run from the sources, without a renderer", () => {
  let served: ServedLog
  beforeAll(async () => {
    served = await openServedLog()
  })
  afterAll(() => served.close())

  test("the page of every server links to the document", async () => {
    const witness = await openServedWitness({ logs: [createTestLog("log.example").vkey] })
    onTestFinished(witness.close)
    const monitor = await openMonitorDoor()
    for (const { port } of [served, witness, monitor]) {
      const page = (await ask(port, "/docs")).text()
      expect(page).toContain('<a href="openapi.yaml">')
      expect(page).not.toContain("<script")
      expect((await ask(port, "/openapi.yaml")).text()).toMatch(/^openapi: 3\.1\.0\n/)
      expect((await ask(port, "/docs/redoc.js")).status).toBe(404)
      expect((await ask(port, "/docs/redoc.js.LICENSE.txt")).status).toBe(404)
    }
  })

  test("with a slash at its end, the page is said to be elsewhere, below any path prefix", async () => {
    const reply = await askUnchecked(served.port, "/docs/")
    expect(reply.status).toBe(308)
    const { location } = reply.headers
    expect(new URL(String(location), "https://host.example/log/docs/").pathname).toBe("/log/docs")
  })

  test.each(["/docs/../openapi.yaml", "/docs/redoc.standalone.js", "/docs/%2e%2e/x"])(
    "%s is nothing",
    async (path) => expect((await askUnchecked(served.port, path)).status).toBe(404),
  )
})
