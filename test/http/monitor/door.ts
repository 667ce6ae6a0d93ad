// The door of a monitor over made-up state, listening on a port of its own, and the log that it follows.
import type { AddressInfo } from "node:net"
import { onTestFinished } from "vitest"
import { parseVkey } from "../../../src/core/note/note.ts"
import type { Origin } from "../../../src/core/note/origin.ts"
import { EMPTY_HEAD, portableHasher } from "../../../src/core/tree/hash.ts"
import { createMonitorServer, type MonitorServerOptions } from "../../../src/http/monitor/server.ts"
import { settle } from "../../../src/monitor/findings/settle.ts"
import { judgeHead } from "../../../src/monitor/heads/judge.ts"
import type { KnownKeys } from "../../../src/monitor/heads/statement.ts"
import { createMailbox, type OpenMailbox } from "../../../src/monitor/promises/mailbox.ts"
import { createDocumentSet, createDraft, type Draft } from "../../../src/monitor/state/set.ts"
import type { TreeView } from "../../../src/monitor/state/tree.ts"
import { type FollowedLog, monitorStatus } from "../../../src/monitor/status.ts"
import { notePort } from "../door/contract-check.ts"
import { openServedLog, type ServedLog } from "../served-log.ts"

export const T = 1_800_000_000_000
const INTERVAL = 60_000

export interface MonitorDoor {
  readonly port: number
  readonly url: string
  readonly mailbox: OpenMailbox
  readonly documents: Draft
  readonly keys: KnownKeys
  readonly origin: Origin
  readonly served: ServedLog
  /** When the last complete round was, and what time it is. */
  readonly clock: { now: number; lastCompleteAt: number | undefined }
  /** The monitor's tree: the newest head that it has a root for. */
  readonly roots: Map<number, Uint8Array>
  /** Makes a note the newest head that the monitor has seen. */
  see(note: string): Promise<void>
  close(): Promise<void>
}

export async function openMonitorDoor(
  options: Partial<MonitorServerOptions> = {},
  atEnd: (close: () => Promise<void>) => void = onTestFinished,
): Promise<MonitorDoor> {
  const served = await openServedLog()
  const { log } = served
  const { origin } = log
  const logKeys = log.vkeys.map(parseVkey)
  const documents = createDraft(createDocumentSet([], portableHasher))
  const keys: KnownKeys = { origin, logKeys, witnesses: [] }
  const mailbox = createMailbox()
  const roots = new Map<number, Uint8Array>()
  const clock: MonitorDoor["clock"] = { now: T, lastCompleteAt: T }
  const followed = (): FollowedLog[] => {
    const { size, root } = log.head()
    return [{ origin, witnesses: [], threshold: 0, head: { size, root } }]
  }
  const http = createMonitorServer({
    logs: [{ origin, vkeys: logKeys, witnesses: [] }],
    mailbox,
    documents,
    status: () =>
      monitorStatus({
        documents,
        logs: followed(),
        lastCompleteAt: clock.lastCompleteAt,
        interval: INTERVAL,
        now: clock.now,
      }),
    rootAt: async (_, size) => roots.get(size) as never,
    now: () => clock.now,
    ...options,
  })
  await new Promise<void>((resolve) => http.server.listen(0, "127.0.0.1", resolve))
  const { port } = http.server.address() as AddressInfo
  notePort(port, "monitor")
  let isClosed = false
  async function close() {
    if (isClosed) return
    isClosed = true
    await http.close()
    await served.close()
  }
  atEnd(close)
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    mailbox,
    documents,
    keys,
    origin,
    served,
    clock,
    roots,
    async see(note) {
      const tree = { head: EMPTY_HEAD } as TreeView
      const observation = { vantage: "log", note, receivedAt: clock.now } as const
      const scope = { ...keys, tree, documents, observation, now: clock.now }
      settle(documents, await judgeHead(scope), clock.now)
    },
    close,
  }
}
