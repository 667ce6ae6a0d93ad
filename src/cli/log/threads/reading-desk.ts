// What the thread that reads large requests does with each question, apart from the thread: proposals are kept here until
// their signatures are verified, and then give the body and everything that is kept beside it.
import { refuse } from "../../../core/base/errors.ts"
import { nativeHasher } from "../../../crypto/tree-hasher.ts"
import type { Proposal, Settled } from "../../../entry/entry.ts"
import { besideBody } from "../../../entry/kinds/terms.ts"
import type { LargeReader } from "../../../http/log/large-reader.ts"
import { createTermHasher } from "../../../log/search/hash.ts"
import {
  type FromReader,
  plainProposal,
  type ReadingAnswer,
  type ToReader,
  toPlainReadingError,
} from "./reading-message.ts"

function bufferOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength)
}

/** Answers questions, each at once; `drop` and nothing else has no answer. */
export function createReadingDesk(
  reader: LargeReader,
): (asked: ToReader) => FromReader | undefined {
  const held = new Map<number, Proposal>()
  const hashTerms = createTermHasher(nativeHasher)

  function settled(of: number, positions: readonly number[]): Settled {
    const proposal = held.get(of) ?? refuse("try-later", "the submission is not held any more")
    held.delete(of)
    const { terms, envelope } = proposal
    const beside = besideBody(terms)
    return {
      body: proposal.body(positions),
      envelope: envelope?.(),
      sideTerms: beside && hashTerms(beside),
    }
  }

  function answerTo(asked: ToReader): ReadingAnswer {
    switch (asked.type) {
      case "propose": {
        const proposal = reader.propose(asked.door, bufferOf(asked.bytes))
        held.set(asked.id, proposal)
        return plainProposal(proposal)
      }
      case "settle":
        return settled(asked.of, asked.held)
      case "drop":
        held.delete(asked.of)
        return undefined
      case "retrieve":
        return reader.planRetrieval(bufferOf(asked.bytes))
      case "open":
        return reader.openAttestation(asked.envelope, asked.withGlance)
      case "bundle":
        return reader.bundle(asked.logged, asked.key, asked.envelope)
    }
  }

  return (asked) => {
    try {
      const answer = answerTo(asked)
      return asked.type === "drop" ? undefined : { id: asked.id, answer }
    } catch (error) {
      return { id: asked.id, error: toPlainReadingError(error) }
    }
  }
}
