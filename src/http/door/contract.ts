// The contract, openapi.yaml, as code: its operations and paths, and compiled validators (JSON Schema
// 2020-12) of bodies and parameters. Validates what comes in; the tests validate what goes out. What type
// the parameters have is said once more by each handler.
import { readFileSync } from "node:fs"
import { Ajv2020, type ErrorObject, type ValidateFunction } from "ajv/dist/2020.js"
import { parse } from "yaml"
import { bug, refuse, shown } from "../../core/base/errors.ts"
import { parseDecimal } from "../../core/base/text.ts"
import { parseJsonBody } from "../serving/json-body.ts"
import type { PathValues, Route } from "../serving/route.ts"

export type Contract = ReturnType<typeof loadContract>

interface ParameterDocument {
  readonly name: string
  readonly in: "path" | "query"
  readonly required?: boolean
  readonly schema: object
}

interface OperationDocument {
  readonly operationId: string
  readonly parameters?: readonly (ParameterDocument | { readonly $ref: string })[]
  readonly requestBody?: {
    readonly content: Readonly<Record<string, { readonly schema: object } | undefined>>
  }
}

interface ContractDocument {
  readonly components: object
  readonly paths: Readonly<Record<string, Readonly<Record<string, OperationDocument>>>>
}

type Values = Record<string, string | number | boolean>
type TextValues = Record<string, string>
type ParameterReader = (path: PathValues, query: string) => Values

/** Names in the document that its references begin with. */
const DOCUMENT = "openapi.yaml"

function follow(document: unknown, reference: string): unknown {
  let value = document
  for (const name of reference.split("/").slice(1)) {
    value = (value as Readonly<Record<string, unknown>>)[name] ?? bug(`${reference} leads nowhere`)
  }
  return value
}

/** A schema of the document's as one of its own. */
function absolute(schema: object): object {
  return JSON.parse(JSON.stringify(schema).replaceAll('"#/', `"${DOCUMENT}#/`))
}

function isReference(value: object): value is { readonly $ref: string } {
  return "$ref" in value
}

function readQuery(query: string): TextValues {
  const values: TextValues = {}
  if (query === "") return values
  for (const [name, value] of new URLSearchParams(query)) {
    if (Object.hasOwn(values, name)) {
      refuse("malformed", `query: expected ${shown(name)} once, found it twice`)
    }
    Object.defineProperty(values, name, { value, enumerable: true, writable: true })
  }
  return values
}

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

/** Refuses what a validator compiled with `verbose` and without `allErrors` found: `too-large` for too many items, `unsupported` for an unknown kind, else `malformed`. */
function refuseBySchema(what: string, { errors }: ValidateFunction): never {
  // The last error is the reason why validation stopped; those before it are inside of a `oneOf`.
  const error = errors?.at(-1) ?? bug("a validator failed without an error")
  const detail = `${what}${error.instancePath}: ${explain(error)}`
  if (tooMany.has(error.keyword)) refuse("too-large", detail)
  const { error: reason }: ErrorParameters = error.params
  const isOtherKind = error.keyword === "discriminator" && reason === "mapping"
  return refuse(isOtherKind ? "unsupported" : "malformed", detail)
}

function compileParameters(
  ajv: Ajv2020,
  document: unknown,
  parameters: readonly ParameterDocument[],
): ParameterReader {
  const validate = ajv.compile({
    type: "object",
    additionalProperties: false,
    required: parameters.filter((parameter) => parameter.required).map(({ name }) => name),
    properties: Object.fromEntries(parameters.map(({ name, schema }) => [name, absolute(schema)])),
  })
  const ofType = (type: string) =>
    parameters.filter(({ schema }) => {
      const own = isReference(schema) ? follow(document, schema.$ref) : schema
      return (own as { readonly type?: string }).type === type
    })
  const integers = ofType("integer")
  const booleans = ofType("boolean")
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
    return validate(values) ? values : refuseBySchema("parameters", validate)
  }
}

/** Every operation with its method, in lower case, and its path with parameters in braces. */
function readOperations(document: ContractDocument) {
  return Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({
      ...operation,
      ...{ id: operation.operationId, method, path },
    })),
  )
}

/** Reads openapi.yaml, which lies at the root of the package. Takes about 50 ms. */
export function loadContract() {
  const text = readFileSync(new URL("../../../openapi.yaml", import.meta.url), "utf8")
  const document: ContractDocument = parse(text)
  const ajv = new Ajv2020({ discriminator: true, verbose: true, validateFormats: false })
  ajv.addVocabulary(["components"])
  ajv.addSchema({ components: document.components }, DOCUMENT)
  const operations = readOperations(document)
  const readers = new Map<string, ParameterReader>()
  for (const { id, path, parameters = [] } of operations) {
    // Probes and tiles take no parameters in the query and read their paths themselves.
    if (!path.startsWith("/v1/")) continue
    const whole = parameters.map((parameter) =>
      isReference(parameter) ? follow(document, parameter.$ref) : parameter,
    )
    readers.set(id, compileParameters(ajv, document, whole as ParameterDocument[]))
  }

  function bound(route: Route): Route {
    const { operation, method, path } = route
    const described = operations.find(({ id }) => id === operation)
    if (described?.path !== path || described.method !== method.toLowerCase()) {
      bug(`${DOCUMENT} does not describe ${operation} as ${method} ${path}`)
    }
    const read = readers.get(operation)
    return read === undefined ? route : { ...route, read }
  }

  return {
    /** The document as it is served. */
    text,
    operations,
    /**
     * The routes with readers for their parameters, which refuse `malformed` what the operation does not
     * describe. Throws for a route that the document has under another method or path, or not at all.
     */
    bind: (routes: readonly Route[]): readonly Route[] => routes.map(bound),
    /**
     * A reader of the JSON that an operation takes, whose type is what the document describes. Refuses as
     * {@link parseJsonBody} does, and `malformed`, `unsupported` for another kind, `too-large` for too many
     * items.
     */
    bodyReader<Body>(operation: string): (bytes: Buffer) => Body {
      const described = operations.find(({ id }) => id === operation)?.requestBody
      const schema = described?.content["application/json"]?.schema
      const validate: ValidateFunction = ajv.compile(
        absolute(schema ?? bug(`${DOCUMENT} describes no JSON that ${operation} takes`)),
      )
      return (bytes) => {
        const value = parseJsonBody(bytes)
        return validate(value) ? (value as Body) : refuseBySchema("body", validate)
      }
    },
  }
}
