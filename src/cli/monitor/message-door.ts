// Takes a message for the monitor that runs: held against the entry that it is said to be of, as the log gives that
// now and the monitor's own tree has it; then it waits in the spool folder for the next round.
import { hash } from "node:crypto"
import { refuse } from "../../core/base/errors.ts"
import { nativeHasher } from "../../crypto/tree-hasher.ts"
import type { SignatureCheck } from "../../entry/entry.ts"
import { readSummary } from "../../entry/kinds/summary.ts"
import type { MessageStore } from "../../monitor/messages/messages.ts"
import { createProof, digestsOfMessage, readBody } from "../../monitor/messages/proving.ts"
import type { MonitoredLog } from "../../monitor/monitor.ts"
import type { MonitorState } from "../../monitor/state/state.ts"

interface MessageDoorOptions {
  readonly state: MonitorState
  readonly logs: readonly MonitoredLog[]
  readonly messages: MessageStore
  readonly verify: (checks: readonly SignatureCheck[]) => boolean
}

/** A quick look with the platform's hashes, so that what is wrong costs nothing. */
function assertStated(body: Uint8Array, bytes: Uint8Array): void {
  const { digest, payload } = readSummary(body)
  const stated = digest ?? payload
  const own = digestsOfMessage(bytes, (name, message) => hash(name, message, "buffer"))
  if (stated !== undefined && own.includes(stated)) return
  refuse("mismatch", `message: expected the one of this entry, with the digest ${stated ?? "none"}`)
}

/** Gives what takes a message; it refuses `not-found`, `beyond-tree`, `mismatch`, `bad-signature` and `try-later`. */
export function createMessageDoor({ state, logs, messages, verify }: MessageDoorOptions) {
  const prove = createProof(verify)
  return async (origin: string | undefined, index: number, bytes: Uint8Array): Promise<string> => {
    const found = logs.filter((log) => (origin ?? log.origin) === log.origin)
    const [log] = found
    if (log === undefined || found.length > 1) {
      return refuse("not-found", "origin: expected one of the logs that this monitor follows")
    }
    const own = await state.tree(log.origin)
    if (index >= own.head.size) {
      refuse("beyond-tree", `index: expected one below ${own.head.size}, found ${index}`)
    }
    const body = await readBody({ source: log.source, own, hasher: nativeHasher }, index)
    if (body === undefined) refuse("try-later", `entry ${index} cannot be read from the log now`)
    assertStated(body, bytes)
    const digest = prove(body, bytes)
    const known = await messages.find(digest)
    if (!known.some((each) => Buffer.compare(each, bytes) === 0)) await messages.spool(bytes)
    return digest
  }
}
