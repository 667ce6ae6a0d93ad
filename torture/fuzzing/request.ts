// A request as it goes over the wire, in pieces that can be damaged one by one.

export interface FuzzRequest {
  readonly method: string
  readonly path: string
  readonly headers: readonly (readonly [string, string])[]
  readonly body: Uint8Array
}

export function request(
  method: string,
  path: string,
  body: string | Uint8Array = "",
  type?: string,
): FuzzRequest {
  const bytes = typeof body === "string" ? Buffer.from(body) : body
  const about = method === "GET" ? [] : [["content-length", String(bytes.length)] as const]
  const typed = type === undefined ? [] : [["content-type", type] as const]
  return { method, path, headers: [["host", "localhost"], ...typed, ...about], body: bytes }
}

/** With the length that its body has now: the damage is in what it says, not in how it is framed. */
export function reframed({ headers, ...rest }: FuzzRequest): FuzzRequest {
  const length = String(rest.body.length)
  return {
    ...rest,
    headers: headers.map(([name, value]) =>
      name === "content-length" ? ([name, length] as const) : ([name, value] as const),
    ),
  }
}

export function bytesOf({ method, path, headers, body }: FuzzRequest): Buffer {
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join("")
  return Buffer.concat([Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines}\r\n`, "latin1"), body])
}
