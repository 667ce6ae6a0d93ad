// Every server's routes are the operations that openapi.yaml has for it, and each operation says what a reader needs:
// a name, a summary, every refusal, and examples that are true.
import { describe, expect, test } from "vitest"
import { loadContract } from "../../../src/http/door/contract.ts"
import { monitorRoutes } from "../../../src/http/monitor/handlers.ts"
import { referenceRoutes } from "../../../src/http/reference/routes.ts"
import type { Route } from "../../../src/http/serving/route.ts"
import { witnessRoutes } from "../../../src/http/witness/handlers.ts"
import { ask, askUnchecked } from "../client.ts"
import { openMonitorDoor } from "../monitor/door.ts"
import { openServedLog } from "../served-log.ts"
import { createTestLog } from "../test-log.ts"
import { openServedWitness } from "../witness/served-witness.ts"
import { document, mismatch, operations, operationsOf, serverNames } from "./contract-check.ts"

const nameOf = ({ operation, method, path }: Route) => `${operation}: ${method} ${path}`
const described = (server: "witness" | "monitor") =>
  operationsOf(server).map(
    ({ operationId, method, path }) => `${operationId}: ${method.toUpperCase()} ${path}`,
  )

/** Of the other servers; a log does not start with a route that the document has otherwise, or not at all. */
const routes: Readonly<Record<"witness" | "monitor", readonly Route[]>> = {
  witness: witnessRoutes({
    ...{ name: "witness.example", vkeys: [], obstacle: () => undefined },
    witness: { status: () => ({ logs: [] }) } as never,
  }),
  monitor: monitorRoutes({} as never, {} as never, () => false),
}

/** The answers of gates to a route that its operation lacks. */
function missingOf({ operation, method, scope, weight }: Route): readonly string[] {
  const described = operations.find(({ operationId }) => operationId === operation)
  const wanted = [
    "421",
    ...(scope === undefined ? [] : ["401", "403"]),
    ...(method === "POST" ? ["403"] : []),
    ...(weight === undefined ? [] : ["429"]),
  ]
  return wanted.filter((status) => described?.responses[status] === undefined)
}

describe.each(["witness", "monitor"] as const)("a %s", (server) => {
  const all = [...routes[server], ...referenceRoutes()]

  test("has the routes that the document gives it, and no others", () => {
    expect(all.map(nameOf).toSorted()).toEqual(described(server).toSorted())
  })

  test("turns away only as the document says", () => {
    for (const route of all)
      expect([route.operation, missingOf(route)]).toEqual([route.operation, []])
  })

  test("takes as much as the document says", () => {
    for (const route of all) {
      if (route.method === "GET") continue
      const { requestBody } = operationsOf(server).find(
        ({ operationId }) => operationId === route.operation,
      ) as (typeof operations)[number]
      const [[type, media] = []] = Object.entries(requestBody?.content ?? {})
      const { maxLength } = (media?.schema ?? {}) as { readonly maxLength?: number }
      if (maxLength !== undefined)
        expect([route.path, route.body.limit]).toEqual([route.path, maxLength])
      if (route.body.mediaType !== undefined) expect(type).toBe(route.body.mediaType)
    }
  })
})

test("every operation of the document is served where it says, and nowhere else", async () => {
  const log = await openServedLog()
  const witness = await openServedWitness({ logs: [createTestLog("log.example").vkey] })
  const monitor = await openMonitorDoor()
  const ports = { log: log.port, witness: witness.port, monitor: monitor.port }
  const missing: string[] = []
  for (const server of serverNames) {
    for (const { method, path, servers } of operations) {
      const isHere = operationsOf(server).some((one) => one.path === path && one.method === method)
      const real = path.replaceAll("{hash}", "0".repeat(64)).replaceAll(/\{\w+\}/g, "7")
      const reply = await askUnchecked(ports[server], real, { method: method.toUpperCase() })
      const text = reply.text()
      const isNowhere = reply.status === 405 || /nothing at|Not Found|no .*script/.test(text)
      const isScript = path.startsWith("/docs/redoc")
      if (isHere === isNowhere && !isScript)
        missing.push(`${server} ${method} ${path} ${text} ${servers.length}`)
    }
  }
  await Promise.all([log.close(), witness.close()])
  expect(missing).toEqual([])
})

