// A log and its signer through outages of every kind, while clients go on writing: what they were told holds, what was
// refused to them is in the log at most once, and no head is signed twice in two ways.
import { rmSync } from "node:fs"
import { createServer, type Socket } from "node:net"
import { setTimeout } from "node:timers/promises"
import { expect, test } from "vitest"
import type { LogClient } from "../../../src/client/log-client.ts"
import type { EntryRequest } from "../../../src/entry/kinds/registry.ts"
import { countersign, PATIENCE, type ServedLog, serve } from "../process.ts"
import { type Keep, newRequests } from "./load.ts"
import { newSignedLog, type SignerProcess } from "./new-signer.ts"
import { createRecorder } from "./recorder.ts"

/** Submits until it is told to stop, whatever the log says; `kept` are refused or cut, and sent again later. */
async function insist(
  client: () => LogClient,
  isOver: () => boolean,
  keep: Keep,
): Promise<EntryRequest[]> {
  const unsure: EntryRequest[] = []
  while (!isOver()) {
    const requests = newRequests(3)
    // A few entries at each moment are enough.
    await setTimeout(150)
    try {
      for (const [i, outcome] of (await client().submitBatch(requests)).entries()) {
        const request = requests[i] as EntryRequest
        if ("error" in outcome) unsure.push(request)
        else keep(request, outcome.receipt)
      }
    } catch {
      unsure.push(...requests)
    }
  }
  return unsure
}

/** Listens in the signer's place and says `words` to whoever asks. */
async function impostor(path: string, words: string) {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket.on("error", () => {}))
    socket.on("data", () => socket.write(words))
  })
  await new Promise<void>((resolve) => server.listen(path, resolve))
  return () => {
    for (const socket of sockets) socket.destroy()
    server.close()
  }
}

test("outages of the signer lose nothing, double nothing and fork nothing", {
  timeout: 240_000,
}, async () => {
  const log = await newSignedLog()
  const { data, trust, options, signer } = log
  const recorder = createRecorder(trust)
  let running: SignerProcess = log.running
  let served: ServedLog = await serve(data, options)
  let isOver = false
  const writers = [1, 2, 3].map(() =>
    insist(
      () => served.client,
      () => isOver,
      recorder.keep,
    ),
  )
  const ready = () =>
    expect.poll(async () => (await fetch(`${served.url}/readyz`)).status, PATIENCE).toBe(200)
  const away = () =>
    expect.poll(async () => (await fetch(`${served.url}/readyz`)).status, PATIENCE).toBe(503)

  const outages: readonly (() => Promise<void>)[] = [
    async () => {
      // It hangs for longer than anyone waits.
      running.send("SIGSTOP")
      await away()
      running.send("SIGCONT")
    },
    async () => {
      running.send("SIGSTOP")
      await setTimeout(300)
      await running.kill()
      await away()
      running = await signer.serve()
    },
    async () => {
      await running.kill()
      rmSync(signer.socket, { force: true })
      for (const words of [
        '{"note":"x"}{\n',
        "nonsense\n",
        '{"trouble":"no"}\n{}\n',
        "x".repeat(99_999),
      ]) {
        const end = await impostor(signer.socket, words)
        await away()
        await setTimeout(200)
        end()
        rmSync(signer.socket, { force: true })
      }
      running = await signer.serve()
    },
    async () => {
      // The log is told to stop while it waits for its signer.
      await running.kill()
      await away()
      expect(await served.stop()).toMatchObject({ code: 0 })
      running = await signer.serve()
      served = await serve(data, options)
    },
    async () => {
      await running.kill()
      await away()
      await served.kill()
      running = await signer.serve()
      served = await serve(data, options)
    },
  ]
  for (const outage of outages) {
    await setTimeout(400)
    await outage()
    await ready()
  }
  isOver = true
  const unsure = (await Promise.all(writers)).flat()
  expect(unsure.length).toBeGreaterThan(0)
  for (let at = 0; at < unsure.length; at += 3) {
    const requests = unsure.slice(at, at + 3)
    for (const [i, outcome] of (await served.client.submitBatch(requests)).entries()) {
      if ("error" in outcome) throw outcome.error
      recorder.keep(requests[i] as EntryRequest, outcome.receipt)
    }
  }
  // Each request of a client is one entry.
  expect(await recorder.audit(served.client)).toBe(recorder.count())
  const status = await countersign("signer", "status", "--data", signer.data, "--json")
  expect(JSON.parse(status.stdout)).toMatchObject({ size: recorder.count() })
  expect(await served.stop()).toMatchObject({ code: 0 })
})
