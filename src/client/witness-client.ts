// A client of C2SP tlog-witness: asks a witness to cosign a checkpoint, and what it stands for. Checks the
// form of its answers; whether a line holds is for the caller to say. Leaves out sign-subtree.
import { parseUtf8, utf8 } from "../core/base/bytes.ts"
import { digestOf } from "../core/base/digest.ts"
import { refuse, shown } from "../core/base/errors.ts"
import { LONGEST_NOTE } from "../core/base/limits.ts"
import { formatHex } from "../core/base/text.ts"
import {
  type AddCheckpoint,
  formatAddCheckpoint,
  parseTlogSize,
  TLOG_SIZE_TYPE,
} from "../core/note/add-checkpoint.ts"
import { type NoteSignature, parseNote } from "../core/note/note.ts"
import type { Origin } from "../core/note/origin.ts"
import { createRawExchange, type ExchangeOptions, errorOfReply } from "./exchange.ts"

/** Rejects with `Refusal` (what the witness says no with, or a malformed answer) or `Trouble`. */
interface WitnessClient {
  /** The lines of a witness, unverified; or, where it is at another size than the old one, that size. */
  addCheckpoint(
    request: AddCheckpoint,
  ): Promise<{ readonly lines: readonly NoteSignature[] } | { readonly size: number }>
  /** The newest checkpoint of a log that the witness stands for; undefined if it has none. */
  checkpoint(origin: Origin): Promise<string | undefined>
}

const PEER = "witness"

/** Below a witness's URL: its newest checkpoint of the log with this origin (C2SP tlog-witness). */
export function checkpointPath(origin: string): string {
  return `${formatHex(digestOf("sha256", utf8(origin)))}/checkpoint`
}

/** Sixteen lines of ML-DSA-44 and room for as many more. */
const LONGEST_LINES = 131_072
const STAND_IN = "cosignatures\n"

/** The signature lines of an answer; refuses `malformed` for anything else in it. */
function parseLines(body: Uint8Array): readonly NoteSignature[] {
  const text = parseUtf8(body, "cosignatures")
  const note = parseNote(`${STAND_IN}\n${text}`)
  return note.text === STAND_IN
    ? note.signatures
    : refuse("malformed", `cosignatures: expected signature lines only, found ${shown(text)}`)
}

/** Refuses `malformed` for a URL that cannot be one. */
export function createWitnessClient(options: Omit<ExchangeOptions, "peer">): WitnessClient {
  const exchange = createRawExchange({ ...options, peer: PEER })
  return {
    async addCheckpoint(request) {
      const reply = await exchange({
        method: "POST",
        path: "add-checkpoint",
        body: new Uint8Array(formatAddCheckpoint(request)),
        contentType: "text/plain; charset=utf-8",
        longest: LONGEST_LINES,
      })
      const { status, mediaType, body } = reply
      if (status === 200) return { lines: parseLines(body) }
      // SPEC: the size comes with this type; anything else is a conflict of another kind.
      if (status === 409 && mediaType === TLOG_SIZE_TYPE) return { size: parseTlogSize(body) }
      throw errorOfReply(reply, PEER)
    },
    async checkpoint(origin) {
      const reply = await exchange({ path: checkpointPath(origin), longest: LONGEST_NOTE })
      if (reply.status === 404) return undefined
      if (reply.status !== 200) throw errorOfReply(reply, PEER)
      return parseUtf8(reply.body, "checkpoint of a witness")
    },
  }
}
