// The results of a run: what each client did, as a table for people and as JSON, and whether that is
// enough.

export type Outcome = "pass" | "FAIL" | "skip"

export interface Result {
  /** Name and version. */
  readonly client: string
  readonly operation: string
  readonly outcome: Outcome
  /** Why it failed or was left out. */
  readonly reason?: string
  readonly seconds: number
}

export interface Report {
  readonly results: readonly Result[]
  readonly remarks: readonly string[]
}

/** Stands for all operations of a client that cannot be had. */
export const EVERYTHING = "everything"

/** The clients without which a run in CI has shown nothing. */
const indispensable = ["cosign", "rekor-cli", "sigstore-js", "litetlog", "torchwood", "sigsum-go"]

function line({ operation, outcome, reason, seconds }: Result, width: number): string {
  const time = outcome === "skip" ? "" : `${seconds.toFixed(1)} s`
  const head = `  ${outcome}  ${operation.padEnd(width)}  ${time}`.trimEnd()
  return reason === undefined ? head : `${head}\n        ${reason}`
}

function count(results: readonly Result[], outcome: Outcome): number {
  return results.filter((result) => result.outcome === outcome).length
}

/** The table, client by client in the order of the results. */
export function reportText({ results, remarks }: Report): string {
  const width = Math.max(0, ...results.map(({ operation }) => operation.length))
  const clients = [...new Set(results.map(({ client }) => client))]
  const parts = clients.map((client) => {
    const own = results.filter((result) => result.client === client)
    return [client, ...own.map((result) => line(result, width)), ""].join("\n")
  })
  const sums = (["pass", "FAIL", "skip"] as const).map((it) => `${count(results, it)} ${it}`)
  return [...parts, ...remarks.map((remark) => `!! ${remark}`), sums.join(", "), ""].join("\n")
}

/** The indispensable clients of which nothing has passed, or that have left out some of their checks. */
export function missingClients(results: readonly Result[]): readonly string[] {
  return indispensable.filter((name) => {
    const own = results.filter(({ client }) => client.startsWith(name))
    const hasGap = own.some((it) => it.outcome === "skip" && it.operation !== EVERYTHING)
    return hasGap || count(own, "pass") === 0
  })
}

/** Whether the run is good; `isStrict` demands the indispensable clients. */
export function isGood(results: readonly Result[], isStrict: boolean): boolean {
  if (count(results, "FAIL") > 0 || count(results, "pass") === 0) return false
  return !isStrict || missingClients(results).length === 0
}
