// What an attached message says that entries are found by: for whoever asks it is as if the entry itself said it. The
// type of an envelope's payload decides nothing here, because one message serves all entries with its digest.
import { unlessRefused } from "../core/base/errors.ts"
import { assertFindable, distinct } from "./search-terms.ts"
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

/** Each once. Refuses `too-large` more than an entry can be found by; linear. */
export function termsOfMessage(bytes: Uint8Array): readonly Term[] {
  const terms = distinct(allTerms(bytes))
  assertFindable(terms, "message")
  return terms
}

/** As {@link termsOfMessage}; none for a message that would be refused where it comes in. */
export function messageTerms(bytes: Uint8Array): readonly Term[] {
  return unlessRefused(() => termsOfMessage(bytes)) ?? []
}
