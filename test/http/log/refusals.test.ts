import { gzipSync } from "node:zlib"
import { describe, expect, test } from "vitest"
import { ask, submit, submitBatch } from "../client.ts"
import { signedRequest } from "../served-log.ts"
import { unchangedLog } from "./unchanged-log.ts"

const good = signedRequest("artifact")
const text = JSON.stringify(good)
const envelope = {
  kind: "dsse",
  envelope: { payload: "e30=", payloadType: "text/plain", signatures: [{ sig: "AAAA" }] },
  verifiers: [{ publicKey: good.publicKey }],
}
const utf16 = Buffer.from(text, "utf16le")

/** The submission with one more member, as text. */
const plus = (member: string): string => `${text.slice(0, -1)},${member}}`

const bodies: readonly [
  name: string,
  body: string | Uint8Array | object,
  status: number,
  code: string,
][] = [
  ["nothing", "", 400, "malformed"],
  ["white space", " \n", 400, "malformed"],
  ["half of it", text.slice(0, 100), 400, "malformed"],
  ["it twice", text + text, 400, "malformed"],
  ["a byte order mark", `\ufeff${text}`, 400, "malformed"],
  ["UTF-16", utf16, 400, "malformed"],
  ["a NUL after it", `${text}\0`, 400, "malformed"],
  [
    "invalid UTF-8",
    Buffer.from(text.replace("hashedrekord", "\u00ff"), "latin1"),
    400,
    "malformed",
  ],
  ["a list", [good], 400, "malformed"],
  ["null", "null", 400, "malformed"],
  ["a number", "1e400", 400, "malformed"],
  ["a text", '"hashedrekord"', 400, "malformed"],
  ["an empty object", {}, 400, "malformed"],
  ["an unknown member", plus('"x":1'), 400, "malformed"],
  ["an unknown member 1e400", plus('"size":1e400'), 400, "malformed"],
  ["an unknown member -0", plus('"size":-0'), 400, "malformed"],
  ["an unknown member 2^53+1", plus('"size":9007199254740993'), 400, "malformed"],
  ["an unknown member 2^64-1", plus('"size":18446744073709551615'), 400, "malformed"],
  ["__proto__", plus('"__proto__":{"kind":"dsse"}'), 400, "malformed"],
  ["constructor", plus('"constructor":{"prototype":{}}'), 400, "malformed"],
  ["toString", plus('"toString":1'), 400, "malformed"],
  ["a member twice", plus('"kind":"hashedrekord"'), 400, "malformed"],
  ["a member twice, escaped", plus('"\\u006bind":"hashedrekord"'), 400, "malformed"],
  ["a lone surrogate", { ...good, signature: "\ud800" }, 400, "malformed"],
  ["8,000 levels", plus(`"x":${"[".repeat(8_000)}${"]".repeat(8_000)}`), 400, "malformed"],
  [
    "300 members",
    plus(Array.from({ length: 300 }, (_, i) => `"x${i}":0`).join(",")),
    400,
    "malformed",
  ],
  ["another kind", { ...good, kind: "rpm" }, 422, "unsupported"],
  ["the kind of an object's nature", { ...good, kind: "__proto__" }, 422, "unsupported"],
  ["a kind that is no text", { ...good, kind: 7 }, 400, "malformed"],
  ["a kind in capitals", { ...good, kind: "HashedRekord" }, 422, "unsupported"],
  ["both a key and a certificate", { ...good, certificate: good.publicKey }, 400, "malformed"],
  ["neither a key nor a certificate", { ...good, publicKey: undefined }, 400, "malformed"],
  ["a key that is null", { ...good, publicKey: null }, 400, "malformed"],
  ["a key that is no base64", { ...good, publicKey: "%%%%" }, 400, "malformed"],
  ["a key in base64url", { ...good, publicKey: "-_-_" }, 400, "malformed"],
  ["a key that is no DER", { ...good, publicKey: "AAAA" }, 400, "malformed"],
  ["a key of 1 MB", { ...good, publicKey: "A".repeat(1_000_000) }, 413, "too-large"],
  [
    "a certificate that is none",
    { ...good, publicKey: undefined, certificate: "MAA=" },
    400,
    "malformed",
  ],
  ["no signature", { ...good, signature: undefined }, 400, "malformed"],
  ["an empty signature", { ...good, signature: "" }, 400, "malformed"],
  ["a signature without padding", { ...good, signature: "AAA" }, 400, "malformed"],
  ["a signature that is a list", { ...good, signature: ["AAAA"] }, 400, "malformed"],
  ["a signature of 1 MB", { ...good, signature: "A".repeat(1_000_000) }, 413, "too-large"],
  [
    "another signature",
    { ...good, signature: signedRequest("other").signature },
    422,
    "bad-signature",
  ],
  ["a signature that is no DER", { ...good, signature: "AAAA" }, 422, "bad-signature"],
  ["another digest", { ...good, digest: `sha256:${"0".repeat(64)}` }, 422, "bad-signature"],
  ["a digest in capitals", { ...good, digest: good.digest.toUpperCase() }, 400, "malformed"],
  ["a digest without its hash", { ...good, digest: good.digest.slice(7) }, 400, "malformed"],
  [
    "a digest by another hash",
    { ...good, digest: `sha512:${"0".repeat(128)}` },
    422,
    "unsupported",
  ],
  ["a digest of the wrong length", { ...good, digest: "sha256:00" }, 400, "malformed"],
  ["a digest of 1 MB", { ...good, digest: `sha256:${"0".repeat(1_000_000)}` }, 413, "too-large"],
  [
    "an envelope without signatures",
    { ...envelope, envelope: { ...envelope.envelope, signatures: [] } },
    400,
    "malformed",
  ],
  ["an envelope whose signature does not hold", envelope, 422, "bad-signature"],
  ["an envelope without verifiers", { ...envelope, verifiers: [] }, 400, "malformed"],
  [
    "an envelope with 11 verifiers",
    { ...envelope, verifiers: Array(11).fill(envelope.verifiers[0]) },
    413,
    "too-large",
  ],
  [
    "a verifier with two keys",
    { ...envelope, verifiers: [{ publicKey: "AAAA", certificate: "AAAA" }] },
    400,
    "malformed",
  ],
  ["4 MiB and a byte", " ".repeat(4 * 1024 * 1024 + 1), 413, "too-large"],
  ["4 MiB of brackets", "[".repeat(4 * 1024 * 1024), 400, "malformed"],
  ["4 MiB of commas", `[${",".repeat(4 * 1024 * 1024 - 2)}]`, 400, "malformed"],
]

