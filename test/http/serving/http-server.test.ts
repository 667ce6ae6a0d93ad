// One serving for every door: what a route declares holds whether it is hot or Express's.
import type { AddressInfo } from "node:net"
import { afterEach, describe, expect, test } from "vitest"
import { refuse, Trouble } from "../../../src/core/base/errors.ts"
import { textAnswer } from "../../../src/http/serving/answer.ts"
import { defaultBodyBudgets } from "../../../src/http/serving/config.ts"
import {
  type HttpServer,
  type ServedDoors,
  serveDoors,
} from "../../../src/http/serving/http-server.ts"
import { plainProblemAnswer, problemAnswer } from "../../../src/http/serving/problem.ts"
import { type Call, type Door, get, post, type Route } from "../../../src/http/serving/route.ts"
import { askUnchecked } from "../client.ts"

let opened: HttpServer | undefined

async function open(doors: readonly Door[], options: Partial<ServedDoors> = {}): Promise<number> {
  opened = serveDoors({ doors: () => doors, ...options })
  const { server } = opened
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  return (server.address() as AddressInfo).port
}

afterEach(async () => {
  await opened?.close()
  opened = undefined
})

const hot = { isHot: true } as const
const BODY = { limit: 4, mediaType: "text/plain" }
const text = { "content-type": "text/plain" }

/** A path that is read and written, hot or not. */
function things(more: { readonly isHot?: true }): readonly Route[] {
  const show = ({ parameters: { name }, query }: Call<{ readonly name: string }>) =>
    textAnswer(200, `${name} ${query}`)
  return [
    get("getThing", "/things/{name}", show, more),
    post("addThing", "/things/{name}", BODY, ({ withBody }) => withBody(echo), more),
  ]
}

function echo(bytes: Buffer) {
  const said = bytes.toString()
  return said === "no" ? refuse("mismatch", "expected yes, found no") : textAnswer(201, said)
}

describe.each([
  ["hot", hot],
  ["Express's", {}],
] as const)("a route that is %s", (_, more) => {
  const door: Door = { below: "/", routes: things(more), words: problemAnswer }

  test("is read with what stands in its path and query, also by HEAD", async () => {
    const port = await open([door])
    const reply = await askUnchecked(port, "/things/a?b=c")
    expect([reply.status, reply.text()]).toEqual([200, "a b=c"])
    expect(reply.headers["access-control-allow-origin"]).toBe("*")
    const head = await askUnchecked(port, "/things/a?b=c", { method: "HEAD" })
    expect([head.status, head.headers["content-length"]]).toEqual([200, "5"])
  })

  test("is the same with a final slash and with two at the beginning, and is counted as one", async () => {
    const counted: string[] = []
    const meter = {
      answered: (operation: string) => void counted.push(operation),
      refused() {},
      limited() {},
    }
    const port = await open([door], { meter })
    const asked = { method: "POST", headers: text, body: "yes" }
    for (const path of ["/things/a/", "//things/a", "//things/a/"]) {
      const reply = await askUnchecked(port, `${path}?b=c/`)
      expect([reply.status, reply.text()]).toEqual([200, "a b=c/"])
      const written = await askUnchecked(port, path, asked)
      expect([written.status, written.text()]).toEqual([201, "yes"])
    }
    expect(new Set(counted)).toEqual(new Set(["getThing", "addThing"]))
    expect(counted).toHaveLength(6)
  })

  test("takes a body within its limits", async () => {
    const port = await open([door])
    const send = (body: string, headers = text) =>
      askUnchecked(port, "/things/a", { method: "POST", headers, body })
    const taken = await send("yes")
    expect([taken.status, taken.text()]).toEqual([201, "yes"])
    expect(taken.headers["access-control-allow-origin"]).toBeUndefined()
    expect((await send("longer")).json()).toMatchObject({ status: 413, code: "too-large" })
    const json = { "content-type": "application/json" }
    expect((await send("yes", json)).json()).toMatchObject({ code: "wrong-media-type" })
    expect((await send("no")).json()).toMatchObject({
      status: 422,
      detail: "expected yes, found no",
    })
  })

  test("refuses other methods with those that its path has, and other paths with 404", async () => {
    const port = await open([door])
    const reply = await askUnchecked(port, "/things/a", { method: "DELETE" })
    expect([reply.status, reply.headers.allow]).toEqual([405, "GET, HEAD, POST"])
    for (const path of ["/things/", "/things", "/things/a//", "/Things/a", "///things/a"]) {
      expect((await askUnchecked(port, path)).json()).toMatchObject({ code: "not-found" })
    }
  })

  test("is counted and logged once by its name, and refusals by their code", async () => {
    const counted: unknown[] = []
    const meter = {
      answered: (...[operation, status]: [string, number, number]) =>
        void counted.push([operation, status]),
      refused: (code: string) => void counted.push(code),
      limited() {},
    }
    const failures: object[] = []
    const logger = { debug: () => {}, error: (fields: object) => void failures.push(fields) }
    const fail = get("fail", "/fail", () => Promise.reject(new Trouble("disk", "secret")), more)
    const port = await open([{ ...door, routes: [...door.routes, fail] }], { meter, logger })
    await askUnchecked(port, "/things/a")
    await askUnchecked(port, "/things/a", { method: "PUT" })
    const failed = await askUnchecked(port, "/fail")
    expect(failed.text()).not.toContain("secret")
    expect(counted).toEqual([
      ["getThing", 200],
      "wrong-method",
      ["other", 405],
      "trouble",
      ["fail", 500],
    ])
    expect(failures).toMatchObject([{ operation: "fail", status: 500, code: "trouble" }])
  })

  test("gives the bytes of a body back as soon as it is done with them", async () => {
    const done: (() => void)[] = []
    const wait = post(
      "wait",
      "/wait",
      { limit: 4 },
      async ({ withBody }) => {
        await withBody(() => {})
        await new Promise<void>((resolve) => done.push(resolve))
        return textAnswer(200, "")
      },
      more,
    )
    const routes = [...door.routes, wait]
    const port = await open([{ ...door, routes }], {
      config: { bodyBudgets: { ...defaultBodyBudgets, other: 4 } },
    })
    const waiting = askUnchecked(port, "/wait", { method: "POST", body: "full" })
    while (done.length === 0) await new Promise(setImmediate)
    const asked = { method: "POST", headers: text, body: "four" }
    expect((await askUnchecked(port, "/things/a", asked)).status).toBe(201)
    done[0]?.()
    expect((await waiting).status).toBe(200)
  })
})

