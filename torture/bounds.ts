// The bounds that a server must keep under each attack.
import type { Latencies } from "./measuring/measurer.ts"
import type { Outcome } from "./run.ts"

const MEBIBYTE = 1024 * 1024
const MOST_ABOVE_IDLE = 300
const MOST_MS = 100

/** Whether a client was served at all, if there was one. */
function isServed(latencies: Latencies | undefined): boolean {
  return latencies === undefined || latencies.failed < latencies.asked
}

function brokenBy(outcome: Outcome, judgesLatency: boolean): readonly string[] {
  const { idle, peak, health, honest, writes, turns, isMet, isCut } = outcome
  const above = peak === undefined || idle === undefined ? 0 : (peak - idle) / MEBIBYTE
  const longest = turns?.longest ?? 0
  const checks: readonly (readonly [isBroken: boolean, what: string])[] = [
    [isCut || above > MOST_ABOVE_IDLE, `${above.toFixed(0)} MB above idle`],
    [judgesLatency && health.p99 > MOST_MS, `probes after ${health.p99.toFixed(0)} ms`],
    [health.failed > 0, `${health.failed} of ${health.asked} probes failed`],
    [longest > MOST_MS, `a turn of ${longest.toFixed(0)} ms`],
    [!isMet, "the attack was not answered as one"],
    [!isServed(honest) || !isServed(writes), "honest clients were never served"],
  ]
  return checks.flatMap(([isBroken, what]) => (isBroken ? [`${outcome.name}: ${what}`] : []))
}

/** What is broken, a line for each. */
export function brokenBounds(
  outcomes: readonly Outcome[],
  { judgesLatency }: { readonly judgesLatency: boolean },
): readonly string[] {
  return outcomes.flatMap((outcome) => brokenBy(outcome, judgesLatency))
}
