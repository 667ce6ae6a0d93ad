// The parameters of an operation, of path and query together, as the contract describes them: each at most once,
// none that is not described, numbers and truth values as such. For doors whose protocol does not say otherwise.
import type { ValidateFunction } from "ajv/dist/2020.js"
import { refuse, shown } from "../../core/base/errors.ts"
import { parseDecimal } from "../../core/base/text.ts"
import type { PathValues } from "../serving/route.ts"
import { type Mismatch, mismatchOf, refuseMismatch } from "./mismatch.ts"

/** The schema of one parameter, with its references followed. */
export interface ParameterSchema {
  readonly type?: string
  readonly minimum?: number
  readonly pattern?: string
  readonly "x-expected"?: string
}

/** A parameter as the contract describes it. */
export interface Parameter {
  readonly name: string
  readonly in: "path" | "query"
  readonly required: boolean
  readonly schema: ParameterSchema
}

export type ParameterReader = (path: PathValues, query: string) => object

type Values = Record<string, string | number | boolean>

function readQuery(query: string): Record<string, string> {
  const values: Record<string, string> = {}
  if (query === "") return values
  for (const [name, value] of new URLSearchParams(query)) {
    if (Object.hasOwn(values, name)) {
      refuse("malformed", `query: expected ${shown(name)} once, found it twice`)
    }
    Object.defineProperty(values, name, { value, enumerable: true, writable: true })
  }
  return values
}

function refuseParameters(names: string, mismatch: Mismatch): never {
  const { keyword, member = "" } = mismatch
  if (keyword === "required") {
    refuse("malformed", `query: expected ${member}=…, found no such parameter`)
  }
  if (keyword !== "additionalProperties") return refuseMismatch("parameters", mismatch)
  const others = names === "" ? "no parameters" : `none but ${names}`
  return refuse("malformed", `query: expected ${others}, found ${shown(member)}`)
}

/** `validate` holds for an object of all the parameters' values. */
export function parameterReader(
  parameters: readonly Parameter[],
  validate: ValidateFunction,
): ParameterReader {
  const ofType = (type: string) => parameters.filter(({ schema }) => schema.type === type)
  const integers = ofType("integer")
  const booleans = ofType("boolean")
  const names = parameters.filter((each) => each.in === "query").map(({ name }) => name)
  return (path, query) => {
    const given = readQuery(query)
    for (const name of Object.keys(path)) {
      if (Object.hasOwn(given, name))
        refuse("malformed", `query: expected no ${shown(name)}, which stands in the path; found it`)
    }
    const values: Values = Object.assign(given, path)
    for (const { name } of integers) {
      const text = values[name]
      if (typeof text === "string") values[name] = parseDecimal(text, name)
    }
    for (const { name } of booleans) {
      const text = values[name]
      if (text === "true" || text === "false") values[name] = text === "true"
    }
    return validate(values)
      ? values
      : refuseParameters(names.join(", "), mismatchOf(validate.errors))
  }
}