describe("doors side by side", () => {
  const nowhere = textAnswer(404, "nowhere")
  const doors: readonly Door[] = [
    { below: "/", routes: [get("root", "/", () => textAnswer(200, "root"))], words: problemAnswer },
    { below: "/plain/", routes: things(hot), words: plainProblemAnswer },
    { below: "/mute/", routes: [], words: problemAnswer, nowhere },
  ]

  test("refuse in the words of the door that a path is below", async () => {
    const port = await open(doors)
    const textAt = async (path: string) => (await askUnchecked(port, path)).text()
    expect(await textAt("/plain/x")).toMatch(/^not-found: .*"\/plain\/x"\n$/)
    expect(await textAt("/plain")).toBe(await textAt("/plain/"))
    expect(JSON.parse(await textAt("/plainly"))).toMatchObject({ code: "not-found" })
    expect(await textAt("/mute/x")).toBe("nowhere")
  })

  test("let any web origin send only what is shared", async () => {
    const share = post("share", "/share", { limit: 4 }, () => refuse("conflict", "no"), {
      isShared: true,
    })
    const port = await open([{ below: "/", routes: [share, ...things({})], words: problemAnswer }])
    const originOf = async (path: string) => {
      const reply = await askUnchecked(port, path, { method: "POST", headers: text, body: "x" })
      return [reply.status, reply.headers["access-control-allow-origin"]]
    }
    expect(await originOf("/share")).toEqual([409, "*"])
    expect(await originOf("/things/a")).toEqual([201, undefined])
  })

  test("answer OPTIONS as they are told to, and refuse it otherwise", async () => {
    const port = await open(doors)
    expect((await askUnchecked(port, "/", { method: "OPTIONS" })).status).toBe(405)
    await opened?.close()
    const other = await open(doors, { preflight: (isShared) => textAnswer(200, String(isShared)) })
    expect((await askUnchecked(other, "/?x", { method: "OPTIONS" })).text()).toBe("false")
  })
})

test("a path says which parameters it takes, and a tree takes all that is below it", async () => {
  const digits = get<{ readonly id: string }>(
    "digits",
    "/{id}/log.json",
    ({ parameters: { id } }) => textAnswer(200, `digits ${id}`),
    { isHot: true, where: { id: "[0-9]+" } },
  )
  const tree = get("tree", "/tree/{rest}", ({ request }) => textAnswer(200, request.url ?? ""), {
    isHot: true,
    isTree: true,
  })
  const port = await open([{ below: "/", routes: [digits, tree], words: problemAnswer }])
  const reply = async (path: string) => (await askUnchecked(port, path)).text()
  expect(await reply("/12/log.json")).toBe("digits 12")
  expect(await reply("/12/logxjson")).toContain("not-found")
  expect(await reply("/ab/log.json")).toContain("not-found")
  expect(await reply("/tree/a/b%2f..?c")).toBe("/tree/a/b%2f..?c")
})

test("a path of such a form must be hot", async () => {
  const handle = () => textAnswer(200, "")
  for (const form of [{ isTree: true }, { where: { rest: "[0-9]" } }] as const) {
    const routes = [get("tree", "/tree/{rest}", handle, form)]
    const doors = () => [{ below: "/", routes, words: problemAnswer }]
    expect(() => serveDoors({ doors })).toThrow(/only hot routes/)
  }
})

test("what a route validates reaches its handler, and what it refuses does not", async () => {
  const read = (_: object, query: string) =>
    query === "" ? refuse("malformed", "query: expected one, found none") : { size: query.length }
  const route: Route = {
    ...get<{ readonly size: number }>("size", "/size", ({ parameters }) =>
      textAnswer(200, String(parameters.size)),
    ),
    read,
  }
  const port = await open([{ below: "/", routes: [route], words: problemAnswer }])
  expect((await askUnchecked(port, "/size?abc")).text()).toBe("3")
  expect((await askUnchecked(port, "/size")).json()).toMatchObject({ code: "malformed" })
})

test("a server that is closing says so to its handlers and ends its connections after their answers", async () => {
  let arrived = (_release: () => void): void => {}
  const held = new Promise<() => void>((resolve) => {
    arrived = resolve
  })
  const port = await open([], {
    doors: ({ isClosing }) => {
      const slow = get("slow", "/slow", async () => {
        await new Promise<void>((resolve) => arrived(resolve))
        return textAnswer(200, String(isClosing()))
      })
      return [{ below: "/", routes: [slow], words: problemAnswer }]
    },
  })
  const asked = askUnchecked(port, "/slow")
  const release = await held
  const closed = opened?.close()
  release()
  const reply = await asked
  expect([reply.text(), reply.headers.connection]).toEqual(["true", "close"])
  await closed
})