const headers: readonly [name: string, headers: Readonly<Record<string, string>>][] = [
  ["no media type", { "content-type": "" }],
  ["text", { "content-type": "text/plain" }],
  ["another suffix", { "content-type": "application/jsonx" }],
  ["another character set", { "content-type": "application/json; charset=utf-16" }],
  ["more parameters", { "content-type": "application/json; charset=utf-8; x=y" }],
  ["a form", { "content-type": "application/x-www-form-urlencoded" }],
  ["NDJSON", { "content-type": "application/x-ndjson" }],
  ["gzip", { "content-encoding": "gzip" }],
  ["br", { "content-encoding": "br" }],
  ["deflate", { "content-encoding": "deflate" }],
  ["gzip twice", { "content-encoding": "gzip, gzip" }],
]

const reads: readonly [path: string, status: number, code: string][] = [
  ["/", 404, "not-found"],
  ["/v1", 404, "not-found"],
  ["/v1/", 404, "not-found"],
  ["/v2/entries", 404, "not-found"],
  ["/V1/tree-head", 404, "not-found"],
  ["/v1/tree-head//", 404, "not-found"],
  ["///v1/tree-head", 404, "not-found"],
  ["//%t@#s^Z,", 404, "not-found"],
  ["/%", 404, "not-found"],
  ["/v1/../v1/tree-head", 404, "not-found"],
  ["/index.html", 404, "not-found"],
  ["/metrics", 404, "not-found"],
  ["/v1/tree-head?x=1", 400, "malformed"],
  ["/v1/trusted-root.json?x", 400, "malformed"],
  ["/v1/entries/3", 404, "not-found"],
  ["/v1/entries/9007199254740991", 404, "not-found"],
  ["/v1/entries/9007199254740992", 400, "malformed"],
  ["/v1/entries/18446744073709551615", 400, "malformed"],
  ["/v1/entries/-1", 400, "malformed"],
  ["/v1/entries/-0", 400, "malformed"],
  ["/v1/entries/+1", 400, "malformed"],
  ["/v1/entries/01", 400, "malformed"],
  ["/v1/entries/1.0", 400, "malformed"],
  ["/v1/entries/1e0", 400, "malformed"],
  ["/v1/entries/0x1", 400, "malformed"],
  ["/v1/entries/one", 400, "malformed"],
  ["/v1/entries/%00", 400, "malformed"],
  ["/v1/entries/%", 400, "malformed"],
  ["/v1/entries/%ff", 400, "malformed"],
  ["/v1/entries/..%2f..%2fetc", 400, "malformed"],
  ["/v1/entries/0?index=1", 400, "malformed"],
  ["/v1/entries/0?x=1", 400, "malformed"],
  ["/v1/entries/0//", 404, "not-found"],
  ["/v1/entries/0/nothing", 404, "not-found"],
  ["/v1/entries/3/bundle", 404, "not-found"],
  ["/v1/entries/3/tlog-proof", 404, "not-found"],
  ["/v1/entries/3/proof", 404, "not-found"],
  ["/v1/entries/x/proof", 400, "malformed"],
  ["/v1/entries//proof", 400, "malformed"],
  ["/v1/entries/%30/proof", 400, "malformed"],
  ["/v1/entries/0/proof?size=4", 404, "beyond-tree"],
  ["/v1/entries/2/proof?size=2", 404, "beyond-tree"],
  ["/v1/entries/0/proof?size=0", 404, "beyond-tree"],
  ["/v1/entries/0/proof?size=", 400, "malformed"],
  ["/v1/entries/0/proof?size=-1", 400, "malformed"],
  ["/v1/entries/0/proof?size=1e400", 400, "malformed"],
  ["/v1/entries/0/proof?size=9007199254740993", 400, "malformed"],
  ["/v1/entries/0/proof?size=1&size=2", 400, "malformed"],
  ["/v1/entries/0/proof?Size=1", 400, "malformed"],
  ["/v1/entries/0/proof?__proto__=1", 400, "malformed"],
  ["/v1/entries/0/proof?constructor=1", 400, "malformed"],
  ["/v1/proofs/inclusion", 400, "malformed"],
  ["/v1/proofs/inclusion?size=1", 400, "malformed"],
  ["/v1/proofs/inclusion?index=3", 404, "not-found"],
  ["/v1/proofs/inclusion?index=x", 400, "malformed"],
  [`/v1/proofs/inclusion?leafHash=${"0".repeat(64)}`, 404, "not-found"],
  [`/v1/proofs/inclusion?leafHash=${"0".repeat(64)}&index=0`, 400, "malformed"],
  [`/v1/proofs/inclusion?leafHash=${"A".repeat(64)}`, 400, "malformed"],
  [`/v1/proofs/inclusion?leafHash=${"0".repeat(63)}`, 400, "malformed"],
  ["/v1/proofs/inclusion?leafHash=", 400, "malformed"],
  ["/v1/proofs/consistency", 400, "malformed"],
  ["/v1/proofs/consistency?to=1", 400, "malformed"],
  ["/v1/proofs/consistency?from=2&to=1", 400, "malformed"],
  ["/v1/proofs/consistency?from=0&to=4", 404, "beyond-tree"],
  ["/v1/proofs/consistency?from=4", 400, "malformed"],
  ["/v1/proofs/consistency?from=%E2%82%AC", 400, "malformed"],
]

