// One witness in the eyes of the log: what size it is at, one request at a time, catching up when it is
// behind, and its answers verified. What it says about sizes is only ever a hint.
import { Refusal, Trouble } from "../../core/base/errors.ts"
import {
  isSignatureOf,
  type NoteSignature,
  parseNote,
  type SignatureRule,
} from "../../core/note/note.ts"
import type { Hash } from "../../core/tree/hash.ts"
import type { SignedHead } from "../ports/log.ts"
import type {
  CosignAnswer,
  WitnessFailure,
  WitnessPort,
  WitnessStatus,
} from "../ports/publishing.ts"

/** Lines that hold, by the names of the policy's witnesses that made them. */
export type Cosigned = ReadonlyMap<string, NoteSignature>

export interface WitnessLink {
  readonly port: WitnessPort
  /** True while a request is under way; it must not be asked then. */
  isBusy(): boolean
  /** Asks for cosignatures of a head; undefined if there are none, see the status. Never rejects. */
  cosign(head: SignedHead): Promise<Cosigned | undefined>
  status(): WitnessStatus
}

interface WitnessLinkOptions {
  readonly port: WitnessPort
  /** The consistency proof between two sizes of the log. */
  readonly prove: (from: number, to: number) => Promise<readonly Hash[]>
  readonly holds: SignatureRule
  /** Unix milliseconds. */
  readonly now: () => number
  /** Told when the witness begins to fail, or fails in another way, or cosigns again (undefined). */
  readonly onChange: (failure: WitnessFailure | undefined, reason: string) => void
  /** Told of lines that hold, as they come. */
  readonly onCosigned?: (cosigned: Cosigned) => void
  /** Told that the witness refuses the head or says that it is ahead of the log. */
  readonly onRefusal: (failure: WitnessFailure) => void
}

type Outcome =
  | { readonly cosigned: Cosigned }
  | { readonly failure: WitnessFailure; readonly reason: string }

/** An error of the port as an outcome; a bug is thrown on. */
function outcomeOf(error: unknown): Outcome {
  const reason = error instanceof Error ? error.message : ""
  if (error instanceof Trouble) return { failure: "unreachable", reason }
  if (!(error instanceof Refusal)) throw error
  return { failure: error.code === "try-later" ? "unreachable" : "refuses", reason }
}

const TIME_SIZE = 8

// SPEC: the timestamp of a witness's cosignature MUST NOT be 0 (C2SP tlog-witness).
function hasTime({ signature }: NoteSignature): boolean {
  return signature.subarray(0, TIME_SIZE).some((byte) => byte > 0)
}

/** The lines that hold. What other keys made is ignored, whatever it is. */
function verified(
  { members }: WitnessPort,
  lines: readonly NoteSignature[],
  head: SignedHead,
  holds: SignatureRule,
): Outcome {
  const { text } = parseNote(head.checkpoint)
  const cosigned = new Map<string, NoteSignature>()
  for (const member of members) {
    const line = lines.find((candidate) => isSignatureOf(member.vkey, candidate))
    if (line === undefined || !hasTime(line)) continue
    if (holds(member.vkey, text, line.signature)) cosigned.set(member.name, line)
  }
  if (cosigned.size > 0) return { cosigned }
  const reason = `none of its ${lines.length} lines is a cosignature by its key that holds`
  return { failure: "false-signature", reason }
}

export function createWitnessLink(options: WitnessLinkOptions): WitnessLink {
  const { port, prove, holds, now, onChange, onRefusal, onCosigned } = options
  let isBusy = false
  /** Where requests begin: what it was last at, by its own word. */
  let begin = 0
  let status: WitnessStatus = {
    ...{ name: port.name, size: undefined, cosigned: undefined, failure: undefined },
    ...{ cosignatures: 0, failures: 0 },
  }

  async function ask(head: SignedHead): Promise<CosignAnswer> {
    const oldSize = Math.min(begin, head.size)
    // SPEC: the proof MUST be empty if the old size is zero.
    const proof = oldSize === 0 ? [] : await prove(oldSize, head.size)
    return await port.cosign({ oldSize, proof, note: head.checkpoint })
  }

  async function attempt(head: SignedHead): Promise<Outcome> {
    const first = await ask(head)
    if ("lines" in first) return verified(port, first.lines, head, holds)
    if (first.size > head.size) {
      const reason = `it says that it is at size ${first.size}, but was asked for ${head.size}`
      return { failure: "ahead", reason }
    }
    begin = first.size
    const second = await ask(head)
    if ("lines" in second) return verified(port, second.lines, head, holds)
    return { failure: "behind", reason: `it said size ${first.size} and then ${second.size}` }
  }

  function note(outcome: Outcome, head: SignedHead): Cosigned | undefined {
    const before = status
    if ("failure" in outcome) {
      const { failure, reason } = outcome
      status = { ...before, failure, failures: before.failures + 1 }
      if (failure !== before.failure) onChange(failure, reason)
      if (failure === "refuses" || failure === "ahead") onRefusal(failure)
      return undefined
    }
    begin = head.size
    const size = Math.max(before.size ?? 0, head.size)
    const cosignatures = before.cosignatures + outcome.cosigned.size
    status = { ...before, size, cosigned: now(), failure: undefined, cosignatures }
    if (before.failure !== undefined) onChange(undefined, "")
    onCosigned?.(outcome.cosigned)
    return outcome.cosigned
  }

  return {
    port,
    isBusy: () => isBusy,
    async cosign(head) {
      isBusy = true
      const outcome = await attempt(head).catch(outcomeOf)
      isBusy = false
      return note(outcome, head)
    },
    status: () => status,
  }
}
