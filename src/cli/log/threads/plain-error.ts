// Errors on their way from one thread to another, where they would lose their class.
import { Refusal, type RefusalCode, Trouble, type TroubleCode } from "../../../core/base/errors.ts"

export interface PlainError {
  readonly kind: "refusal" | "trouble" | "bug"
  readonly code: string
  readonly message: string
}

export function toPlainError(error: unknown): PlainError {
  if (error instanceof Refusal) return { kind: "refusal", code: error.code, message: error.message }
  if (error instanceof Trouble) return { kind: "trouble", code: error.code, message: error.message }
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return { kind: "bug", code: "", message }
}

export function fromPlainError({ kind, code, message }: PlainError): Error {
  if (kind === "refusal") return new Refusal(code as RefusalCode, message)
  if (kind === "trouble") return new Trouble(code as TroubleCode, message)
  return new Error(message)
}
