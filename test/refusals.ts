// What the tests expect of code that says no: a Refusal with its code, and never another error.
import { Refusal, type RefusalCode } from "../src/core/base/errors.ts"

/** Fails unless `action` throws a Refusal with this code. */
export function expectRefusal(code: RefusalCode, action: () => unknown): Refusal {
  const thrown = errorOf(action)
  // Plain comparisons, as exhaustive tests come here some hundred thousand times.
  if (thrown instanceof Refusal && thrown.code === code) return thrown
  throw new Error(`expected a refusal "${code}", but this was thrown: ${thrown}`, { cause: thrown })
}

/** Runs a parser that must be total; gives its value, or undefined for a Refusal. */
export function valueOrRefusal<T>(action: () => T): T | undefined {
  try {
    return action()
  } catch (error) {
    if (error instanceof Refusal) return undefined
    throw error
  }
}

function errorOf(action: () => unknown): unknown {
  try {
    action()
  } catch (error) {
    return error
  }
  throw new Error("expected a refusal, but nothing was refused")
}
