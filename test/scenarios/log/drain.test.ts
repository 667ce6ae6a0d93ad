// SIGTERM under load: what was taken is finished, what is refused is told so, and nothing that was
// acknowledged is missing afterwards.
import { expect, test } from "vitest"
import type { LogClient } from "../../../src/client/log-client.ts"
import { type ServedLog, serve } from "../process.ts"
import { countdown, grow, type Keep, writeAll } from "./load.ts"
import { newLog } from "./new-log.ts"
import { createRecorder, type Recorder } from "./recorder.ts"

async function entriesUnderWay(url: string): Promise<number> {
  const health = (await (await fetch(`${url}/healthz`)).json()) as { readonly queued: number }
  return health.queued
}

/** Sends batches until the log was seen at work on one; gives the answer to that one. */
async function batchUnderWay(
  { url, client }: ServedLog,
  keep: Keep,
): Promise<{ answer: Promise<void> }> {
  for (;;) {
    let isAnswered = false
    const answer = grow(client, 1_000, keep).finally(() => {
      isAnswered = true
    })
    while (!isAnswered) if ((await entriesUnderWay(url)) > 0) return { answer }
    await answer
  }
}

async function expectAllThere(client: LogClient, recorder: Recorder) {
  expect(recorder.count()).toBeGreaterThan(0)
  await recorder.audit(client)
}

test("SIGTERM lets a batch that is under way come to its answer", async () => {
  const { data, options, trust } = await newLog()
  const recorder = createRecorder(trust)
  const served = await serve(data, options)
  const { answer } = await batchUnderWay(served, recorder.keep)
  const ended = served.stop()
  await answer
  expect(await ended).toMatchObject({ code: 0, stderr: expect.stringContaining("stopped") })
  await expectAllThere((await serve(data, options)).client, recorder)
})

test("SIGTERM under many writers loses no acknowledged entry", async () => {
  const { data, options, trust } = await newLog()
  const recorder = createRecorder(trust)
  const served = await serve(data, options)
  const { keep, over } = countdown(500, recorder.keep)
  const writing = writeAll(served.client, [...Array.from({ length: 24 }, () => 1), 50], keep)
  await Promise.race([over, writing])
  expect(await served.stop()).toMatchObject({ code: 0 })
  // Rejects for any answer but a receipt, `try-later` or a connection that has ended.
  await writing
  await expectAllThere((await serve(data, options)).client, recorder)
})
