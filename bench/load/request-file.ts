// HTTP requests made beforehand, in files: each after its length as a little-endian u32. They are made in
// one process and sent by another, which must not spend its time on making them.
import { readFileSync, writeFileSync } from "node:fs"

const LENGTH_BYTES = 4

export function getRequest(path: string): Buffer {
  return Buffer.from(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
}

export function postRequest(path: string, mediaType: string, body: string): Buffer {
  const head =
    `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${mediaType}\r\n` +
    `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n`
  return Buffer.from(head + body)
}

export function writeRequests(path: string, requests: readonly Buffer[]): void {
  const parts = requests.flatMap((request) => {
    const length = Buffer.alloc(LENGTH_BYTES)
    length.writeUInt32LE(request.length)
    return [length, request]
  })
  writeFileSync(path, Buffer.concat(parts))
}

/**
 * Gives the requests of the files one after the other; undefined after the last one, or with `again` the
 * first one once more.
 */
export function readRequests(paths: readonly string[], again: boolean): () => Buffer | undefined {
  const bytes = Buffer.concat(paths.map((path) => readFileSync(path)))
  let at = 0
  return () => {
    if (at === bytes.length) {
      if (!again) return undefined
      at = 0
    }
    const start = at + LENGTH_BYTES
    at = start + bytes.readUInt32LE(at)
    return bytes.subarray(start, at)
  }
}
