// The gates that every server has, in their order: is it for this server, does a web page of another origin write, who
// is it, does it ask too often.

import type { Gate } from "../serving/gate.ts"
import type { RequestMetrics } from "../serving/instruments.ts"
import { createBrowserGate } from "./browser-gate.ts"
import { createHostGate } from "./host-gate.ts"
import { createRateGate, type RateGateOptions } from "./rate-gate.ts"
import { defaultRates, type Rates } from "./rates.ts"

/** What an operator may set about them. */
export interface LimitOptions extends Pick<RateGateOptions, "writerOf"> {
  /** In place of the defaults. */
  readonly rates?: Partial<Rates> | undefined
  /** Names beside its own under which the server may be reached over loopback; without it any name will do. */
  readonly allowedHosts?: readonly string[] | undefined
  /** What finds out who asks, and refuses. */
  readonly accessGates?: readonly Gate[] | undefined
}

export interface GatesOptions extends LimitOptions {
  /** The name of what is served, if it has one. */
  readonly origin?: string | undefined
  readonly publicUrl?: string | undefined
  readonly meter: Pick<RequestMetrics, "limited">
  /** Milliseconds on a monotonic clock. */
  readonly now: (() => number) | undefined
}

/** The host of a URL, with its port unless that is the scheme's own. */
function hostIn(url: string | undefined): readonly string[] {
  return url !== undefined && URL.canParse(url) ? [new URL(url).host] : []
}

export function createGates(options: GatesOptions): readonly Gate[] {
  const { origin = "", publicUrl, allowedHosts, accessGates = [], rates, meter } = options
  const { now = () => performance.now(), writerOf } = options
  // Names may have a path behind the host.
  const [host = ""] = origin.split("/")
  const hosts = [...(host === "" ? [] : [host]), ...hostIn(publicUrl), ...(allowedHosts ?? [])]
  return [
    ...(allowedHosts === undefined ? [] : [createHostGate(hosts)]),
    createBrowserGate(hosts),
    ...accessGates,
    createRateGate({
      ...{ now, rates: { ...defaultRates, ...rates } },
      ...(writerOf && { writerOf }),
      onLimited: (limit) => meter.limited(limit),
    }),
  ]
}
