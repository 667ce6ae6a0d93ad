// Asks a log for the envelope that it keeps beside an entry, and tells why there is none: that a log has none, that it
// has taken it away, and that it cannot be asked just now are three different things.
import { Refusal, Trouble } from "../../core/base/errors.ts"
import type { LogSource } from "../follow/source.ts"
import type { StandingReason } from "./standing.ts"

/** What the log gave, which is not held against the entry yet; or why it gave nothing. */
export type Asked = { readonly envelope: Uint8Array } | { readonly reason: StandingReason }

function reasonFor(error: unknown): StandingReason {
  if (error instanceof Trouble) return "unreachable"
  if (!(error instanceof Refusal)) throw error
  if (error.code === "not-found") return "redacted"
  return error.code === "too-large" ? "too-large" : "other-envelope"
}

/** Rejects only for what is no answer of the log and no trouble on the way. */
export async function askEnvelope(source: LogSource, index: number): Promise<Asked> {
  if (source.envelope === undefined) return { reason: "not-kept" }
  try {
    const envelope = await source.envelope(index)
    return envelope === undefined ? { reason: "not-kept" } : { envelope }
  } catch (error) {
    return { reason: reasonFor(error) }
  }
}

/** Whether the log says that it keeps the attestation of an entry; false where it does not answer. */
export async function saysKept(
  { native }: LogSource,
  index: number,
  payload: string,
): Promise<boolean> {
  try {
    return (await native?.saysKept(index, payload)) ?? false
  } catch (error) {
    if (error instanceof Refusal || error instanceof Trouble) return false
    throw error
  }
}
