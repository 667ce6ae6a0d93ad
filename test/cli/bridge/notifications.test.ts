// Notifications of registries: what they name is queued, and nothing of them is believed.
import { mkdirSync } from "node:fs"
import type { AddressInfo } from "node:net"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest"
import {
  createHintQueue,
  createNotificationServer,
  type HintQueue,
  hintsOf,
} from "../../../src/cli/bridge/notifications.ts"
import type { BridgeOptions } from "../../../src/cli/bridge/options.ts"
import { openBridge } from "../../../src/cli/bridge/running.ts"
import type { Called } from "../../../src/cli/command/options.ts"
import { proposeEntry } from "../../../src/entry/kinds/request.ts"
import type { HttpServer } from "../../../src/http/serving/http-server.ts"
import { parsePattern } from "../../../src/monitor/watch/pattern.ts"
import { bundleOf, logging, signedEnvelope } from "../../client/messages/signed.ts"
import {
  BUNDLE,
  openFakeRegistry,
  putManifest,
  putReferrer,
} from "../../client/registry/fake-registry.ts"
import { openMessageDesk } from "../message-desk.ts"
import { openWorkspace, type Workspace } from "../workspace.ts"

const digest = `sha256:${"a".repeat(64)}`
const hint = { repository: "acme/app", digest }

describe("a notification names", () => {
  test.each([
    ["distribution", { events: [{ action: "push", target: { repository: "acme/app", digest } }] }],
    ["zot, structured", { type: "zotregistry.image.updated", data: { name: "acme/app", digest } }],
    ["zot, binary", { name: "acme/app", digest, manifest: "{}" }],
    [
      "Harbor",
      {
        type: "PUSH_ARTIFACT",
        event_data: { resources: [{ digest }], repository: { repo_full_name: "acme/app" } },
      },
    ],
  ])("what %s says", (_name, event) => {
    expect(hintsOf(event)).toEqual([hint])
  })

  test.each([
    ["no object", [1, null, "x"]],
    ["other members", { events: {}, data: 7, event_data: [] }],
    ["a repository that is none", { name: "../../x", digest }],
    ["a digest that is none", { name: "acme/app", digest: "sha256:xyz" }],
  ])("nothing with %s", (_name, event) => {
    expect(hintsOf(event)).toEqual([])
  })
})

describe("the queue of hints", () => {
  test("has each thing once, in order, and wakes whoever waits", async () => {
    const queue = createHintQueue()
    const { signal } = new AbortController()
    const filled = queue.filled(signal)
    const other = { ...hint, repository: "acme/b" }
    for (const each of [hint, other, hint]) expect(queue.add(each)).toBe(true)
    await filled
    expect([queue.take(), queue.take(), queue.take()]).toEqual([hint, other, undefined])
  })

  test("is bounded", () => {
    const queue = createHintQueue()
    const added = Array.from({ length: 10_001 }, (_, i) =>
      queue.add({ ...hint, repository: `r${i}` }),
    )
    expect(added.filter((isAdded) => !isAdded)).toHaveLength(1)
  })

  test("lets go when it is told to stop", async () => {
    const stopping = new AbortController()
    const filled = createHintQueue().filled(stopping.signal)
    stopping.abort()
    await filled
  })
})

describe("the server of notifications", () => {
  const token = "0123456789abcdef"
  let http: HttpServer
  let queue: HintQueue
  let url: string

  beforeEach(async () => {
    queue = createHintQueue()
    const logger = { debug: () => {}, error: () => {} }
    const isWanted = (repository: string) => repository.startsWith("acme/")
    http = createNotificationServer({ token, queue, isWanted, logger })
    await new Promise<void>((resolve) => http.server.listen(0, "127.0.0.1", resolve))
    url = `http://127.0.0.1:${(http.server.address() as AddressInfo).port}/notifications`
  })

  afterEach(() => http.close())

  async function send(event: unknown, authorization = `Bearer ${token}`): Promise<number> {
    const body = typeof event === "string" ? event : JSON.stringify(event)
    return (await fetch(url, { method: "POST", body, headers: { authorization } })).status
  }

  test("queues what is of wanted repositories", async () => {
    expect(await send({ name: "acme/app", digest })).toBe(200)
    expect(await send({ name: "other/app", digest })).toBe(200)
    expect([queue.take(), queue.take()]).toEqual([hint, undefined])
  })

  test("takes nothing from whoever does not have the token, and nothing that is no JSON", async () => {
    expect(await send({ name: "acme/app", digest }, "Bearer other")).toBe(403)
    expect(await send({ name: "acme/app", digest }, "")).toBe(403)
    expect(await send("{")).toBe(400)
    expect(await send("x".repeat(1_048_577))).toBe(413)
    expect(queue.take()).toBeUndefined()
  })
})

describe("a bridge that follows a notification", () => {
  let workspace: Workspace

  beforeAll(async () => {
    workspace = await openWorkspace()
  })

  afterAll(() => workspace.close())

  test("finds a referrer that no list has, and misses it from then on", async () => {
    const registry = await openFakeRegistry()
    const desk = openMessageDesk()
    const image = putManifest(registry, "acme/app", [{ content: "x", mediaType: "x/x" }], {
      tag: "1",
    })
    const signed = signedEnvelope(image)
    await workspace.served.log.add(proposeEntry(logging(signed)))
    const layer = { content: bundleOf(signed.envelope), mediaType: BUNDLE }
    const unlisted = putReferrer(registry, "acme/app", image, [layer], { isListed: false })
    const data = workspace.path("bridge")
    mkdirSync(data)
    const options = {
      ...{
        url: registry.url,
        log: workspace.url,
        data,
        repos: [parsePattern("acme/**")],
        every: 15,
      },
      ...{
        alsoSignaturesIn: [],
        monitor: [],
        tokenHost: [],
        redirectHost: [],
        accept: [],
        copies: 16,
      },
    } as unknown as BridgeOptions
    const terminal = { fetch: desk.fetch, now: Date.now }
    const output = { result: () => {}, remark: () => {} }
    const called = {
      terminal,
      output,
      command: { opts: () => ({}), getOptionValueSource: () => undefined },
    }
    const { signal } = new AbortController()
    const bridge = await openBridge(options, called as unknown as Called, signal)
    try {
      expect((await bridge.round()).findings).toEqual([])
      const hints = [{ repository: "acme/app", digest: unlisted }]
      expect(await bridge.follow(hints)).toMatchObject({ findings: [], troubles: [] })
      expect(desk.given).toHaveLength(1)
      const { findings } = await bridge.round()
      expect(findings).toMatchObject([{ kind: "lost-referrer", place: unlisted }])
      const gone = [{ repository: "acme/app", digest }]
      expect((await bridge.follow(gone)).troubles).toHaveLength(1)
    } finally {
      await bridge.close()
      await registry.close()
    }
  })
})