const methods: readonly [method: string, path: string, allow: string][] = [
  ["PUT", "/v1/entries", "GET, HEAD, POST"],
  ["DELETE", "/v1/entries/0", "GET, HEAD"],
  ["POST", "/v1/entries/0/proof", "GET, HEAD"],
  ["POST", "/v1/tree-head", "GET, HEAD"],
  ["PATCH", "/v1/proofs/inclusion", "GET, HEAD"],
  ["POST", "/livez", "GET, HEAD"],
  ["POST", "/openapi.yaml", "GET, HEAD"],
]

describe("refusals", () => {
  const served = unchangedLog(3)

  test.each(bodies)("POST /v1/entries refuses %s", async (_, body, status, code) => {
    const reply = await submit(served.port, body)
    expect(reply.json()).toMatchObject({ status, code, type: `urn:countersign:problem:${code}` })
    expect(reply.status).toBe(status)
    expect(reply.headers["cache-control"]).toBe("no-store")
    const { detail } = reply.json() as { readonly detail: string }
    expect(detail.length).toBeGreaterThan(10)
    expect(detail.length).toBeLessThan(400)
    expect(detail).not.toMatch(/node_modules|\.ts|at .*:\d+:\d+/)
  })

  test.each(bodies.filter(([, body]) => typeof body === "object" && !(body instanceof Uint8Array)))(
    "a line of a batch with %s is refused alike",
    async (_, body, status, code) => {
      const reply = await submitBatch(served.port, `${JSON.stringify(body)}\n`)
      expect(JSON.parse(reply.text())).toMatchObject({ status, problem: { status, code } })
    },
  )

  test.each(headers)("POST /v1/entries refuses %s with wrong-media-type", async (_, given) => {
    const compressed = gzipSync(Buffer.alloc(10_000_000))
    const body = "content-encoding" in given ? compressed : text
    const reply = await submit(served.port, body, given)
    expect(reply.status).toBe(415)
    expect(reply.json()).toMatchObject({ code: "wrong-media-type" })
  })

  test("POST /v1/entries/batch refuses JSON that is no NDJSON", async () => {
    const reply = await ask(served.port, "/v1/entries/batch", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: text,
    })
    expect(reply.status).toBe(415)
  })

  test("POST /v1/entries/batch refuses 8 MiB and a byte", async () => {
    const reply = await submitBatch(served.port, " ".repeat(8 * 1024 * 1024 + 1))
    expect(reply.status).toBe(413)
    expect(reply.json()).toMatchObject({ code: "too-large" })
  })

  test("a line of a batch has the limit of a single submission", async () => {
    const reply = await submitBatch(served.port, `${" ".repeat(4 * 1024 * 1024 + 1)}\n{}`)
    const codes = reply
      .text()
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line).problem.code)
    expect(codes).toEqual(["too-large", "malformed"])
  })

  test("a chunked body is refused once it is over the limit", async () => {
    const reply = await ask(served.port, "/v1/entries", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: Array.from({ length: 80 }, () => Buffer.alloc(64 * 1024, " ")),
    })
    expect(reply.status).toBe(413)
    expect(reply.json()).toMatchObject({ code: "too-large" })
  })

  test.each(reads)("GET %s is refused", async (path, status, code) => {
    const reply = await ask(served.port, path)
    expect(reply.json()).toMatchObject({ status, code })
    expect(reply.status).toBe(status)
    expect(reply.headers["cache-control"]).toBe("no-store")
  })

  test.each(methods)(
    "%s %s is refused with the methods that there are",
    async (method, path, allow) => {
      const reply = await ask(served.port, path, { method })
      expect(reply.status).toBe(405)
      expect(reply.headers.allow).toBe(allow)
      expect(reply.json()).toMatchObject({ code: "wrong-method" })
    },
  )
})
