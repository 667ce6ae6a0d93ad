// What a harness of faults is: it does something to the built program many times, as a machine or a careless hand would,
// and holds it to what an observer of its own has kept outside. Every file in the folder `faults` lends one.

/** How a harness is run. */
export interface FaultRun {
  /** The folder with the built program's `dist`, `migrations` and `node_modules`: the project, or a canary. */
  readonly program: string
  /** An empty folder on the disk, gone afterwards. */
  readonly folder: string
  /** How often, in the harness's own measure. */
  readonly times: number
  /** What every choice is drawn from. */
  readonly seed: number
  /** Beginnings of the names of the faults that are wanted; none stands for all. */
  readonly only: readonly string[]
  /** Says on standard error how far it is. */
  progress(text: string): void
}

/** What became of one kind of fault. */
export interface FaultResult {
  readonly fault: string
  /** How often it was done and judged. */
  readonly times: number
  /** What was held to what, in a few words. */
  readonly checked: string
  /** What must not have happened and did, with what repeats it; empty where all held. */
  readonly broken: readonly string[]
  /** Figures of interest: how often it refused, recovered, lost nothing. */
  readonly figures?: Readonly<Record<string, number>>
}

export interface Harness {
  readonly name: string
  /** What `times` counts, for people: "kills", "states of the disk". */
  readonly counts: string
  /** How often by default: the long form. */
  readonly times: number
  run(run: FaultRun): Promise<readonly FaultResult[]>
}
