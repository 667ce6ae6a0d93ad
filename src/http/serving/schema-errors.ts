// What a validator of JSON Schema found, as a refusal that says what was expected. Expects validators
// compiled with `verbose` and without `allErrors`.
import type { ErrorObject } from "ajv/dist/2020.js"
import { bug, refuse, shown } from "../../core/base/errors.ts"

/** The parameters of those keywords' errors that are explained here. */
interface ErrorParameters {
  readonly additionalProperty?: string
  readonly missingProperty?: string
  readonly tag?: string
  readonly tagValue?: unknown
  readonly error?: "tag" | "mapping"
}

/** The names in a list such as `[{ required: ["a"] }, { required: ["b"] }]`. */
function alternatives(schema: unknown): string {
  const branches = schema as readonly { readonly required?: readonly string[] }[]
  return branches.flatMap(({ required = [] }) => required).join(", ")
}

/** A value that is no object or list. */
function foundIn(data: unknown): string {
  return typeof data === "object" ? "" : `, found ${shown(String(data))}`
}

function explain(error: ErrorObject): string {
  const { additionalProperty = "", missingProperty = "", ...params }: ErrorParameters = error.params
  switch (error.keyword) {
    case "additionalProperties":
      return `expected no member ${shown(additionalProperty)}, found it`
    case "required":
      return `expected a member ${shown(missingProperty)}, found none`
    case "oneOf":
      return `expected exactly one of ${alternatives(error.schema)}`
    case "discriminator":
      return typeof params.tagValue === "string"
        ? `expected a ${params.tag} that this log takes, found ${shown(params.tagValue)}`
        : `expected a text ${shown(params.tag ?? "")}, found none`
    default:
      return `it ${error.message ?? "is not what the contract describes"}${foundIn(error.data)}`
  }
}

const tooMany: ReadonlySet<string> = new Set(["maxItems", "maxLength"])

/** Refuses `too-large` for too many items, `unsupported` for an unknown kind, else `malformed`. */
export function refuseBySchema(
  what: string,
  errors: readonly ErrorObject[] | null | undefined,
): never {
  // The last error is the reason why validation stopped; those before it are inside of a `oneOf`.
  const error = errors?.at(-1) ?? bug("a validator failed without an error")
  const detail = `${what}${error.instancePath}: ${explain(error)}`
  if (tooMany.has(error.keyword)) refuse("too-large", detail)
  const { error: reason }: ErrorParameters = error.params
  const isOtherKind = error.keyword === "discriminator" && reason === "mapping"
  return refuse(isOtherKind ? "unsupported" : "malformed", detail)
}
