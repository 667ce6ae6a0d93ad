// One trial of the client under test: a case as the suite has it, given by its files, with the exit code that is right.
import { lastWords, runCommand } from "../running/process.ts"
import { projectPath } from "../running/project.ts"
import type { Room } from "../running/room.ts"
import { countersign } from "../stand/served-log.ts"
import { countersignWords } from "./protocol.ts"

export interface Trial {
  readonly name: string
  readonly isGood: boolean
  /** Paths. */
  readonly bundle: string
  readonly trustedRoot?: string
  readonly key?: string
  readonly identity: string
  readonly issuer: string
  /** The artifact's path, or its digest. */
  readonly artifact: string
}

function wordsOf(trial: Trial): readonly string[] {
  const { bundle, trustedRoot, key, identity, issuer, artifact } = trial
  const signer =
    key === undefined
      ? ["--certificate-identity", identity, "--certificate-oidc-issuer", issuer]
      : ["--key", key]
  const root = trustedRoot === undefined ? [] : ["--trusted-root", trustedRoot]
  return ["verify-bundle", "--bundle", bundle, ...signer, ...root, artifact]
}

/** How a client is run: the trusted root for bundles without one, and whether it may fail before it judges. */
export interface TrialOptions {
  readonly publicRoot?: string
  /** Where the trusted root itself is bad, nothing can be judged by it. */
  readonly mayFail?: boolean
}

/** False, and what cannot be judged. */
const REFUSED = [3, 5]
/** What the command says of a file that it cannot use; a crash has other words. */
const SAID = /^countersign: /m

/** The first one as the suite runs it; the others without the process in between, which only translates. */
function clientWords(trial: Trial, publicRoot: string | undefined, isFirst: boolean) {
  const client = [process.execPath, projectPath("dist-interop/interop/conformance/client.js")]
  if (isFirst) return [...client, ...wordsOf(trial)]
  return [...countersign, ...countersignWords(wordsOf(trial), { publicRoot })]
}

/** What was wrong about it; undefined if nothing was. */
async function runTrial(
  room: Room,
  trial: Trial,
  { publicRoot, mayFail = false }: TrialOptions,
  isFirst: boolean,
): Promise<string | undefined> {
  const env = { ...room.env, ...(publicRoot && { COUNTERSIGN_PUBLIC_ROOT: publicRoot }) }
  const words = clientWords(trial, publicRoot, isFirst)
  const ended = await runCommand(words, { cwd: room.folder, env })
  const { code } = ended
  const found = `exit ${code}: ${lastWords(ended)}`
  if (trial.isGood) return code === 0 ? undefined : `${trial.name}: expected exit 0, found ${found}`
  if (code === 0) return `${trial.name}: expected a refusal, found exit 0`
  const hasFailed = mayFail && code === 1 && SAID.test(ended.stderr)
  if (hasFailed || REFUSED.includes(code ?? -1)) return undefined
  return `${trial.name}: expected exit 3 or 5, found ${found}`
}

/** How many run at once. */
const PARALLEL = 2

/** Runs each, made when its turn has come; throws an error with all that was wrong. */
export async function runTrials(
  room: Room,
  trials: readonly (() => Trial)[],
  options: TrialOptions,
): Promise<void> {
  const wrong: string[] = []
  const waiting = [...trials.entries()]
  async function work(): Promise<void> {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [i, make] = next
      const found = await runTrial(room, make(), options, i === 0)
      if (found !== undefined) wrong.push(found)
    }
  }
  await Promise.all(Array.from({ length: PARALLEL }, work))
  if (trials.length === 0) throw new Error("expected cases, found none")
  if (wrong.length > 0) throw new Error(`${wrong.length} of ${trials.length}: ${wrong.join("; ")}`)
}
