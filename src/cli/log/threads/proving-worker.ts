// The thread that reads messages before they are taken: some take seconds, and neither entries nor the event loop must
// wait for them.
import { parentPort } from "node:worker_threads"
import { bug } from "../../../core/base/errors.ts"
import { letOthersGoFirst } from "../../../crypto/engines/patience.ts"
import { hashNatively } from "../../../crypto/native-hash.ts"
import { messageOf } from "../../../entry/kinds/message.ts"
import { toPlainError } from "./plain-error.ts"
import type { AskedProof, FromProver } from "./proving-thread.ts"

const port = parentPort ?? bug("the proving thread runs as a worker only")

function answer({ id, body, bytes }: AskedProof): FromProver {
  try {
    const { message, digest, checks } = messageOf(body, bytes, hashNatively)
    return { id, proven: { form: message.form, digest, checks } }
  } catch (error) {
    return { id, error: toPlainError(error) }
  }
}

letOthersGoFirst()
port.on("message", (asked: AskedProof) => port.postMessage(answer(asked)))
