// What is wrong with a value that the contract does not describe, in words: from the errors of the validator, which
// was compiled with `verbose` and without `allErrors`.
import type { ErrorObject } from "ajv/dist/2020.js"
import { bug, refuse, shown } from "../../core/base/errors.ts"

/** The first thing that is wrong. */
export interface Mismatch {
  /** The keyword of JSON Schema that does not hold. */
  readonly keyword: string
  /** Where the value is in the whole, as a JSON Pointer (RFC 6901); empty for the whole. */
  readonly place: string
  /** What was expected and what was found. */
  readonly reason: string
  readonly found: unknown
  /** The member that is missing, or should not be there. */
  readonly member?: string
  /** Whether it is a kind that the contract does not name. */
  readonly isOtherKind: boolean
}

/** How a door refuses. */
export type RefuseMismatch = (mismatch: Mismatch) => never

/** The parameters of those keywords' errors that are explained here. */
interface ErrorParameters {
  readonly additionalProperty?: string
  readonly missingProperty?: string
  readonly type?: string | readonly string[]
  readonly limit?: number
  readonly allowedValues?: readonly unknown[]
  readonly allowedValue?: unknown
  readonly tag?: string
  readonly tagValue?: unknown
  readonly error?: "tag" | "mapping"
}

const typeNames: Readonly<Record<string, string>> = {
  array: "a list",
  boolean: "true or false",
  integer: "an integer",
  number: "a number",
  object: "an object",
  string: "a string",
}

function expectedType(type: string | readonly string[] = []): string {
  const types = [type].flat().filter((name) => name !== "null")
  return types.map((name) => typeNames[name] ?? name).join(" or ")
}

function foundText(value: unknown): string {
  if (value === null) return "null"
  if (typeof value === "object") return Array.isArray(value) ? "a list" : "an object"
  return shown(String(value))
}

/** The names in a list such as `[{ required: ["a"] }, { required: ["b"] }]`. */
function alternatives(schema: unknown): string {
  const branches = schema as readonly { readonly required?: readonly string[] }[]
  return branches.flatMap(({ required = [] }) => required).join(", ")
}

/** What the schema itself says that a text must be, where its pattern says it to nobody. */
function formOf({ parentSchema, schema }: ErrorObject): string {
  const stated: unknown = parentSchema?.["x-expected"]
  return typeof stated === "string" ? stated : `what fits ${String(schema)}`
}

function countOf(value: unknown): number {
  return typeof value === "string" || Array.isArray(value) ? value.length : 0
}

function reasonOf(error: ErrorObject, params: ErrorParameters): string {
  const { limit = 0, tag = "", tagValue } = params
  const found = foundText(error.data)
  switch (error.keyword) {
    case "additionalProperties":
      return `expected no member ${shown(params.additionalProperty ?? "")}, found it`
    case "required":
      return `expected a member ${shown(params.missingProperty ?? "")}, found none`
    case "oneOf":
      return `expected exactly one of ${alternatives(error.schema)}`
    case "discriminator":
      return typeof tagValue === "string"
        ? `expected a ${tag} that this log takes, found ${shown(tagValue)}`
        : `expected a text ${shown(tag)}, found none`
    case "type":
      return `expected ${expectedType(params.type)}, found ${found}`
    case "minimum":
      return `expected at least ${limit}, found ${found}`
    case "maximum":
      return `expected up to ${limit}, found ${found}`
    case "minLength":
      return `expected at least ${limit} characters, found ${countOf(error.data)}`
    case "maxLength":
      return `expected up to ${limit} characters, found ${countOf(error.data)}`
    case "minItems":
      return `expected at least ${limit} of them, found ${countOf(error.data)}`
    case "maxItems":
      return `expected up to ${limit} of them, found ${countOf(error.data)}`
    case "enum":
      return `expected one of ${(params.allowedValues ?? []).map(String).join(", ")}, found ${found}`
    case "const":
      return `expected ${String(params.allowedValue)}, found ${found}`
    default:
      return `expected ${formOf(error)}, found ${found}`
  }
}

/** The last error is the reason why validation stopped; those before it are inside of a `oneOf`. */
export function mismatchOf(errors: readonly ErrorObject[] | null | undefined): Mismatch {
  const error = errors?.at(-1) ?? bug("a validator failed without an error")
  const params: ErrorParameters = error.params
  const member = params.additionalProperty ?? params.missingProperty
  return {
    keyword: error.keyword,
    place: error.instancePath,
    reason: reasonOf(error, params),
    found: error.data,
    isOtherKind: error.keyword === "discriminator" && params.error === "mapping",
    ...(member !== undefined && { member }),
  }
}

const tooMany: ReadonlySet<string> = new Set(["maxItems", "maxLength"])

/** Refuses `too-large` for too many items, `unsupported` for an unknown kind, else `malformed`. */
export function refuseMismatch(what: string, mismatch: Mismatch, reason = mismatch.reason): never {
  const detail = `${what}${mismatch.place}: ${reason}`
  if (tooMany.has(mismatch.keyword)) refuse("too-large", detail)
  return refuse(mismatch.isOtherKind ? "unsupported" : "malformed", detail)
}
