// Which logs a monitor follows and where it reads them: the pinned policy, and what the command line says of
// other ways to them.
import { randomUUID } from "node:crypto"
import { setTimeout } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import type { Fetch } from "../../client/exchange.ts"
import { createTileSource, createWitnessHeads } from "../../client/tile-source.ts"
import { refuse, shown } from "../../core/base/errors.ts"
import { formatVkey } from "../../core/note/note.ts"
import type { Policy } from "../../core/note/policy.ts"
import { originsOf } from "../../core/note/policy-origins.ts"
import type { LogSource } from "../../monitor/follow/source.ts"
import { smallestQuorum } from "../../monitor/heads/quorum.ts"
import type { KnownKeys } from "../../monitor/heads/statement.ts"
import type { MonitoredLog } from "../../monitor/monitor.ts"
import { textCollection } from "../../monitor/state/collection.ts"
import type { DocumentReads, Documents } from "../../monitor/state/documents.ts"
import { createTileFolder } from "../../storage/files/tile-folder.ts"
import { createCanarySubmitter } from "./canary-submitter.ts"
import type { FetchOfLog } from "./log-credentials.ts"
import type { LogAddress, RunOptions } from "./options.ts"

const POLICY = "pinned"
export const policies = textCollection("policy")

export function pinnedPolicy(documents: DocumentReads): string {
  return documents.get(policies, POLICY) ?? refuse("malformed", "the state has no policy")
}

export function pinPolicy(documents: Documents, text: string): void {
  documents.put(policies, POLICY, text)
}

export interface FollowedKeys extends KnownKeys {
  readonly threshold: number
  readonly url: string
}

/** The logs of a policy, with all keys of each. Refuses `malformed` for names that are no origins. */
export function logsOfPolicy(policy: Policy): readonly FollowedKeys[] {
  const { witnesses } = policy
  const threshold = smallestQuorum(policy)
  const origins = new Set(policy.logs.flatMap(originsOf))
  return Array.from(origins, (origin) => {
    const own = policy.logs.filter((log) => originsOf(log).includes(origin))
    const url = own.find((log) => log.url !== undefined)?.url ?? addressOf(origin)
    return { origin, logKeys: own.map(({ vkey }) => vkey), witnesses, threshold, url }
  })
}

/** Where a log is that the policy has no URL of. */
function addressOf(origin: string): string {
  const url = `https://${origin}`
  return URL.canParse(url)
    ? url
    : refuse("malformed", `policy: expected a URL behind the key of ${shown(origin)}, found none`)
}

type Reading = Omit<Parameters<typeof createTileSource>[0], "url">

function openSource(url: string, reading: Reading): LogSource {
  if (url.startsWith("file:")) return createTileFolder(fileURLToPath(url))
  return createTileSource({ ...reading, url })
}

function assertMeant(addresses: readonly LogAddress[], logs: readonly FollowedKeys[]): void {
  for (const { origin, url } of addresses) {
    const isClear = origin === undefined && logs.length === 1
    if (isClear || logs.some((log) => log.origin === origin)) continue
    const names = logs.map((log) => log.origin).join(", ")
    refuse("malformed", `${url}: expected which of these logs is meant: ${names}`)
  }
}

const CANARY_TIMEOUT = 30_000

export function openMonitoredLogs(
  logs: readonly FollowedKeys[],
  { log: overrides, mirror: mirrors, canary }: RunOptions,
  fetch: Fetch,
  fetchOf: FetchOfLog = () => fetch,
): readonly MonitoredLog[] {
  const hasCanary = canary === true
  const sleep = (milliseconds: number) => setTimeout(milliseconds, undefined)
  const reading = { fetch, sleep, unique: randomUUID }
  assertMeant([...overrides, ...mirrors], logs)
  return logs.map(({ origin, logKeys, witnesses, threshold, url: pinned }) => {
    const isMeant = (address: LogAddress): boolean => (address.origin ?? origin) === origin
    const given = overrides.filter(isMeant)
    if (given.length > 1) refuse("malformed", `--log: expected one for ${origin}, found several`)
    const url = given[0]?.url ?? pinned
    const ways = mirrors.filter(isMeant)
    const names = new Set(ways.map(({ name }) => name))
    if (names.size < ways.length)
      refuse("malformed", `--mirror: expected every name once for ${origin}`)
    const isNative = url.startsWith("http:") || url.startsWith("https:")
    if (hasCanary && !isNative) {
      refuse("malformed", `--canary: expected a log with an http(s) URL, found ${shown(url)}`)
    }
    const own = { ...reading, fetch: fetchOf(origin, url) }
    const trust = { vkeys: logKeys.map(formatVkey), origin }
    return {
      origin,
      vkeys: logKeys,
      witnesses,
      threshold,
      source: openSource(url, own),
      mirrors: ways.map((mirror) => ({
        name: mirror.name,
        source: openSource(mirror.url, reading),
      })),
      witnessHeads: witnesses.flatMap(({ name, url: address }) =>
        address === undefined
          ? []
          : [{ name, source: createWitnessHeads({ ...reading, url: address }) }],
      ),
      ...(hasCanary && {
        canary: createCanarySubmitter({ url, trust, fetch: own.fetch, timeout: CANARY_TIMEOUT }),
      }),
    }
  })
}
