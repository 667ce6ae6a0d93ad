// Policies that demand every witness, as C2SP and Sigsum write them: the lines are the same, the keys are not.

export interface PolicyWitness {
  readonly name: string
  /** A verifier key for our log; for Sigsum's the raw key in hexadecimal. */
  readonly key: string
  readonly url: string
}

/** A policy that demands all of `witnesses`; `log` is what stands on its line. */
export function policyText(log: string, witnesses: readonly PolicyWitness[]): string {
  const lines = witnesses.map(({ name, key, url }) => `witness ${name} ${key} ${url}`)
  const group = `group everybody all ${witnesses.map(({ name }) => name).join(" ")}`
  return [`log ${log}`, ...lines, group, "quorum everybody", ""].join("\n")
}
