// A bridge with all that it needs, opened over its data directory, which no other process may use meanwhile.

import { join } from "node:path"
import type { Fetch } from "../../client/exchange.ts"
import { createLogClient } from "../../client/log-client.ts"
import { logRecipient, monitorRecipient } from "../../client/messages/recipient.ts"
import { Trouble } from "../../core/base/errors.ts"
import { present } from "../../core/base/present.ts"
import { makeFolder } from "../../storage/disk/durable-file.ts"
import { lockDataDirectory } from "../../storage/disk/process-lock.ts"
import { openAll } from "../command/closers.ts"
import { forLog } from "../command/log-options.ts"
import { openNetwork } from "../command/network.ts"
import type { Called } from "../command/options.ts"
import { openRegistry } from "../command/registry-options.ts"
import { readTrust } from "../command/trust-options.ts"
import { openCopies } from "./copies.ts"
import { createLogDesk } from "./logged.ts"
import { createObserver } from "./observer.ts"
import type { BridgeOptions } from "./options.ts"
import { type RoundReport, reportOf } from "./report.ts"
import { followHint, type Hint, isWanted, type RoundOptions, walkAll } from "./round.ts"
import { readState, writeState } from "./state.ts"

const MEBIBYTE = 1024 * 1024
/** How long a registry may keep one round; each of its answers may take a whole time limit. */
const LONGEST_ROUND_MS = 2 * 60 * 60 * 1_000

export interface RunningBridge {
  /** Walks everything and says what is open. */
  round(): Promise<RoundReport>
  /** Looks at these things; what is open after that. */
  follow(hints: readonly Hint[]): Promise<RoundReport>
  isWanted(repository: string): boolean
  /** Whether the log's key is pinned. */
  readonly isPinned: boolean
  close(): Promise<void>
}

/** Opens everything; refuses `conflict` while another process has the data. `signal` ends what is under way. */
export async function openBridge(
  options: BridgeOptions,
  called: Called,
  signal: AbortSignal,
): Promise<RunningBridge> {
  const { command, terminal, output } = called
  const { url, log: logUrl, data } = options
  const network = await openNetwork(options, terminal)
  const { fetch, timeout, patience } = network
  let deadline = Number.POSITIVE_INFINITY
  const fetchInTime: Fetch = async (...asked) => {
    if (Date.now() < deadline) return await fetch(...asked)
    throw new Trouble("network", "the registry is too slow: the round is cut short")
  }
  const registry = await openRegistry(url, options, fetchInTime, signal, patience)
  const trust = await readTrust(command)
  const log = createLogClient({
    url: logUrl,
    signal,
    ...(await forLog(logUrl, network, called, present({ tokenFile: options.logTokenFile }))),
  })
  return await openAll(async (closers) => {
    makeFolder(data)
    closers.push(lockDataDirectory(data).release)
    const { origin } = await log.treeHead()
    const monitors = options.monitor.map((each) =>
      monitorRecipient({ url: each, origin, fetch, signal, timeout }),
    )
    const recipients = [logRecipient(logUrl, log), ...monitors]
    const file = join(data, "bridge.json")
    const state = await readState(file, { registry: url, origin })
    const copies = openCopies(join(data, "copies"), options.copies * MEBIBYTE)
    let troubles: string[] = []
    const trouble = (why: string) => void (troubles.includes(why) || troubles.push(why))
    const now = () => new Date().toISOString()
    const desk = createLogDesk({ log, trust, recipients, trouble })
    const observer = createObserver({ registry, state, copies, desk, recipients, trouble, now })
    const save = () => writeState(file, state)
    const round: RoundOptions = {
      ...{ registry, state, copies, observer, trouble, now, save },
      patterns: options.repos,
      also: options.alsoSignaturesIn,
      isPutBack: options.pushBack === true,
      remark: output.remark,
    }

    async function reported(work: () => Promise<readonly string[]>): Promise<RoundReport> {
      troubles = []
      deadline = Date.now() + LONGEST_ROUND_MS
      desk.begin()
      const whole = await work()
      await save()
      return reportOf(state, whole, troubles, options.accept)
    }

    return {
      isPinned: trust !== undefined,
      isWanted: (repository: string) => isWanted(round, repository),
      round: () => reported(() => walkAll(round)),
      follow: (hints: readonly Hint[]) =>
        reported(async () => {
          for (const hint of hints) await followHint(round, hint)
          return []
        }),
    }
  })
}
