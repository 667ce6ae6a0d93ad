// Holds answers against openapi.yaml: status, media type, headers and body must be what it describes.
// Reads the document itself, apart from src/http/contract.ts.
import { readFileSync } from "node:fs"
import type { IncomingHttpHeaders } from "node:http"
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js"
import * as formats from "ajv-formats"
import { parse } from "yaml"

export interface Reply {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly bytes: Buffer
  text(): string
  json(): unknown
}

interface Described {
  readonly $ref?: string
  readonly required?: boolean
  readonly schema?: object
  readonly headers?: Readonly<Record<string, Described>>
  readonly content?: Readonly<
    Record<string, { readonly schema?: object; readonly example?: unknown }>
  >
}

interface DescribedOperation {
  readonly operationId: string
  readonly deprecated?: boolean
  readonly responses: Readonly<Record<string, Described>>
}

interface DescribedSchema {
  readonly examples?: readonly unknown[]
  readonly properties?: Readonly<Record<string, { readonly deprecated?: boolean }>>
}

export interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, DescribedOperation>>>>
  readonly components: {
    readonly schemas: Readonly<
      Record<"Problem" | "BatchLine" | "Receipt" | "hashedrekord" | "Health", DescribedSchema>
    >
    readonly responses: Readonly<
      Record<"WrongMethod" | "NotFound" | "Malformed" | "PlainMalformed", Described>
    >
  }
}

export const document: Document = parse(
  readFileSync(new URL("../../../openapi.yaml", import.meta.url), "utf8"),
)

const ajv = new Ajv2020({ discriminator: true, strictTypes: false })
formats.default.default(ajv)
ajv.addVocabulary(["components"])
ajv.addSchema({ components: document.components }, "openapi.yaml")

const validators = new Map<object, ValidateFunction>()

/** Undefined if the value fits the schema, else why it does not. */
export function mismatch(schema: object, value: unknown): string | undefined {
  const text = JSON.stringify(schema).replaceAll('"#/components', '"openapi.yaml#/components')
  const validate = validators.get(schema) ?? ajv.compile(JSON.parse(text))
  validators.set(schema, validate)
  return validate(value) ? undefined : ajv.errorsText(validate.errors)
}

function resolved(described: Described): Described {
  if (described.$ref === undefined) return described
  let value: unknown = document
  for (const name of described.$ref.split("/").slice(1)) {
    value = (value as Readonly<Record<string, unknown>>)[name]
  }
  return value as Described
}

const templates = Object.keys(document.paths)
  // Templates with fewer parameters go first: /tile/entries/{index} before /tile/{level}/{index}.
  .toSorted((a, b) => a.split("{").length - b.split("{").length)
  .map((path) => {
    const rest = path.startsWith("/tile/") ? ".+" : "[^/]+"
    const pattern = path.replaceAll(/[.]/g, "\\.").replaceAll(/\{\w+\}/g, rest)
    return { path, pattern: new RegExp(`^${pattern}$`) }
  })

/** The template of the document that a path follows. */
export function templateOf(path: string): string | undefined {
  return templates.find(({ pattern }) => pattern.test(path))?.path
}

function describedResponse(method: string, url: string, status: number): Described | string {
  const path = url.split("?")[0] ?? ""
  const { responses } = document.components
  const template = templateOf(path)
  if (template === undefined) {
    if (path.startsWith("/tile/")) return responses.PlainMalformed
    if (status === 400) return responses.Malformed
    return status === 404 ? responses.NotFound : `unknown path: expected 404, found ${status}`
  }
  const item = document.paths[template]
  const operation = item?.[method === "HEAD" ? "get" : method.toLowerCase()]
  if (operation === undefined) {
    if (status !== 405) return `the method is not described, expected 405, found ${status}`
    return path.startsWith("/tile/") || path === "/checkpoint"
      ? { headers: responses.WrongMethod.headers ?? {}, content: { "text/plain": {} } }
      : responses.WrongMethod
  }
  const response = operation.responses[String(status)]
  return response === undefined ? `status ${status} is not described` : resolved(response)
}

function headerMismatch(described: Described, reply: Reply): string | undefined {
  for (const [name, header] of Object.entries(described.headers ?? {})) {
    const { required, schema } = resolved(header)
    const value = reply.headers[name.toLowerCase()]
    if (value === undefined && required === true) return `header ${name} is missing`
    const wrong = value === undefined || schema === undefined ? undefined : mismatch(schema, value)
    if (wrong !== undefined) return `header ${name}: ${wrong}`
  }
  return undefined
}

function bodyMismatch(described: Described, reply: Reply, isHead: boolean): string | undefined {
  if (described.content === undefined) {
    return reply.bytes.length === 0 ? undefined : "expected no body"
  }
  const type = (reply.headers["content-type"] ?? "").split(";")[0] ?? ""
  const media = described.content[type]
  if (media === undefined) return `media type ${type} is not described`
  if (isHead) return reply.bytes.length === 0 ? undefined : "expected no body for HEAD"
  if (media.schema === undefined || type === "application/octet-stream") return undefined
  return mismatch(
    media.schema,
    type.endsWith("json") && !type.endsWith("ndjson") ? reply.json() : reply.text(),
  )
}

/** Throws unless the document describes this answer to this request. */
export function assertDescribed(method: string, url: string, reply: Reply): void {
  if (method === "OPTIONS") return
  const described = describedResponse(method, url, reply.status)
  const wrong =
    typeof described === "string"
      ? described
      : (headerMismatch(described, reply) ?? bodyMismatch(described, reply, method === "HEAD"))
  if (wrong !== undefined) {
    throw new Error(`${method} ${url} -> ${reply.status}: ${wrong}: ${reply.text().slice(0, 300)}`)
  }
}