describe("every operation", () => {
  test("has a name of its own, a summary, and a tag that is explained", () => {
    const ids = operations.map(({ operationId }) => operationId)
    expect(new Set(ids).size).toBe(ids.length)
    const { tags } = document as unknown as { readonly tags: readonly { readonly name: string }[] }
    const known = tags.map(({ name }) => name)
    for (const operation of operations) {
      expect(operation.summary).toMatch(/^[A-Z].+\.$/)
      for (const tag of operation.tags ?? ["none"]) expect(known).toContain(tag)
    }
  })

  const isProbe = (path: string) =>
    /^\/(?:livez|ping|healthz|readyz|openapi\.yaml|docs.*)$/.test(path)

  test.each(operations.filter(({ path }) => !isProbe(path)))(
    "$operationId says how it fails",
    ({ method, path, responses }) => {
      const statuses = Object.keys(responses)
      expect(statuses.some((status) => status.startsWith("2"))).toBe(true)
      expect(statuses).toContain("500")
      if (path.includes("{")) expect(statuses).toContain("404")
      if (method === "post")
        for (const status of ["400", "408", "413"]) expect(statuses).toContain(status)
    },
  )
})

/** Every schema with an example beside it, wherever it stands. */
function* examplesIn(value: unknown, place: string): Generator<[string, object, unknown]> {
  if (typeof value !== "object" || value === null) return
  const node = value as Readonly<Record<string, unknown>>
  const schema = "schema" in node ? node["schema"] : node
  if (typeof schema === "object" && schema !== null) {
    if ("example" in node) yield [`${place}/example`, schema, node["example"]]
    const { examples } = node
    if (Array.isArray(examples) && place.startsWith("/components/schemas/")) {
      for (const [i, example] of examples.entries())
        yield [`${place}/examples/${i}`, schema, example]
    } else if (typeof examples === "object" && examples !== null && "schema" in node) {
      for (const [name, example] of Object.entries(examples as object)) {
        yield [`${place}/examples/${name}`, schema, (example as { readonly value: unknown }).value]
      }
    }
  }
  for (const [name, inner] of Object.entries(node)) {
    if (name !== "example" && name !== "examples") yield* examplesIn(inner, `${place}/${name}`)
  }
}

const examples = [...examplesIn(document, "")]

describe("examples", () => {
  test("are many", () => expect(examples.length).toBeGreaterThan(40))

  test.each(examples)("%s fits its schema", (_place, schema, example) => {
    expect(mismatch(schema, example)).toBeUndefined()
  })

  const { schemas } = document.components as unknown as {
    readonly schemas: Readonly<Record<string, { readonly examples?: readonly object[] }>>
  }
  const submissions = [
    ["/v1/entries", "hashedrekord"],
    ["/v1/entries", "dsse"],
    ["/api/v2/log/entries", "RekorV2Request"],
    ["/api/v1/log/entries", "RekorV1ProposedEntry"],
  ].flatMap(([path = "", name = ""]) =>
    (schemas[name]?.examples ?? []).map((example, i) => ({ path, name, i, example })),
  )

  test.each(submissions)(
    "example $i of $name is logged by POST $path",
    async ({ path, example }) => {
      const log = await openServedLog()
      const headers = { "content-type": "application/json" }
      const body = JSON.stringify(example)
      const reply = await ask(log.port, path, { method: "POST", headers, body })
      await log.close()
      expect(reply.status).toBe(201)
    },
  )
})

test("the code reads every body of JSON that the document describes, but for receipts", () => {
  const contract = loadContract()
  const read = operations.filter(
    ({ requestBody }) => requestBody?.content?.["application/json"] !== undefined,
  )
  for (const { operationId } of read)
    expect(contract.bodyReader(operationId)).toBeTypeOf("function")
  expect(read.length).toBe(6)
})
