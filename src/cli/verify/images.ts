// What is printed of an image: its verdict, and how many signatures did not count and why.
import { openNetwork } from "../command/network.ts"
import type { Called } from "../command/options.ts"
import { createProgress } from "../command/progress.ts"
import type { Heads } from "./heads.ts"
import { type JudgedImage, judgeImage } from "./image.ts"
import type { Judge } from "./judge.ts"
import type { VerifyOptions } from "./options.ts"
import { behindProgress, createReport, type Report } from "./report.ts"
import { exitCodeOfMany } from "./verdict.ts"

function signatures(count: number): string {
  return count === 1 ? "1 signature" : `${count} signatures`
}

/** Behind the verdict on the same line. */
function moreOf({
  verdict,
  isTag,
  resolved,
  verifiedCount,
  otherCount,
  faults,
}: JudgedImage): string {
  const more: string[] = []
  if (isTag && resolved !== undefined) more.push(`the tag points to ${resolved} now`)
  if (verdict.outcome === "verified") {
    const others = otherCount === 0 ? "" : `, ${otherCount} more did not count`
    more.push(`${signatures(verifiedCount)} verified${others}`)
    const [fault] = faults
    if (fault !== undefined) more.push(`not everything in the registry was seen: ${fault}`)
  }
  return more.map((each) => `; ${each}`).join("")
}

function printImage(report: Report, image: string, judged: JudgedImage): void {
  const { verdict, resolved, isTag, verifiedCount, otherCount, others, faults } = judged
  const counted = { verified: verifiedCount, others: otherCount }
  const place = report.place()
  place.print({
    about: { image },
    verdict,
    more: moreOf(judged),
    fields: others.map(({ place: where, code, reason }) => [
      "did not count",
      `${where}: ${code}: ${reason}`,
    ]),
    json: {
      ...(resolved !== undefined && { resolved }),
      isTag,
      signatures: counted,
      others,
      faults,
    },
  })
  place.close()
}

/** Verifies images and says of each what it is. Throws as `Heads.remember()`. */
export async function verifyImages(
  judge: Judge,
  images: readonly string[],
  options: VerifyOptions,
  heads: Heads,
  { terminal, output }: Called,
): Promise<void> {
  const network = await openNetwork(options, terminal)
  const { stderr: stream, now } = terminal
  const progress = createProgress({ stream, now, what: "verify", total: images.length })
  const report = createReport(behindProgress(output, progress.end))
  for (const image of images) {
    const judged = await judgeImage(judge, image, options, network)
    if (judged.verdict.outcome === "verified") heads.take(judged.verdict.verified.checkpoints)
    printImage(report, image, judged)
    progress.advance(1)
  }
  if (images.length > 1) report.end()
  progress.end()
  terminal.fail(exitCodeOfMany(report.counts()))
  await heads.remember()
}
