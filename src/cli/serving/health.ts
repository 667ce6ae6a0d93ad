// `countersign health`: asks a server of this package whether it is ready, for supervisors that know nothing but exit
// codes (HEALTHCHECK of a container, ExecStartPost= of a unit). It asks once, by a connection of its own: no proxy, no
// redirect, nothing asked again.
import { type IncomingMessage, type RequestOptions, request as requestHttp } from "node:http"
import { request as requestHttps } from "node:https"
import { parseBase } from "../../client/base-url.ts"
import { refuse, shown, Trouble } from "../../core/base/errors.ts"
import { readText } from "../command/file.ts"
import { caFileOption } from "../command/network.ts"
import { defineCommand, optional, parsed, type ValuesOf } from "../command/options.ts"
import type { Environment } from "../network/environment.ts"

const LONGEST_CA_FILE = 4 * 1024 * 1024
/** Bytes of an answer that are looked at. */
const LONGEST_ANSWER = 4_096
const TIMEOUT = 2_000
const DEFAULT_URL = "http://127.0.0.1:3000/"

const healthOptions = [
  parsed("--url <url>", "base URL of the server (default: http://127.0.0.1:3000)", (text: string) =>
    parseBase(text, "--url"),
  ),
  optional("--socket <path>", "the Unix socket where the server listens, instead of --url"),
  optional(
    "--server-name <name>",
    "the name in the server's certificate, if it is not the URL's host",
  ),
  caFileOption(),
] as const

type HealthOptions = ValuesOf<typeof healthOptions>

interface Answer {
  readonly status: number
  readonly text: string
}

export const healthCommand = defineCommand({
  options: healthOptions,
  help: `
Asks for /readyz and exits with 0 if the server is ready, with 1 if it is not or does not answer
within two seconds. A server that speaks TLS is asked by https:// and held against the authorities
of --ca-file, too.

Examples:
  countersign health
  countersign health --socket /run/countersign/log.sock
  countersign health --url https://127.0.0.1:3000 --server-name log.example.com --ca-file ca.pem`,
  async run(options, { terminal, output }) {
    const { url = DEFAULT_URL, socket } = options
    if (options.url !== undefined && socket !== undefined) {
      refuse("malformed", "expected --url or --socket, found both")
    }
    const where = socket === undefined ? `${url}readyz` : `unix:${socket}`
    const { status, text } = await ask(await requestOf(options, url, terminal.environment), where)
    if (status === 200) return output.result(text === "" ? "ready" : text, [], { status })
    throw new Trouble(
      "network",
      `${where}: expected that it is ready, found ${status} ${shown(text, 300)}`,
    )
  },
})

interface Request {
  readonly send: typeof requestHttp
  readonly url: string
  readonly options: RequestOptions
}

/** Only who is asked over TLS pays for the code that reads authorities. */
async function requestOf(
  { socket, caFile, serverName }: HealthOptions,
  url: string,
  environment: Environment = {},
): Promise<Request> {
  const options: RequestOptions = { agent: false, headers: { connection: "close" } }
  if (socket !== undefined) {
    return {
      send: requestHttp,
      url: "http://localhost/readyz",
      options: { ...options, socketPath: socket },
    }
  }
  const target = `${url}readyz`
  if (!url.startsWith("https:")) return { send: requestHttp, url: target, options }
  const { allAuthorities, parseAuthorities } = await import("../network/authorities.ts")
  const named =
    caFile === undefined
      ? []
      : parseAuthorities(await readText(caFile, "certificates", LONGEST_CA_FILE), caFile)
  const tls = {
    secureContext: allAuthorities(environment, named),
    ...(serverName !== undefined && { servername: serverName }),
  }
  return { send: requestHttps, url: target, options: { ...options, ...tls } }
}

async function firstBytes(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    length += chunk.length
    if (length >= LONGEST_ANSWER) break
  }
  return Buffer.concat(chunks).toString("utf8", 0, LONGEST_ANSWER).trim()
}

/** Throws trouble ("network"), also where it takes longer than two seconds in all. */
async function ask({ send, url, options }: Request, where: string): Promise<Answer> {
  const signal = AbortSignal.timeout(TIMEOUT)
  try {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      send(url, { ...options, signal }, resolve)
        .once("error", reject)
        .end()
    })
    return { status: response.statusCode ?? 0, text: await firstBytes(response) }
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    const why = signal.aborted ? `no answer within ${TIMEOUT / 1000} seconds` : reason
    throw new Trouble("network", `${where}: expected an answer, found ${why}`, { cause })
  }
}
