// A server on loopback that keeps its port over restarts, because others know it by its URL.
import type { AddressInfo } from "node:net"
import { createServer } from "node:net"
import { type Running, type Surrounding, startServer } from "./process.ts"

export interface ServiceOptions extends Surrounding {
  /** The command; `address` is 127.0.0.1:PORT. */
  readonly words: (address: string) => readonly string[]
  /** A path that answers 200 once it serves; without one, any answer at all will do. */
  readonly probe?: string
}

export interface Service {
  /** Of its present or last process. */
  readonly written: () => string
  /** `http://127.0.0.1:PORT` */
  readonly url: string
  /** Resolves once it serves; it must not run yet. */
  start(): Promise<void>
  /** Does nothing if it does not run. */
  stop(): Promise<void>
}

const START_LIMIT_MS = 60_000

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

const isOk = ({ ok }: Response) => ok

/** Waits until `url` gives an answer that `isReady` takes, or the process has ended. */
export async function untilServing(
  url: string,
  { ended, written }: Running,
  isReady: (answer: Response) => boolean = isOk,
): Promise<void> {
  let hasEnded = false
  let cause: unknown
  const onEnd = (error?: unknown) => {
    hasEnded = true
    cause = error
  }
  ended.then(() => onEnd(), onEnd)
  for (const deadline = Date.now() + START_LIMIT_MS; Date.now() < deadline && !hasEnded; ) {
    const answer = await fetch(url).catch(() => undefined)
    await answer?.body?.cancel()
    if (answer !== undefined && isReady(answer)) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`nothing serves ${url}: ${written().slice(-600)}`, { cause })
}

/** The text of an answer that must be 2xx. */
export async function fetchText(url: string): Promise<string> {
  const answer = await fetch(url)
  if (answer.ok) return await answer.text()
  throw new Error(`${url}: expected 200, found ${answer.status}`)
}

/** Chooses a port; nothing runs yet. */
export async function openService({
  words,
  probe,
  ...surrounding
}: ServiceOptions): Promise<Service> {
  const address = `127.0.0.1:${await freePort()}`
  const url = `http://${address}`
  let running: Running | undefined
  return {
    url,
    written: () => running?.written() ?? "",
    async start() {
      running = startServer(words(address), surrounding)
      await untilServing(`${url}${probe ?? "/"}`, running, probe === undefined ? () => true : isOk)
    },
    stop: () => running?.stop() ?? Promise.resolve(),
  }
}
