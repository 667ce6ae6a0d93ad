// What rules remember of entries in their order is made anew when all entries are judged again: what was claimed first, and
// what was logged of what was shipped, depend on who was expected to sign.
import { originWord } from "../../core/note/origin.ts"
import { expectations } from "../entries/expectation.ts"
import { claims } from "../entries/rule-subject.ts"
import { type Documents, ofLog } from "../state/documents.ts"

/** Forgets which entry was the first; deadlines stay. */
export function forgetOrder(documents: Documents, origin: string): void {
  for (const key of documents.keys(claims, `${originWord(origin)} `)) documents.remove(claims, key)
  for (const [digest, { deadline }] of ofLog(documents, expectations, origin)) {
    const key = `${originWord(origin)} ${digest}`
    if (deadline === undefined) documents.remove(expectations, key)
    else documents.put(expectations, key, { deadline })
  }
}
