// Rounds of a monitor at any time, for rules that need an hour or a day: the program's own parts in this process,
// over real HTTP and its real state, and its own door for what verifiers post.
import type { AddressInfo } from "node:net"
import { Command } from "commander"
import { expect } from "vitest"
import type { Terminal } from "../../src/cli/command/terminal.ts"
import { type RunOptions, runOptions } from "../../src/cli/monitor/options.ts"
import { openRunningMonitor } from "../../src/cli/monitor/running.ts"
import { createMonitorServer } from "../../src/http/monitor/server.ts"
import { openFindings } from "../../src/monitor/findings/stored.ts"
import type { RoundReport } from "../../src/monitor/monitor.ts"
import type { EvilLog } from "./evil-log.ts"
import type { Watched } from "./watched.ts"

export const MINUTE = 60_000
export const HOUR = 60 * MINUTE

export interface Rounds {
  /** One round at this time, in Unix milliseconds. */
  round(now: number): Promise<RoundReport>
  /** Acknowledges findings by their keys; gives those that there are not. */
  acknowledge(keys: readonly string[], now: number): Promise<readonly string[]>
  /** What is open, as `GRADE kind`. */
  open(): readonly string[]
  /** The base URL of the monitor's door. */
  readonly url: string
}

const quiet: Terminal = {
  stdout: { write: () => {} },
  stderr: { write: () => {} },
  fetch: globalThis.fetch,
  now: () => performance.now(),
  fail: () => {},
}

function optionsOf({ runWords }: Watched): RunOptions {
  const command = new Command()
  for (const option of runOptions) command.addOption(option)
  command.parse(runWords, { from: "user" })
  return command.opts<RunOptions>()
}

/** Opens the monitor for as long as `work` takes; the program can run again after that. */
export async function inRounds<T>(
  watched: Watched,
  work: (rounds: Rounds) => Promise<T>,
): Promise<T> {
  const running = await openRunningMonitor(optionsOf(watched), quiet)
  const door = createMonitorServer(running.served)
  await new Promise<void>((resolve) => door.server.listen(0, "127.0.0.1", resolve))
  const { port } = door.server.address() as AddressInfo
  try {
    return await work({
      url: `http://127.0.0.1:${port}`,
      round: (now) => running.monitor.round(now),
      acknowledge: (keys, now) => running.monitor.acknowledge(keys, now),
      open: () =>
        openFindings(running.state.documents)
          .filter(({ isCanary }) => isCanary !== true)
          .map(({ grade, kind }) => `${grade} ${kind}`)
          .toSorted(),
    })
  } finally {
    door.server.closeAllConnections()
    await door.close()
    await running.close()
  }
}

/** One round at the present time, which must find nothing. */
export async function expectQuiet(watched: Watched): Promise<void> {
  await inRounds(watched, async ({ round, open }) => {
    await round(Date.now())
    expect(open()).toEqual([])
  })
}

export interface PromisedBody {
  readonly body: Uint8Array
  readonly index: number
  /** Unix seconds. */
  readonly time?: number
}

/** A verifier gives the monitor a signed entry timestamp of the log, as Rekor v1 shows entries. */
export async function postTimestamp(
  { url }: Rounds,
  evil: EvilLog,
  { body, index, time = 1_700_000_000 }: PromisedBody,
): Promise<number> {
  const promise = {
    body: Buffer.from(body).toString("base64"),
    integratedTime: time,
    logID: evil.logId,
    logIndex: index,
  }
  const signedEntryTimestamp = await evil.promise(promise)
  const response = await fetch(`${url}/receipts`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ ...promise, verification: { signedEntryTimestamp } }),
  })
  return response.status
}
