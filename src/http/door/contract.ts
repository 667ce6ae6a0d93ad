// The contract, openapi.yaml, as code: its operations and paths, and compiled validators (JSON Schema
// 2020-12) of bodies and parameters. Validates what comes in; the tests validate what goes out.
import { readFileSync } from "node:fs"
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js"
import { parse } from "yaml"
import { bug, refuse, shown } from "../../core/base/errors.ts"
import { parseDecimal } from "../../core/base/text.ts"
import type { EntryRequest } from "../../entry/kinds/registry.ts"
import { refuseBySchema } from "../serving/schema-errors.ts"

/** The parameters of each operation, after validation. */
export interface OperationParameters {
  readonly addEntry: { readonly witnessed?: boolean }
  readonly addEntries: { readonly witnessed?: boolean }
  readonly searchEntries: {
    readonly digest?: string
    readonly key?: string
    readonly identity?: string
    readonly issuer?: string
    readonly subject?: string
    readonly subjectDigest?: string
    readonly payload?: string
    readonly predicateType?: string
    readonly kind?: string
    readonly order?: "oldest" | "newest"
    readonly after?: number
    readonly limit?: number
  }
  readonly getEntry: { readonly index: number }
  readonly getEntryProof: { readonly index: number; readonly size?: number }
  readonly getEntryBundle: { readonly index: number }
  readonly getEntryTlogProof: { readonly index: number }
  readonly getEntryAttestation: { readonly index: number }
  readonly getArtifact: {
    readonly digest: string
    readonly after?: number
    readonly limit?: number
  }
  readonly getTreeHead: object
  readonly getInclusionProof: {
    readonly leafHash?: string
    readonly index?: number
    readonly size?: number
  }
  readonly getConsistencyProof: { readonly from: number; readonly to?: number }
  readonly getTrustedRoot: object
  readonly getSigningConfig: object
  readonly getCheckpoint: object
  readonly getTile: object
  readonly getEntryTile: object
  readonly getLiveness: object
  readonly getReadiness: object
  readonly ping: object
  readonly getHealth: object
  readonly getContract: object
}

export type OperationId = keyof OperationParameters

export interface Operation {
  readonly id: OperationId
  /** `get` or `post`; GET includes HEAD. */
  readonly method: string
  /** With parameters in braces: `/v1/entries/{index}`. */
  readonly path: string
}

export interface Contract {
  /** The document as it is served. */
  readonly text: string
  readonly operations: readonly Operation[]
  /** Refuses `malformed` for a path or query parameter that the operation does not describe. */
  parameters<Id extends OperationId>(
    id: Id,
    path: Readonly<Record<string, string>>,
    query: string,
  ): OperationParameters[Id]
  /** Refuses `malformed`, `unsupported` for another kind, `too-large` for too many items. */
  entryRequest(value: unknown): EntryRequest
}

interface ParameterDocument {
  readonly name: string
  readonly in: "path" | "query"
  readonly required?: boolean
  readonly schema: object
}

interface OperationDocument {
  readonly operationId: OperationId
  readonly parameters?: readonly (ParameterDocument | { readonly $ref: string })[]
}

interface ContractDocument {
  readonly components: object
  readonly paths: Readonly<Record<string, Readonly<Record<string, OperationDocument>>>>
}

type Values = Record<string, string | number | boolean>
type TextValues = Record<string, string>
type ParameterReader = (path: Readonly<Record<string, string>>, query: string) => Values

/** Names in the document that its references begin with. */
const DOCUMENT = "openapi.yaml"

function follow(document: unknown, reference: string): unknown {
  let value = document
  for (const name of reference.split("/").slice(1)) {
    value = (value as Readonly<Record<string, unknown>>)[name] ?? bug(`${reference} leads nowhere`)
  }
  return value
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

function compileParameters(
  ajv: Ajv2020,
  document: unknown,
  parameters: readonly ParameterDocument[],
): ParameterReader {
  const validate = ajv.compile({
    type: "object",
    additionalProperties: false,
    required: parameters.filter((parameter) => parameter.required).map(({ name }) => name),
    properties: Object.fromEntries(
      parameters.map(({ name, schema }) => [
        name,
        isReference(schema) ? { $ref: `${DOCUMENT}${schema.$ref}` } : schema,
      ]),
    ),
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
      if (Object.hasOwn(given, name)) refuse("malformed", `query: expected no ${shown(name)}`)
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
    return validate(values) ? values : refuseBySchema("parameters", validate.errors)
  }
}

function readOperations(document: ContractDocument): readonly (Operation & OperationDocument)[] {
  return Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => {
      return { ...operation, id: operation.operationId, method, path }
    }),
  )
}

/** Reads openapi.yaml, which lies at the root of the package. Takes about 50 ms. */
export function loadContract(): Contract {
  const text = readFileSync(new URL("../../../openapi.yaml", import.meta.url), "utf8")
  const document: ContractDocument = parse(text)
  const ajv = new Ajv2020({ discriminator: true, verbose: true, validateFormats: false })
  ajv.addVocabulary(["components"])
  ajv.addSchema({ components: document.components }, DOCUMENT)
  const entryRequest: ValidateFunction<EntryRequest> = ajv.compile({
    $ref: `${DOCUMENT}#/components/schemas/EntryRequest`,
  })
  const operations = readOperations(document)
  const readers = new Map<OperationId, ParameterReader>()
  for (const { id, path, parameters = [] } of operations) {
    // Probes and tiles take no parameters in the query and read their paths themselves.
    if (!path.startsWith("/v1/")) continue
    const whole = parameters.map((parameter) =>
      isReference(parameter) ? follow(document, parameter.$ref) : parameter,
    )
    readers.set(id, compileParameters(ajv, document, whole as ParameterDocument[]))
  }
  return {
    text,
    operations: operations.map(({ id, method, path }) => ({ id, method, path })),
    parameters<Id extends OperationId>(
      id: Id,
      path: Readonly<Record<string, string>>,
      query: string,
    ): OperationParameters[Id] {
      // The interface above says by hand what the document says; test/http holds them together.
      return (readers.get(id)?.(path, query) ?? {}) as OperationParameters[Id]
    },
    entryRequest: (value) =>
      entryRequest(value) ? value : refuseBySchema("body", entryRequest.errors),
  }
}
