// Whether the log has a signature, by the log's own entry and a proof that it is in the tree, and giving its message to
// the log and to monitors. What the log or a monitor does not answer is trouble, and never counts as an answer.
import { createHash } from "node:crypto"
import { verifyInclusion } from "../../client/inclusion.ts"
import type { LogClient } from "../../client/log-client.ts"
import { lookUp } from "../../client/messages/lookup.ts"
import type { Recipient } from "../../client/messages/recipient.ts"
import type { SignedMessage } from "../../client/messages/signed-message.ts"
import type { Trust } from "../../client/trust.ts"
import { Refusal, Trouble } from "../../core/base/errors.ts"
import { present } from "../../core/base/present.ts"
import { Falsehood } from "../command/exit-code.ts"
import { type FetchedHead, fetchHead } from "../command/fetched-head.ts"
import type { KeptSignature } from "./state.ts"

export interface LogDesk {
  /**
   * What is known of a signature after asking the log and giving its message; `before` is what was known. What went
   * wrong is told to `trouble`, and asked for again the next time.
   */
  settle(signed: SignedMessage, before: KeptSignature | undefined): Promise<KeptSignature>
  /** Begins anew: hosts that did not answer are asked again. */
  begin(): void
}

interface LogDeskOptions {
  readonly log: LogClient
  readonly trust: Trust | undefined
  readonly recipients: readonly Recipient[]
  readonly trouble: (why: string) => void
}

export function signatureId({ message, signature, form }: SignedMessage): string {
  const hash = createHash("sha256").update(`${form}\n`)
  for (const bytes of [message, signature])
    hash.update(`${bytes?.length ?? -1}\n`).update(bytes ?? "")
  return hash.digest("hex")
}

/** Whether nothing is left to do for a signature. */
export function isSettled(
  { index, given, form }: KeptSignature,
  recipients: readonly Recipient[],
): boolean {
  if (index === undefined) return false
  return form === "artifact" || recipients.every(({ name }) => given.includes(name))
}

export function createLogDesk({ log, trust, recipients, trouble }: LogDeskOptions): LogDesk {
  let head: FetchedHead | undefined
  /** Who did not answer in this round; each of them may take a whole time limit. */
  let silent = new Set<string>()

  /** What `work` gives; undefined once it has failed, which is told. */
  async function attempt<T>(name: string, work: () => Promise<T>): Promise<T | undefined> {
    if (silent.has(name)) return undefined
    try {
      return await work()
    } catch (error) {
      const isExpected =
        error instanceof Refusal || error instanceof Trouble || error instanceof Falsehood
      if (!isExpected) throw error
      if (error instanceof Trouble) silent.add(name)
      trouble(`${name}: ${error.message}`)
      return undefined
    }
  }

  async function prove(index: number, body: Uint8Array): Promise<void> {
    if (head === undefined || head.size <= index) head = await fetchHead(log, trust)
    const { size } = head
    if (size <= index) throw new Refusal("try-later", `entry ${index} is not in its checkpoint yet`)
    verifyInclusion(body, (await log.inclusion(index, size)).proof, head)
  }

  /** The entries over the message, and the proven one of them that has this signature. */
  async function entriesOf(signed: SignedMessage) {
    const { entries, isWhole } = await lookUp(log, signed)
    const own = entries.find(({ hasSignature }) => hasSignature)
    if (own !== undefined) await prove(own.index, own.body)
    // Not found by a search that is behind says nothing.
    if (own === undefined && !isWhole) throw new Refusal("try-later", "the log's search is behind")
    return { own: own?.index, indexes: entries.map(({ index }) => index) }
  }

  async function give(recipient: Recipient, indexes: readonly number[], message: Uint8Array) {
    const given = await attempt(recipient.name, async () => {
      for (const index of indexes) await recipient.give(index, message)
      return true
    })
    return given === true
  }

  return {
    begin() {
      head = undefined
      silent = new Set()
    },
    async settle(signed, before) {
      const { form, message } = signed
      const id = signatureId(signed)
      const found = await attempt("log", () => entriesOf(signed))
      if (found === undefined) return before ?? { id, form, given: [], isAsked: false }
      const given = new Set(before?.given)
      for (const recipient of recipients) {
        if (message === undefined || given.has(recipient.name) || found.indexes.length === 0)
          continue
        if (await give(recipient, found.indexes, message)) given.add(recipient.name)
      }
      return { id, form, isAsked: true, given: [...given], ...present({ index: found.own }) }
    },
  }
}
