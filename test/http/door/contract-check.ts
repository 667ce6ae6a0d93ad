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

interface DescribedServer {
  readonly url: string
}

interface DescribedOperation {
  readonly operationId: string
  readonly summary?: string
  readonly tags?: readonly string[]
  readonly deprecated?: boolean
  readonly servers?: readonly DescribedServer[]
  readonly parameters?: readonly object[]
  readonly requestBody?: Described
  readonly responses: Readonly<Record<string, Described>>
}

/** What is at a path. */
interface PathItem {
  readonly servers?: readonly DescribedServer[]
  readonly get?: DescribedOperation
  readonly post?: DescribedOperation
}

interface DescribedSchema {
  readonly examples?: readonly unknown[]
  readonly properties?: Readonly<Record<string, { readonly deprecated?: boolean }>>
}

export interface Document {
  readonly servers: readonly DescribedServer[]
  readonly paths: Readonly<Record<string, PathItem>>
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
ajv.addVocabulary(["components", "x-expected"])
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

/** The servers of Countersign, each with its own paths, by the addresses that the document gives them. */
const addresses = {
  log: "http://127.0.0.1:3000",
  witness: "http://127.0.0.1:3002",
  monitor: "http://127.0.0.1:3003",
} as const

export type ServerName = keyof typeof addresses

const serversAt = new Map<number, ServerName>()

/** Says which server listens on a port from now on; unless it is said, it is a log. */
export function notePort(port: number, server: ServerName): void {
  serversAt.set(port, server)
}

export const serverNames = Object.keys(addresses) as readonly ServerName[]

interface Operation extends DescribedOperation {
  readonly method: "get" | "post"
  readonly path: string
  readonly servers: readonly DescribedServer[]
}

/** Every operation with the servers that have it. */
export const operations: readonly Operation[] = Object.entries(document.paths).flatMap(
  ([path, item]) =>
    (["get", "post"] as const).flatMap((method) => {
      const described = item[method]
      if (described === undefined) return []
      const servers = described.servers ?? item.servers ?? document.servers
      return { ...described, method, path, servers }
    }),
)

export function operationsOf(server: ServerName): readonly Operation[] {
  return operations.filter(({ servers }) => servers.some(({ url }) => url === addresses[server]))
}

interface Template {
  readonly pattern: RegExp
  readonly path: string
  readonly operations: readonly Operation[]
}

function templatesOf(server: ServerName): readonly Template[] {
  const own = operationsOf(server)
  return (
    [...new Set(own.map(({ path }) => path))]
      // Templates with fewer parameters go first: /tile/entries/{index} before /tile/{level}/{index}.
      .toSorted((a, b) => a.split("{").length - b.split("{").length)
      .map((path) => {
        const rest = path.startsWith("/tile/") ? ".+" : "[^/]+"
        const pattern = path.replaceAll(/[.]/g, "\\.").replaceAll(/\{\w+\}/g, rest)
        const at = own.filter((operation) => operation.path === path)
        return { path, pattern: new RegExp(`^${pattern}$`), operations: at }
      })
  )
}

const templates: Readonly<Record<ServerName, readonly Template[]>> = {
  log: templatesOf("log"),
  witness: templatesOf("witness"),
  monitor: templatesOf("monitor"),
}

/** As the log takes it: the base of Rekor's clients may end in a slash, their paths may, too. */
function plainPath(url: string, server: ServerName): string {
  const path = url.replace(/^https?:\/\/[^/?#]*/i, "").split("?")[0] ?? ""
  if (server !== "log") return path
  return path
    .replace(/^\/(?=\/api\/)/, "")
    .replace(/^\/api\/v2(?=\/tile\/|\/checkpoint$)/, "")
    .replace(/^(\/api\/v[12]\/.*[^/])\/$/, "$1")
}

/** The template of a log's path; with `method` rather one that has it. */
function templateAt(server: ServerName, path: string, method: string): Template | undefined {
  const fitting = templates[server].filter(({ pattern }) => pattern.test(path))
  return fitting.find((each) => each.operations.some((one) => one.method === method)) ?? fitting[0]
}

/** The template of the document that a path of a log follows. */
export function templateOf(path: string): string | undefined {
  return templateAt("log", path, "")?.path
}

const inWords = (mediaType: string, name: string): Described => ({
  content: { [mediaType]: { schema: { $ref: `#/components/schemas/${name}` } } },
})

const plainWords = inWords("text/plain", "PlainProblem")
const rekorV1Words = inWords("application/json", "RekorV1Error")
const rekorV2Words = inWords("application/json", "RekorV2Error")

/** How a path that the document does not have is refused. */
function wordsFor(server: ServerName, path: string): Described {
  const { responses } = document.components
  if (server !== "log" || path.startsWith("/tile/") || path === "/checkpoint") return plainWords
  if (path.startsWith("/api/v1/")) return rekorV1Words
  return path.startsWith("/api/v2/") ? rekorV2Words : responses.NotFound
}

function undescribed(server: ServerName, path: string, status: number, isPath: boolean) {
  const words = wordsFor(server, path)
  const isNowhere = words === rekorV2Words || !isPath
  const expected = isNowhere ? [400, 404] : [405]
  if (!expected.includes(status)) return `not described: expected ${expected}, found ${status}`
  const { headers = {} } = document.components.responses.WrongMethod
  return isNowhere ? words : { ...words, headers }
}

interface Asked {
  readonly operation: Operation | undefined
  readonly path: string
  /** Whether the path has any operation. */
  readonly isPath: boolean
}

function operationAt(server: ServerName, method: string, url: string): Asked {
  const path = plainPath(url, server)
  const read = method === "HEAD" ? "get" : method.toLowerCase()
  const template = templateAt(server, path, read)
  const operation = template?.operations.find((each) => each.method === read)
  return { operation, path, isPath: template !== undefined }
}

function describedResponse(server: ServerName, method: string, url: string, status: number) {
  const { operation, path, isPath } = operationAt(server, method, url)
  if (operation === undefined) return undescribed(server, path, status, isPath)
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
export function assertDescribed(port: number, method: string, url: string, reply: Reply): void {
  if (method === "OPTIONS") return
  const server = serversAt.get(port) ?? "log"
  const described = describedResponse(server, method, url, reply.status)
  const wrong =
    typeof described === "string"
      ? described
      : (headerMismatch(described, reply) ?? bodyMismatch(described, reply, method === "HEAD"))
  if (wrong !== undefined) {
    throw new Error(`${method} ${url} -> ${reply.status}: ${wrong}: ${reply.text().slice(0, 300)}`)
  }
}

/** Throws if a server took a body that the document does not describe. */
export function assertTaken(port: number, method: string, url: string, body: Buffer): void {
  const { operation } = operationAt(serversAt.get(port) ?? "log", method, url)
  const [[type, media] = []] = Object.entries(operation?.requestBody?.content ?? {})
  if (media?.schema === undefined) return
  const text = body.toString("utf8")
  const wrong = mismatch(media.schema, type === "application/json" ? JSON.parse(text) : text)
  if (wrong !== undefined) throw new Error(`${method} ${url} took ${text.slice(0, 300)}: ${wrong}`)
}
