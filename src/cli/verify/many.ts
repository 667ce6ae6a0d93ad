// Many bundles and their artifacts: each bundle is read once and held against what it is of, in order; only what has
// no name in common waits for the end. Whatever has no counterpart is said and counted.
import { Refusal } from "../../core/base/errors.ts"
import type { SigstoreBundle } from "../../sigstore/bundle.ts"
import type { Called } from "../command/options.ts"
import type { Output } from "../command/output.ts"
import { createProgress } from "../command/progress.ts"
import type { Artifact } from "./artifacts.ts"
import { bundlesIn, type GivenBundle } from "./bundle-files.ts"
import type { Given, GivenFile } from "./given.ts"
import type { Heads } from "./heads.ts"
import type { Judge } from "./judge.ts"
import { isVerdict, judgePair, parseGiven } from "./pair.ts"
import { createPairing } from "./pairing.ts"
import { type About, behindProgress, createReport, type Place, type Report } from "./report.ts"
import { exitCodeOfMany, type Verdict, verdictFrom } from "./verdict.ts"

/** Pairs of a bundle and an artifact that are looked at; a bundle may be about many artifacts. */
const MOST_PAIRS = 200_000

interface Waiting {
  readonly file: GivenFile
  readonly place: Place
}

function aboutOf({ path, line }: GivenBundle, artifact?: Artifact): About {
  return {
    bundle: path,
    ...(line !== undefined && { line }),
    ...(artifact !== undefined && { artifact: artifact.name }),
  }
}

interface Judging {
  readonly judge: Judge
  readonly report: Report
  readonly onVerified: (checkpoints: readonly string[]) => void
  /** Called after each file. */
  readonly onFile: () => void
}

function createFiles(given: Given, { judge, report, onVerified, onFile }: Judging) {
  /** Artifacts that a bundle was held against, or that failed. */
  const met = new Set<Artifact>()
  const waiting: Waiting[] = []
  let pairs = 0

  function fail(artifact: Artifact, error: unknown): void {
    if (met.has(artifact)) return
    met.add(artifact)
    const place = report.place()
    place.print({ about: { artifact: artifact.name }, verdict: verdictFrom(error) })
    place.close()
  }

  const pairing = createPairing(given, fail)

  async function hold(
    bundle: GivenBundle,
    parsed: SigstoreBundle | Verdict,
    artifact: Artifact,
    place: Place,
  ) {
    met.add(artifact)
    pairs += 1
    const verdict = isVerdict(parsed) ? parsed : await judgePair(judge, parsed, artifact)
    if (verdict.outcome === "verified") onVerified(verdict.verified.checkpoints)
    place.print({ about: aboutOf(bundle, artifact), verdict })
  }

  function leaveAlone(bundle: GivenBundle, parsed: SigstoreBundle | Verdict, place: Place): void {
    const reason = "none of the artifacts bears its name or has a digest that it states"
    const verdict = isVerdict(parsed) ? parsed : ({ outcome: "alone", reason } as const)
    place.print({ about: aboutOf(bundle), verdict })
  }

  /** The artifacts by the bundle's name or, if it says nothing, by the digests that it states. */
  async function counterparts(file: GivenFile, parsed: SigstoreBundle | Verdict) {
    const named = pairing.byName(file)
    if (named !== undefined) return [named]
    return isVerdict(parsed) ? [] : [...(await pairing.byDigest(parsed))]
  }

  async function take(file: GivenFile, bundle: GivenBundle): Promise<void> {
    const place = report.place()
    const parsed = parseGiven(bundle)
    const artifacts = await counterparts(file, parsed)
    if (pairs + artifacts.length > MOST_PAIRS) {
      const refusal = new Refusal(
        "too-large",
        `expected up to ${MOST_PAIRS} bundles and artifacts that belong together, found more`,
      )
      place.print({ about: aboutOf(bundle), verdict: { outcome: "unjudged", refusal } })
    } else for (const artifact of artifacts) await hold(bundle, parsed, artifact, place)
    if (artifacts.length === 0) {
      if (file.isNamed && given.isNamed && bundle.line === undefined) {
        waiting.push({ file, place })
        return
      }
      leaveAlone(bundle, parsed, place)
    }
    place.close()
  }

  /** Does something with each bundle of a file; that it cannot be read is a verdict. */
  async function eachOf(file: GivenFile, work: (bundle: GivenBundle) => Promise<void>) {
    try {
      for await (const bundle of bundlesIn(file.path)) await work(bundle)
    } catch (error) {
      const place = report.place()
      place.print({ about: { bundle: file.path }, verdict: verdictFrom(error) })
      place.close()
    }
    onFile()
  }

  /** What is left over of both, in the order in which it was named. */
  async function takeWaiting(): Promise<void> {
    const left = given.artifacts.filter((artifact) => !met.has(artifact))
    const isEven = left.length === waiting.length
    for (const [i, { file, place }] of waiting.entries()) {
      const artifact = isEven ? left[i] : undefined
      await eachOf(file, async (bundle) => {
        const parsed = parseGiven(bundle)
        if (artifact === undefined) leaveAlone(bundle, parsed, place)
        else await hold(bundle, parsed, artifact, place)
      })
      place.close()
    }
  }

  function sayRest(): void {
    const place = report.place()
    for (const artifact of given.artifacts) {
      if (met.has(artifact)) continue
      const reason = "no bundle is of it"
      place.print({ about: { artifact: artifact.name }, verdict: { outcome: "alone", reason } })
    }
    const reason = "expected a file, found another thing, which is not looked into"
    for (const path of given.odd) {
      place.print({ about: { artifact: path }, verdict: { outcome: "alone", reason } })
    }
    place.close()
  }

  return {
    async run(): Promise<void> {
      for (const file of given.bundles) await eachOf(file, (bundle) => take(file, bundle))
      await takeWaiting()
      sayRest()
    },
  }
}

const MOST_NAMED = 3

function remarkStrangers({ strangers }: Given, output: Output): void {
  if (strangers.length === 0) return
  const names = strangers.slice(0, MOST_NAMED).join(", ")
  const more = strangers.length > MOST_NAMED ? ", …" : ""
  output.remark(
    `${strangers.length} other files of the folders were not looked at, as bundles and artifacts are given apart: ${names}${more}`,
  )
}

/** Verifies everything that is given and says of each what it is. Throws as `Heads.remember()`. */
export async function verifyMany(
  judge: Judge,
  given: Given,
  heads: Heads,
  called: Called,
): Promise<void> {
  const { terminal, output } = called
  const { stderr: stream, now } = terminal
  const progress = createProgress({ stream, now, what: "verify", total: given.bundles.length })
  const shown = behindProgress(output, progress.end)
  const report = createReport(shown)
  const onFile = () => progress.advance(1)
  await createFiles(given, { judge, report, onVerified: heads.take, onFile }).run()
  remarkStrangers(given, shown)
  report.end()
  terminal.fail(exitCodeOfMany(report.counts()))
  await heads.remember()
}
