// What is printed of an image: its verdict, and how many signatures did not count and why.
import type { JudgedImage } from "./image.ts"
import type { Report } from "./report.ts"

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

export function printImage(report: Report, image: string, judged: JudgedImage): void {
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
