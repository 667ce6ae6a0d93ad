// What every reading over the platform's fetch keeps: base URLs of one form, answers of bounded length in
// bounded time, and why there was none.
import { concat } from "../core/base/bytes.ts"
import { refuse, shown } from "../core/base/errors.ts"

/** The URL with a final slash; refuses `malformed`, naming `what`, for anything but http(s). */
export function parseBase(url: string, what: string): string {
  const base = URL.canParse(url) ? new URL(url) : undefined
  const isHttp = base?.protocol === "http:" || base?.protocol === "https:"
  if (base === undefined || !isHttp || base.username !== "" || base.search + base.hash !== "") {
    return refuse(
      "malformed",
      `${what}: expected http(s)://HOST[:PORT][/PATH], found ${shown(url)}`,
    )
  }
  return base.href.endsWith("/") ? base.href : `${base.href}/`
}

/** The body of an answer; refuses `too-large`, naming `what`, and reads no further. */
export async function readBounded(
  response: Response,
  longest: number,
  what: string,
): Promise<Uint8Array> {
  const reader = response.body?.getReader()
  if (reader === undefined) return new Uint8Array(0)
  const chunks: Uint8Array[] = []
  let length = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return concat(...chunks)
    length += value.length
    if (length > longest) {
      await reader.cancel()
      refuse("too-large", `${what}: expected up to ${longest} bytes, found more`)
    }
    chunks.push(value)
  }
}

/** Fires when `timeout` milliseconds are over, or `signal` fires. */
export function boundedBy(timeout: number, signal: AbortSignal | undefined): AbortSignal {
  const clock = AbortSignal.timeout(timeout)
  return signal === undefined ? clock : AbortSignal.any([signal, clock])
}

/** fetch hides what happened ("fetch failed") behind the cause. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? error.cause.message : error.message
}
