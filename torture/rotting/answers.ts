// What a place answers, question by question: a text each, or why it is refused. Nothing but a refusal and trouble may
// come instead of an answer.
import { hash } from "node:crypto"

export type Answers = Map<string, string>

const REFUSED = "refused: "
export const RAW = "raw: "

export const isRefused = (answer: string): boolean => answer.startsWith(REFUSED)
export const isRaw = (answer: string): boolean => answer.startsWith(RAW)

function shown(value: unknown): string {
  const text = JSON.stringify(value, (_, each: unknown) => {
    if (each instanceof Uint8Array) return Buffer.from(each).toString("hex")
    return each instanceof Map ? [...each] : each
  })
  if (text === undefined) return "nothing"
  return text.length < 200 ? text : hash("sha256", text)
}

export function failure(reason: unknown): string {
  const isError = reason instanceof Error
  const isNamed = isError && ["Refusal", "Trouble", "StateRefused"].includes(reason.name)
  const text = isError ? `${reason.name}: ${reason.message}` : String(reason)
  if (isNamed) return `${REFUSED}${text}`
  return `${RAW}${text} ${isError ? (reason.stack?.split("\n")[1] ?? "").trim() : ""}`
}

export function createAsking() {
  const answers: Answers = new Map()
  return {
    answers,
    /** Puts a question; undefined where it was refused. */
    async ask<T>(question: string, work: () => T | Promise<T>): Promise<T | undefined> {
      try {
        const value = await work()
        answers.set(question, shown(value))
        return value
      } catch (reason) {
        answers.set(question, failure(reason))
        return undefined
      }
    },
  }
}

export type Asking = ReturnType<typeof createAsking>
