// A line in, a line out: what a signer answers to a request as it came, and who is told of a refusal.
import { Refusal, Trouble } from "../core/base/errors.ts"
import { OldSize } from "./judgement.ts"
import { type Asked, formatReply, parseRequest, type Reply } from "./message.ts"
import type { Signer } from "./signer.ts"

/** What was refused: the name of the question, if it was one. */
export interface Refused {
  readonly ask: Asked["ask"] | undefined
  readonly code: string
  readonly reason: string
}

interface AnsweringOptions {
  readonly onRefused: (refused: Refused) => void
  /** Told of anything that leaves the memory in doubt; the process must end. */
  readonly onFatal: (reason: unknown) => void
}

/** Never rejects. A proof from an older size than the remembered one is no attack, and nobody is told of it. */
export function createAnswering(
  signer: Signer,
  { onRefused, onFatal }: AnsweringOptions,
): (line: string) => Promise<string> {
  return async (line) => {
    let ask: Asked["ask"] | undefined
    try {
      const asked = parseRequest(line)
      ask = asked.ask
      return formatReply(await signer.answer(asked))
    } catch (reason) {
      return formatReply(replyTo(reason, ask))
    }
  }

  function replyTo(reason: unknown, ask: Asked["ask"] | undefined): Reply {
    if (reason instanceof Refusal) {
      const { code, message } = reason
      if (!(reason instanceof OldSize)) onRefused({ ask, code, reason: message })
      return { refusal: reason }
    }
    if (reason instanceof Trouble && reason.code === "busy") return { trouble: reason.message }
    onFatal(reason)
    return { trouble: "the signer is in trouble; its operator was told" }
  }
}
