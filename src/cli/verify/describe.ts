// A verdict in words: for people, as one line or as fields, and for programs, as members. What a verdict rests on, and
// what was not looked at, is part of it.
import { present } from "../../core/base/present.ts"
import { formatHex } from "../../core/base/text.ts"
import { cosignatureFields } from "../command/fetched-head.ts"
import type { Fields } from "../command/output.ts"
import type { Verified } from "./judge.ts"
import type { Verdict } from "./verdict.ts"

export function titleOf({ index, origin }: Verified): string {
  return `entry ${index} of ${origin}`
}

/** What a reader must know who takes the verdict for more than it is. */
export function reservationsOf(verified: Verified): readonly string[] {
  const { inclusion, keyEnded, passedOver, timestampsPassedOver } = verified
  const reservations: string[] = []
  if (inclusion === "promise") reservations.push("inclusion by the log's promise only")
  if (keyEnded !== undefined) {
    const end = keyEnded.toISOString()
    reservations.push(
      `the log's key was valid until ${end}, and nothing shows when the entry was made`,
    )
  }
  for (const { index, logId, reason } of passedOver) {
    reservations.push(`entry ${index} of the log ${formatHex(logId)} was not looked at: ${reason}`)
  }
  if (timestampsPassedOver > 0) {
    const were = timestampsPassedOver === 1 ? "timestamp was" : "timestamps were"
    reservations.push(`${timestampsPassedOver} ${were} not looked at`)
  }
  return reservations
}

/** What is known of the time; an entry under a proof alone has none. */
function timeFields({ time, times = [] }: Verified): Fields {
  if (times.length > 0) {
    return times.map((each) => [
      "time",
      `${each.time.toISOString()}, by the ${sourceOf(each.source)}`,
    ])
  }
  return time === undefined ? [] : [["time", `${time.toISOString()}, by the log's promise`]]
}

function sourceOf(source: "log" | "timestamp-authority"): string {
  return source === "log" ? "log's promise" : "timestamp authority"
}

function signerFields({ signer }: Verified): Fields {
  if (signer === undefined) return []
  const issuer: Fields = signer.issuer === undefined ? [] : [["vouched for by", signer.issuer]]
  return [["signed by", signer.identity], ...issuer]
}

export function fieldsOf(verified: Verified): Fields {
  const { size, kind, algorithm, leafHash, entries } = verified
  return [
    ...signerFields(verified),
    ...(size === undefined ? [] : [["tree size", size] as const]),
    ["kind", kind],
    ["algorithm", algorithm],
    ["leaf hash", formatHex(leafHash)],
    ...timeFields(verified),
    ...cosignatureFields(verified),
    ...entries
      .slice(1)
      .map((entry) => ["also verified", `entry ${entry.index} of ${entry.origin}`] as const),
    ...reservationsOf(verified).map((reservation) => ["note", reservation] as const),
  ]
}

/** The members of a bundle that holds. */
function verifiedJson(verified: Verified): object {
  const { origin, index, size, root, leafHash, kind, algorithm, cosignatures } = verified
  const { inclusion, time, times, logIndex, keyEnded, signer, entries, passedOver } = verified
  const others = entries.slice(1).map((entry) => ({ origin: entry.origin, index: entry.index }))
  return {
    ...{ verified: true, origin, index, ...present({ size, root }), leafHash, kind, algorithm },
    ...{ cosignatures, inclusion, passedOver },
    ...present({ logIndex, time, keyEnded, signer, times }),
    ...(verified.timestampsPassedOver > 0 && {
      timestampsPassedOver: verified.timestampsPassedOver,
    }),
    ...(others.length > 0 && { alsoVerified: others }),
  }
}

/** `judged` is there only if it was not judged. */
export function verdictJson(verdict: Verdict): object {
  switch (verdict.outcome) {
    case "verified":
      return verifiedJson(verdict.verified)
    case "false":
      return { verified: false, code: verdict.refusal.code, reason: verdict.refusal.message }
    case "unjudged": {
      const { code, message: reason } = verdict.refusal
      return { verified: false, judged: false, code, reason }
    }
    case "failed":
      return { verified: false, judged: false, code: "failed", reason: verdict.cause.message }
    case "alone":
      return { verified: false, judged: false, code: "without-counterpart", reason: verdict.reason }
  }
}

/** On one line. */
export function verdictWords(verdict: Verdict): string {
  if (verdict.outcome === "verified") {
    const { verified } = verdict
    const signer = verified.signer === undefined ? "" : `, by ${verified.signer.identity}`
    return [titleOf(verified) + signer, ...reservationsOf(verified)].join("; ")
  }
  if ("refusal" in verdict) return `${verdict.refusal.code}: ${verdict.refusal.message}`
  return verdict.outcome === "failed" ? verdict.cause.message : verdict.reason
}
