// Which code a call was refused with; fails loudly if it was not refused.
import { Refusal, type RefusalCode } from "../../src/core/base/errors.ts"

export function refusalOf(call: () => unknown): Refusal {
  try {
    call()
  } catch (error) {
    if (error instanceof Refusal) return error
    throw error
  }
  throw new Error("expected a refusal, found none")
}

export function codeOf(call: () => unknown): RefusalCode {
  return refusalOf(call).code
}
