// The contract, openapi.yaml, as code: its operations and paths, and compiled validators (JSON Schema
// 2020-12) of bodies and parameters. Validates what comes in; the tests validate what goes out. What type
// the parameters have is said once more by each handler.
import { existsSync, readFileSync } from "node:fs"
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js"
import { parse } from "yaml"
import { bug } from "../../core/base/errors.ts"
import { parseJsonBody } from "../serving/json-body.ts"
import type { Route } from "../serving/route.ts"
import { mismatchOf, type RefuseMismatch, refuseMismatch } from "./mismatch.ts"
import {
  type Parameter,
  type ParameterReader,
  type ParameterSchema,
  parameterReader,
} from "./parameters.ts"

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

/** Names in the document that its references begin with. */
const DOCUMENT = "openapi.yaml"

const methods: ReadonlySet<string> = new Set(["get", "post"])

/** As Rekor v1 does: only that somebody is at some place. */
const EMAIL = /^[^\s@]+@[^\s@]+$/

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

/** Every operation with its method, in lower case, and its path with parameters in braces. */
function readOperations(document: ContractDocument) {
  const followed = (value: object) => (isReference(value) ? follow(document, value.$ref) : value)
  const parameterOf = (described: object): Parameter => {
    const { name, in: place, required = false, schema } = followed(described) as ParameterDocument
    return { name, in: place, required, schema: followed(schema) as ParameterSchema }
  }
  return Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item)
      .filter(([method]) => methods.has(method))
      .map(([method, { operationId: id, parameters = [], requestBody }]) => {
        return { id, method, path, requestBody, parameters: parameters.map(parameterOf) }
      }),
  )
}

type Operation = ReturnType<typeof readOperations>[number]

function createValidator({ components }: ContractDocument): Ajv2020 {
  const ajv = new Ajv2020({
    ...{ discriminator: true, verbose: true, allowUnionTypes: true },
    formats: { email: EMAIL, int64: true },
  })
  ajv.addVocabulary(["components", "x-expected"])
  ajv.addSchema({ components }, DOCUMENT)
  return ajv
}

function compileParameters(ajv: Ajv2020, { parameters }: Operation): ParameterReader {
  const validate = ajv.compile({
    type: "object",
    additionalProperties: false,
    required: parameters.filter(({ required }) => required).map(({ name }) => name),
    properties: Object.fromEntries(parameters.map(({ name, schema }) => [name, absolute(schema)])),
  })
  return parameterReader(parameters, validate)
}

/** Where no protocol says that parameters which are not described are passed over. */
function isStrict({ path, parameters }: Operation): boolean {
  return path.startsWith("/v1/") || parameters.some((parameter) => parameter.in === "query")
}

/**
 * openapi.yaml, which lies at the root of the package; as JSON if a build has put it beside this file, since reading
 * the YAML takes longer than all else here.
 */
function readDocument(): ContractDocument {
  const built = new URL("openapi.json", import.meta.url)
  if (existsSync(built)) return JSON.parse(readFileSync(built, "utf8"))
  const written = readFileSync(new URL("../../../openapi.yaml", import.meta.url), "utf8")
  // Places of errors would double the time; the build and the tests parse the document strictly.
  return parse(written, { prettyErrors: false })
}

/** Reads the document and compiles what it says of requests. Takes about 50 ms. */
export function loadContract() {
  const document = readDocument()
  const ajv = createValidator(document)
  const operations = readOperations(document)

  function bound(
    route: Route,
    read?: (parameters: readonly Parameter[]) => ParameterReader,
  ): Route {
    const { operation, method, path } = route
    const described = operations.find(({ id }) => id === operation)
    if (described?.path !== path || described.method !== method.toLowerCase()) {
      return bug(`${DOCUMENT} does not describe ${operation} as ${method} ${path}`)
    }
    if (read !== undefined) {
      const { parameters } = described
      return parameters.length === 0 ? route : { ...route, read: read(parameters) }
    }
    return isStrict(described) ? { ...route, read: compileParameters(ajv, described) } : route
  }

  return {
    operations,
    /**
     * The routes with readers for their parameters, which refuse `malformed` what the operation does not
     * describe; `read` makes those of a protocol that reads otherwise. Throws for a route that the document has
     * under another method or path, or not at all.
     */
    bind: (
      routes: readonly Route[],
      read?: (parameters: readonly Parameter[]) => ParameterReader,
    ): readonly Route[] => routes.map((route) => bound(route, read)),
    /**
     * A reader of the JSON that an operation takes, whose type is what the document describes. Refuses as
     * {@link parseJsonBody} does, and what is not described as `refuseBy` says; by default `malformed`,
     * `unsupported` for another kind, `too-large` for too many items.
     */
    bodyReader<Body>(
      operation: string,
      refuseBy: RefuseMismatch = (mismatch) => refuseMismatch("body", mismatch),
    ): (bytes: Buffer) => Body {
      const described = operations.find(({ id }) => id === operation)?.requestBody
      const schema = described?.content["application/json"]?.schema
      const validate: ValidateFunction = ajv.compile(
        absolute(schema ?? bug(`${DOCUMENT} describes no JSON that ${operation} takes`)),
      )
      return (bytes) => {
        const value = parseJsonBody(bytes)
        return validate(value) ? (value as Body) : refuseBy(mismatchOf(validate.errors))
      }
    },
  }
}
