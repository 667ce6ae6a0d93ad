// Publishing with witnesses, put together: the policy file, a client for each witness, and what they hold of
// this log before it signs anything. Whoever cannot be asked is reported; the head guard comes first.

import type { Fetch } from "../../client/exchange.ts"
import { createWitnessClient } from "../../client/witness-client.ts"
import { Refusal, refuse, Trouble } from "../../core/base/errors.ts"
import { LONGEST_POLICY } from "../../core/base/limits.ts"
import { formatVkey, parseVkey } from "../../core/note/note.ts"
import { type Policy, type PolicyWitness, parsePolicy } from "../../core/note/policy.ts"
import { originsOf } from "../../core/note/policy-origins.ts"
import type { Head } from "../../core/tree/hash.ts"
import { type Contradiction, openHeld } from "../../log/held-head.ts"
import type { Clock, PublishedStore, WitnessPort } from "../../log/ports/publishing.ts"
import type { PublisherOptions, PublishingTimes } from "../../log/publishing/publisher.ts"
import { readBytes } from "../command/file.ts"
import type { KeyedLog } from "./threads/writer-thread.ts"

/** All that publishing needs to know before the log is open. */
export interface PublishingPlan extends Pick<PublisherOptions, "policy" | "witnesses" | "onEvent"> {
  readonly times: PublishingTimes
  /** Whether the log must not start unless every witness was asked what it holds. */
  readonly isCheckRequired: boolean
  readonly onUnchecked: (witness: string, reason: string) => void
  readonly onContradiction: (contradiction: Contradiction, vkeys: readonly string[]) => void
  /** Ends all requests that are under way. */
  close(): void
}

export const processClock: Clock = {
  now: Date.now,
  steady: () => performance.now(),
  after(delay, callback) {
    const timer = setTimeout(callback, delay)
    return () => clearTimeout(timer)
  },
}

/** Reads the policy of a log; refuses `malformed`, also for a witness without a URL. */
export async function readLogPolicy(file: string): Promise<Policy> {
  const bytes = await readBytes(file, "policy", LONGEST_POLICY)
  try {
    const policy = parsePolicy(bytes)
    for (const { name, url } of policy.witnesses) {
      if (url !== undefined) continue
      refuse(
        "malformed",
        `policy: expected "witness ${name} VKEY URL", found no URL to ask it under`,
      )
    }
    return policy
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    throw new Refusal(error.code, `${file}: ${error.message}`, { cause: error })
  }
}

/** A policy that knows this log must know it by one of its keys, or nobody who uses it trusts the log. */
function assertOwnKey({ logs }: Policy, { origin, vkeys }: KeyedLog): void {
  const named = logs
    .filter((log) => originsOf(log).includes(origin))
    .map(({ vkey }) => formatVkey(vkey))
  const stranger = named.find((vkey) => !vkeys.includes(vkey))
  if (stranger === undefined) return
  refuse(
    "conflict",
    `the policy knows the log ${origin} by the key ${stranger}, which is not its own; its keys are ` +
      vkeys.join(" and "),
  )
}

function byUrl(witnesses: readonly PolicyWitness[]): ReadonlyMap<string, readonly PolicyWitness[]> {
  const groups = new Map<string, readonly PolicyWitness[]>()
  for (const witness of witnesses) {
    const { url = "" } = witness
    groups.set(url, [...(groups.get(url) ?? []), witness])
  }
  return groups
}

interface PortOptions {
  readonly fetch: Fetch
  /** Milliseconds of one request. */
  readonly timeout: number
  readonly signal: AbortSignal
}

/** One port a URL: a witness with two keys is asked once. Refuses `malformed` for a URL. */
function openPorts({ witnesses }: Policy, options: PortOptions): WitnessPort[] {
  return Array.from(byUrl(witnesses), ([url, members]) => {
    const client = createWitnessClient({ url, ...options })
    const name = members.map((member) => member.name).join("+")
    return { name, members, cosign: client.addCheckpoint, checkpoint: client.checkpoint }
  })
}

interface PlanOptions extends Omit<PublishingPlan, "policy" | "witnesses" | "close"> {
  readonly file: string
  readonly fetch: Fetch
}

/** Reads the policy and makes the clients of its witnesses. Refuses as {@link readLogPolicy} does. */
export async function planPublishing(options: PlanOptions): Promise<PublishingPlan> {
  const { file, fetch, ...rest } = options
  const policy = await readLogPolicy(file)
  const ending = new AbortController()
  const { deadline: timeout } = rest.times
  const witnesses = openPorts(policy, { fetch, timeout, signal: ending.signal })
  const close = () => ending.abort(new Trouble("network", "the log is closing"))
  return { ...rest, policy, witnesses, close }
}

type Plan = Pick<PublishingPlan, "policy" | "witnesses" | "isCheckRequired" | "onUnchecked">

async function heldBy(port: WitnessPort, log: KeyedLog, plan: Plan): Promise<Head | undefined> {
  const { origin, vkeys } = log
  try {
    const note = await port.checkpoint(origin)
    if (note === undefined) return undefined
    const head = openHeld(note, origin, vkeys.map(parseVkey))
    return head ?? refuse("untrusted", "it gives a checkpoint that this log did not sign")
  } catch (error) {
    if (!(error instanceof Refusal || error instanceof Trouble)) throw error
    if (!plan.isCheckRequired) {
      plan.onUnchecked(port.name, error.message)
      return undefined
    }
    const reason = `the witness ${port.name} does not say what it holds of this log: ${error.message}`
    return refuse("try-later", `${reason}; nothing was signed (--require-witness-check)`)
  }
}

/**
 * The heads that the witnesses hold and the last published one, as far as this log's keys signed them: what
 * the stored tree must have. Refuses `conflict` if the policy knows the log by another key, `try-later` if
 * the check is required and cannot be made.
 */
export async function heldHeads(
  log: KeyedLog,
  plan: Plan,
  store: PublishedStore,
): Promise<readonly Head[]> {
  assertOwnKey(plan.policy, log)
  const published = await store.read()
  const vkeys = log.vkeys.map(parseVkey)
  const own = published === undefined ? undefined : openHeld(published, log.origin, vkeys)
  const held = await Promise.all(plan.witnesses.map((port) => heldBy(port, log, plan)))
  return [own, ...held].filter((head) => head !== undefined)
}
