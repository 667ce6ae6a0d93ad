// A channel to a signer that lives in another thread: a program must be started once, whoever asks it.
import type { MessagePort } from "node:worker_threads"
import { Refusal, Trouble } from "../../../core/base/errors.ts"
import type { SignerChannel } from "../../../crypto/signers/signer-channel.ts"
import { OldSize } from "../../../signer/judgement.ts"
import type { Asked, SignerAnswer } from "../../../signer/message.ts"

interface Question {
  readonly id: number
  readonly asked: Asked
}

/** Errors lose their class on the way. */
type Outcome =
  | { readonly id: number; readonly answer: SignerAnswer }
  | {
      readonly id: number
      readonly refusal: Pick<Refusal, "code" | "message">
      readonly size?: number
    }
  | { readonly id: number; readonly trouble: string }

function outcomeOf(id: number, reason: unknown): Outcome {
  if (reason instanceof OldSize) return { id, refusal: reason, size: reason.size }
  if (reason instanceof Refusal) {
    return { id, refusal: { code: reason.code, message: reason.message } }
  }
  return { id, trouble: reason instanceof Error ? reason.message : String(reason) }
}

/** Answers the questions that come through `port` by asking `channel`. */
export function relay(port: MessagePort, channel: SignerChannel): void {
  async function pass({ id, asked }: Question): Promise<void> {
    try {
      port.postMessage({ id, answer: await channel.ask(asked) } satisfies Outcome)
    } catch (reason) {
      port.postMessage(outcomeOf(id, reason))
    }
  }
  port.on("message", (question: Question) => void pass(question))
}

/** The channel at the other end of {@link relay}. */
export function createRelayedChannel(port: MessagePort): SignerChannel {
  const waiting = new Map<number, (outcome: Outcome) => void>()
  let newest = 0
  port.on("message", (outcome: Outcome) => {
    waiting.get(outcome.id)?.(outcome)
    waiting.delete(outcome.id)
  })
  return {
    async ask(asked) {
      const id = ++newest
      const outcome = await new Promise<Outcome>((resolve) => {
        waiting.set(id, resolve)
        port.postMessage({ id, asked } satisfies Question)
      })
      if ("answer" in outcome) return outcome.answer
      if ("trouble" in outcome) throw new Trouble("busy", outcome.trouble)
      if (outcome.size !== undefined) throw new OldSize(outcome.size, 0)
      throw new Refusal(outcome.refusal.code, outcome.refusal.message)
    },
    close: () => port.close(),
  }
}
