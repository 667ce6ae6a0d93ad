// What a monitor asks a log's own API beside its tiles: whether it says that it keeps an attestation, its search, and
// the messages that others have attached. Has the form of the monitor's port `NativeSource`; believes nothing.
import { parseUtf8 } from "../core/base/bytes.ts"
import { refuse } from "../core/base/errors.ts"
import { asInteger, asList, asObject, isAbsent, parseJson } from "../core/base/json-value.ts"
import { LONGEST_ENVELOPE } from "../core/base/limits.ts"
import { readArtifact, readFound } from "./log-answer.ts"
import type { createPatientReading } from "./patient-reading.ts"

export interface NativeSource {
  saysKept(index: number, payload: string): Promise<boolean>
  search(item: { readonly by: "digest" | "key"; readonly value: string }): Promise<{
    readonly indexes: readonly number[]
    readonly from: number
    readonly completeUpTo: number
  }>
  messages(after: number): Promise<readonly ListedMessage[] | undefined>
  message(index: number): Promise<Uint8Array | undefined>
}

interface ListedMessage {
  readonly sequence: number
  readonly index: number
}

/** A hundred entries in base64, or as many attestations. */
const LONGEST_ANSWER = 16 * 1024 * 1024
const AT_ONCE = 100

function readListed(value: unknown): ListedMessage {
  const { sequence, index } = asObject(value, "message")
  return {
    sequence: asInteger(sequence, "message.sequence"),
    index: asInteger(index, "message.index"),
  }
}

/** `base` ends in a slash. Methods reject with Trouble ("network") and refuse `malformed` or `too-large` answers. */
export function createNativeSource(
  base: string,
  read: ReturnType<typeof createPatientReading>,
): NativeSource {
  async function json(path: string): Promise<unknown> {
    const bytes = await read({ url: base + path, longest: LONGEST_ANSWER })
    return bytes && parseJson(parseUtf8(bytes, "answer"), "answer", LONGEST_ANSWER)
  }

  return {
    async saysKept(index, payload) {
      const answer = await json(`v1/artifacts/${encodeURIComponent(payload)}?limit=${AT_ONCE}`)
      if (answer === undefined) return false
      const { attestations } = readArtifact(answer)
      return attestations.some((each) => each.index === index && each.isKept)
    },
    async search({ by, value }) {
      const page = { order: "newest", limit: AT_ONCE } as const
      const query = new URLSearchParams({ [by]: value, order: "newest", limit: String(AT_ONCE) })
      const answer = await json(`v1/entries?${query}`)
      if (answer === undefined) return refuse("not-found", `${base} has no search`)
      const { entries, next, completeUpTo } = readFound(answer, page)
      return { indexes: entries.map(({ index }) => index), from: next ?? 0, completeUpTo }
    },
    async messages(after) {
      const answer = await json(`v1/messages?after=${after}&limit=${AT_ONCE}`)
      if (answer === undefined) return undefined
      const { messages } = asObject(answer, "messages")
      return isAbsent(messages) ? [] : asList(messages, "messages", AT_ONCE).map(readListed)
    },
    message: (index) =>
      read({ url: `${base}v1/entries/${index}/message`, longest: LONGEST_ENVELOPE }),
  }
}
