// What an attached message says that entries are found by: for whoever asks it is as if the entry itself said it. The
// type of an envelope's payload decides nothing here, because one message serves all entries with its digest.
import { unlessRefused } from "../core/base/errors.ts"
import { distinct } from "./search-terms.ts"
import { readMessage } from "./statement/message.ts"
import { IN_TOTO_PAYLOAD_TYPE } from "./statement/pae.ts"
import { oddTerms, statementTerms, subjectTerms } from "./statement-terms.ts"
import type { Term } from "./term.ts"

function allTerms(bytes: Uint8Array): readonly Term[] {
  const message = unlessRefused(() => readMessage(bytes))
  // A payload that was attached without its type names nothing that can be read, or is read as a statement.
  const { form = "payload", payload = bytes, subjects = [], isOdd = false } = message ?? {}
  if (form === "dsse-pae" || form === "payload") {
    return statementTerms({ payloadType: IN_TOTO_PAYLOAD_TYPE, payload })
  }
  return isOdd ? oddTerms(payload) : subjects.flatMap(subjectTerms)
}

/** Each once. Never refuses, so that too many are refused where a message comes in; linear. */
export function messageTerms(bytes: Uint8Array): readonly Term[] {
  return distinct(allTerms(bytes))
}
