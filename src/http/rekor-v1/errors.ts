// Errors of the Rekor v1 API: `{"code","message"}`, where `code` is the HTTP status or, for what does not
// fit the schema, one of the numbers that go-openapi has for that.
import { Refusal, type RefusalCode } from "../../core/base/errors.ts"
import { type Answer, jsonAnswer } from "../serving/answer.ts"
import { type Problem, refusalHeaders } from "../serving/problem.ts"

/** go-openapi's numbers for what is wrong with a value; all are answered with status 422. */
const schemaCode = {
  type: 601,
  required: 602,
  tooLong: 603,
  tooShort: 604,
  pattern: 605,
  enumeration: 606,
  minimum: 609,
  other: 422,
} as const

export type SchemaFault = keyof typeof schemaCode

/** A refusal whose status the API prescribes. */
export class RekorV1Refusal extends Refusal {
  readonly status: number
  readonly rekorCode: number
  constructor(status: number, rekorCode: number, message: string) {
    super("malformed", message)
    this.status = status
    this.rekorCode = rekorCode
  }
}

/** Answers 400 with this message. */
export function refuseRequest(message: string): never {
  throw new RekorV1Refusal(400, 400, message)
}

/** Answers 422 with this message. */
export function refuseSchema(fault: SchemaFault, message: string): never {
  throw new RekorV1Refusal(422, schemaCode[fault], message)
}

export function errorAnswer(status: number, message: string, code = status): Answer {
  return jsonAnswer(status, { code, message }, refusalHeaders(status))
}

/** Where the API has others than {@link Problem}: what is wrong with an entry is 400. */
const statuses: ReadonlyMap<number, number> = new Map([
  [422, 400],
  [408, 400],
])

export function refusalAnswer({ detail, status }: Problem, error: unknown): Answer {
  if (error instanceof RekorV1Refusal) return errorAnswer(error.status, detail, error.rekorCode)
  return errorAnswer(statuses.get(status) ?? status, detail)
}

/** What says something about the moment or who may write, not about the entry. */
const others: readonly RefusalCode[] = ["try-later", "rate-limited", "not-allowed"]

/** Throws what was thrown at an entry as the API refuses it: with 400 and the reason. */
function refuseEntry(error: unknown): never {
  if (!(error instanceof Refusal) || others.includes(error.code)) throw error
  return refuseRequest(`error processing entry: ${error.message}`)
}

/** As {@link processing}, at once. */
export function refusing<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    return refuseEntry(error)
  }
}

/** Lets `work` refuse an entry as the API does: with 400 and the reason. */
export async function processing<T>(work: () => T | Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    return refuseEntry(error)
  }
}
