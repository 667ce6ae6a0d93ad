import { afterEach, describe, expect, test } from "vitest"
import { utf8 } from "../../../src/core/base/bytes.ts"
import { Refusal, Trouble } from "../../../src/core/base/errors.ts"
import { formatBase64 } from "../../../src/core/base/text.ts"
import { parseCheckpointText } from "../../../src/core/note/checkpoint.ts"
import { verifyCosignature } from "../../../src/core/note/cosignature.ts"
import {
  formatNote,
  formatSignatureLine,
  parseNote,
  parseVkey,
} from "../../../src/core/note/note.ts"
import { makeFork } from "../../../src/evidence/head-evidence.ts"
import { testSigner } from "../../signers.ts"
import { vectorVkey } from "../../witness/published-values.ts"
import { type Asked, ask } from "../client.ts"
import type { Reply } from "../door/contract-check.ts"
import { openRaw, rawRequest } from "../serving/raw-connection.ts"
import { createTestLog, requestText } from "../test-log.ts"
import {
  type OpenedWitness,
  type OpenedWitnessOptions,
  openServedWitness,
  witnessName,
  witnessSigner,
} from "./served-witness.ts"
import { witnessVectors } from "./vectors.ts"

const log = createTestLog("log.example")
const fork = createTestLog("log.example", { forkedAt: 2 })
const stranger = createTestLog("log.example", { seed: 9 })
const unknown = createTestLog("other.example")

let opened: OpenedWitness | undefined

async function open(options: Partial<OpenedWitnessOptions> = {}): Promise<OpenedWitness> {
  opened = await openServedWitness({ logs: [log.vkey], ...options })
  return opened
}

afterEach(async () => {
  await opened?.close()
  opened = undefined
})

function post({ port }: OpenedWitness, body: Asked["body"], asked: Asked = {}): Promise<Reply> {
  return ask(port, "/add-checkpoint", {
    method: "POST",
    ...asked,
    ...(body !== undefined && { body }),
  })
}

/** Brings a fresh witness to a size of `log`. */
async function openAt(size: number): Promise<OpenedWitness> {
  const witness = await open()
  expect(await post(witness, log.request(0, size))).toMatchObject({ status: 200 })
  return witness
}

/** The time of the one cosignature line in the body of an answer over a checkpoint's note. */
function cosignatureTime(note: string, lines: string): number {
  const { text } = parseNote(note)
  const { signatures } = parseNote(`${text}\n${lines}`)
  expect(signatures.map(({ name }) => name)).toEqual([witnessName])
  const [line] = signatures
  if (line === undefined) throw new Error("expected a line")
  return verifyCosignature(witnessSigner.vkey, text, parseCheckpointText(text), line.signature)
}

describe("POST /add-checkpoint", () => {
  test("answers the published sequence as it is prescribed", async () => {
    const witness = await open({ logs: [vectorVkey] })
    for (const { what, body, status, answer } of witnessVectors) {
      const reply = await post(witness, body)
      expect([what, reply.status]).toEqual([what, status])
      if (answer !== undefined) expect(reply.text()).toBe(answer)
    }
  })

  test("answers 200 with one line that holds over the checkpoint, and nothing else", async () => {
    const witness = await open()
    const reply = await post(witness, log.request(0, 5))
    expect(reply.status).toBe(200)
    expect(cosignatureTime(log.note(5), reply.text())).toBe(1_700_000_000)
    expect(reply.headers).toMatchObject({
      "content-type": "text/plain; charset=utf-8",
      "cache-control": "no-store",
      "access-control-allow-origin": "*",
      "content-length": String(Buffer.byteLength(reply.text())),
    })
  })

  test("answers 409 with the size, of exactly the type text/x.tlog.size", async () => {
    const witness = await openAt(5)
    const { status, headers, bytes } = await post(witness, log.request(3, 7))
    expect([status, headers["content-type"], bytes.toString("latin1")]).toEqual([
      409,
      "text/x.tlog.size",
      "5\n",
    ])
    expect(headers).toMatchObject({ "access-control-allow-origin": "*", "content-length": "2" })
  })

  test("answers 409 with 0 for an old size before the first checkpoint", async () => {
    const reply = await post(await open(), log.request(3, 7))
    expect([reply.status, reply.text()]).toEqual([409, "0\n"])
  })

  test("cosigns the same checkpoint again, at the present time", async () => {
    const witness = await openAt(5)
    witness.clock.time += 60
    const reply = await post(witness, log.request(5, 5))
    expect([reply.status, cosignatureTime(log.note(5), reply.text())]).toEqual([200, 1_700_000_060])
  })

  test("takes the empty tree, and then the first entries from it", async () => {
    const witness = await open()
    for (const [oldSize, size] of [
      [0, 0],
      [0, 0],
      [0, 4],
    ] as const) {
      expect((await post(witness, log.request(oldSize, size))).status).toBe(200)
    }
  })

  const proof = log.proof(5, 7)
  const zeros = formatBase64(new Uint8Array(32))
  const withLine = (note: string, line: string) => `${note}${line}`
  const ownLine = () => {
    const { text } = parseNote(log.note(7))
    return formatSignatureLine(witnessSigner.sign(text, { ...log.head(7), origin: log.origin }, 7))
  }
  const extended = () => {
    const signer = testSigner(log.origin, 1, 1)
    const text = `${parseNote(log.note(7)).text}extension\n`
    return formatNote(text, [signer.sign(text, { ...log.head(7), origin: log.origin }, 0)])
  }
  const emptyTree = (root: string) => {
    const signer = testSigner(log.origin, 1, 1)
    const text = `${log.origin}\n0\n${root}\n`
    return formatNote(text, [signer.sign(text, { ...log.head(0), origin: log.origin }, 0)])
  }

  /** What is wrong, the body, and the status at a witness that holds size 5. */
  const table: readonly (readonly [string, string | Uint8Array, number])[] = [
    ["nothing at all", "", 400],
    ["no empty line", `old 5\n${proof.join("\n")}\n${log.origin}`, 400],
    ["no old line", requestText(5, proof, log.note(7)).slice("old 5\n".length), 400],
    ["another keyword", log.request(5, 7).replace("old", "new"), 400],
    ["a capital keyword", log.request(5, 7).replace("old", "Old"), 400],
    ["two spaces", log.request(5, 7).replace("old ", "old  "), 400],
    ["a space after the size", log.request(5, 7).replace("old 5", "old 5 "), 400],
    ["a leading zero", log.request(5, 7).replace("old 5", "old 05"), 400],
    ["a plus sign", log.request(5, 7).replace("old 5", "old +5"), 400],
    ["a negative size", log.request(5, 7).replace("old 5", "old -5"), 400],
    ["a size in hex", log.request(5, 7).replace("old 5", "old 0x5"), 400],
    ["a size with an exponent", log.request(5, 7).replace("old 5", "old 5e0"), 400],
    ["no size", log.request(5, 7).replace("old 5", "old "), 400],
    ["a size of 2^53", log.request(5, 7).replace("old 5", "old 9007199254740992"), 400],
    ["CR LF after the size", log.request(5, 7).replace("old 5\n", "old 5\r\n"), 400],
    ["a byte order mark", `\ufeff${log.request(5, 7)}`, 400],
    ["bytes that are not UTF-8", Uint8Array.of(...utf8(log.request(5, 7)), 0xff), 400],
    [
      "a proof line of 31 bytes",
      requestText(5, [formatBase64(new Uint8Array(31))], log.note(7)),
      400,
    ],
    ["a proof line in base64url", requestText(5, ["_".repeat(43)], log.note(7)), 400],
    ["a proof line without padding", requestText(5, [zeros.slice(0, -1)], log.note(7)), 400],
    ["a proof line with a space", requestText(5, [`${zeros} `], log.note(7)), 400],
    ["64 proof lines", requestText(5, Array(64).fill(zeros), log.note(7)), 400],
    ["no note", requestText(5, proof, ""), 400],
    ["a note without signatures", requestText(5, proof, parseNote(log.note(7)).text), 400],
    ["a note without its last line feed", log.request(5, 7).slice(0, -1), 400],
    ["a signature line of another form", withLine(log.request(5, 7), "- a AAAA\n"), 400],
    ["an old size above the checkpoint's", requestText(7, [], log.note(5)), 400],
    ["an extension line", requestText(5, proof, extended()), 200],
    ["a log that is not cosigned here", unknown.request(5, 7), 404],
    [
      "an origin with another case",
      log.request(5, 7).replaceAll("log.example", "Log.example"),
      404,
    ],
    ["only a stranger's key under this origin", stranger.request(5, 7), 403],
    ["a signature over another text", log.request(5, 7).replace("\n7\n", "\n8\n"), 403],
    ["63 proof lines", requestText(5, Array(63).fill(zeros), log.note(7)), 422],
    ["no proof", requestText(5, [], log.note(7)), 422],
    ["a proof line too many", requestText(5, [...proof, zeros], log.note(7)), 422],
    ["a proof line too few", requestText(5, proof.slice(1), log.note(7)), 422],
    ["the proof backwards", requestText(5, proof.toReversed(), log.note(7)), 422],
    ["a proof to the same size", requestText(5, [zeros], log.note(5)), 422],
    ["the empty tree with another root", requestText(0, [], emptyTree(zeros)), 422],
    ["another old size", log.request(3, 7), 409],
    ["no old size, later", log.request(0, 7), 409],
    ["an old size that is not reached yet", requestText(6, [], log.note(7)), 409],
    ["an unknown signature beside the log's", withLine(log.request(5, 7), "— a AAAAAAA=\n"), 200],
    ["the right request", log.request(5, 7), 200],
  ]

  test.each(table)("with %s", async (_what, body, status) => {
    const witness = await openAt(5)
    const reply = await post(witness, body)
    expect([reply.status, reply.headers["access-control-allow-origin"]]).toEqual([status, "*"])
    const isSize = status === 409
    expect(reply.headers["content-type"]).toBe(
      isSize ? "text/x.tlog.size" : "text/plain; charset=utf-8",
    )
    expect(reply.text()).toMatch(isSize ? /^5\n$/ : /^[^\n]+\n$/)
  })

  test("stops for a log whose checkpoint shows that the witness has forgotten", async () => {
    const witness = await openAt(5)
    const reply = await post(witness, withLine(log.request(5, 7), ownLine()))
    expect([reply.status, reply.text()]).toEqual([422, expect.stringContaining("older copy")])
    expect((await post(witness, log.request(5, 7))).status).toBe(422)
  })

  test("freezes a log that has forked, keeps the evidence, and says so", async () => {
    const witness = await openAt(5)
    expect((await post(witness, fork.request(5, 5))).status).toBe(422)
    const reply = await post(witness, log.request(5, 7))
    expect([reply.status, reply.text()]).toEqual([
      422,
      expect.stringMatching(/evidence [0-9a-f]{64}/),
    ])
    const list = (await ask(witness.port, "/evidence")).text()
    expect(list).toMatch(/^[0-9a-f]{64} fork log\.example\n$/)
    const file = await ask(witness.port, `/evidence/${list.slice(0, 64)}`)
    expect(file.text()).toContain(log.origin)
    expect((await ask(witness.port, "/")).text()).toContain("frozen by evidence")
  })

  test.each([
    "/add-checkpoint//",
    "///add-checkpoint",
    "/%61dd-checkpoint",
    "/add%2Dcheckpoint",
    "/Add-Checkpoint",
    "/x/../add-checkpoint",
    "/add-checkpoint%00",
  ])("is not answered at %s", async (path) => {
    const { port } = await open()
    const reply = await ask(port, path, { method: "POST", body: log.request(0, 5) })
    expect(reply.status).toBe(404)
  })

  test.each(["/add-checkpoint?", "/add-checkpoint?a=b", "http://witness.example/add-checkpoint"])(
    "is answered at %s",
    async (path) => {
      const { port } = await open()
      const reply = await ask(port, path, { method: "POST", body: log.request(0, 5) })
      expect(reply.status).toBe(200)
    },
  )

  test.each([
    ["text/plain"],
    ["application/octet-stream"],
    ["application/json; charset=latin1"],
    [undefined],
  ])("takes the media type %s", async (type) => {
    const witness = await open()
    const headers = type === undefined ? {} : { "content-type": type }
    expect((await post(witness, log.request(0, 5), { headers })).status).toBe(200)
  })

  test("takes a chunked body, and refuses an encoded one", async () => {
    const witness = await open()
    const whole = log.request(0, 5)
    expect((await post(witness, [whole.slice(0, 9), whole.slice(9)])).status).toBe(200)
    const headers = { "content-encoding": "gzip" }
    expect((await post(witness, whole, { headers })).status).toBe(415)
  })

  test("takes 128 KiB and refuses a byte more, declared or not, before it reads it", async () => {
    const witness = await open()
    const request = log.request(0, 5)
    // Lines by keys that nobody knows, as large as those of ML-DSA-44.
    const room = 128 * 1024 - Buffer.byteLength(request)
    const lines = Array.from({ length: 39 }, () => `— n ${"A".repeat(3_244)}\n`).join("")
    const rest = room - Buffer.byteLength(lines) - Buffer.byteLength("—  AAAAAAA=\n")
    const atLimit = `${request}${lines}— ${"n".repeat(rest)} AAAAAAA=\n`
    expect(Buffer.byteLength(atLimit)).toBe(128 * 1024)
    expect((await post(witness, atLimit)).status).toBe(200)
    expect((await post(witness, `${atLimit}x`)).status).toBe(413)
    expect((await post(witness, [atLimit, "x"])).status).toBe(413)
  })

  test("a thousand requests in races are answered, and none goes back behind another", async () => {
    const witness = await open()
    const sizes = Array.from({ length: 1_000 }, (_, i) => 1 + (i % 9))
    const replies = await Promise.all(sizes.map((size) => post(witness, log.request(0, size))))
    const cosigned = sizes.filter((_, i) => replies[i]?.status === 200)
    expect(new Set(cosigned).size).toBe(1)
    expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([200, 409]))
  })
})

describe("GET /{origin hash}/checkpoint", () => {
  test("gives the checkpoint with the log's line and the cosignature that was given out", async () => {
    const witness = await open()
    const { port } = witness
    const lines = (await post(witness, log.request(0, 5))).text()
    const reply = await ask(port, `/${log.hash}/checkpoint`)
    expect([reply.status, reply.text()]).toEqual([200, `${log.note(5)}${lines}`])
    expect(reply.headers).toMatchObject({
      "content-type": "text/plain; charset=utf-8",
      "access-control-allow-origin": "*",
    })
    const head = await ask(port, `/${log.hash}/checkpoint`, { method: "HEAD" })
    expect([head.status, head.bytes.length]).toEqual([200, 0])
    expect(head.headers["content-length"]).toBe(reply.headers["content-length"])
  })

  test("never shows lines that others have put into the request", async () => {
    const witness = await open()
    const forged = formatSignatureLine({
      name: witnessName,
      keyId: witnessSigner.vkey.keyId,
      signature: new Uint8Array(72),
    })
    expect((await post(witness, `${log.request(0, 5)}${forged}`)).status).toBe(200)
    const reply = await ask(witness.port, `/${log.hash}/checkpoint`)
    expect(parseNote(reply.text()).signatures).toHaveLength(2)
    expect((await post(witness, log.request(5, 7))).status).toBe(200)
  })

  test.each([
    ["a log that was never cosigned", `/${log.hash}/checkpoint`],
    ["a log that is not known", `/${unknown.hash}/checkpoint`],
    ["capitals", `/${log.hash.toUpperCase()}/checkpoint`],
    ["a hash that is cut", `/${log.hash.slice(1)}/checkpoint`],
    ["two slashes", `/${log.hash}//checkpoint`],
    ["an encoded slash", `/${log.hash}%2Fcheckpoint`],
    ["an encoded letter", `/${log.hash}/%63heckpoint`],
    ["two final slashes", `/${log.hash}/checkpoint//`],
    ["the origin itself", "/log.example/checkpoint"],
  ])("answers 404 for %s", async (_what, path) => {
    const { port } = await open()
    const reply = await ask(port, path)
    expect([reply.status, reply.headers["access-control-allow-origin"]]).toEqual([404, "*"])
  })

  test("takes a query, as a cache-buster is one", async () => {
    const { port } = await openAt(5)
    expect((await ask(port, `/${log.hash}/checkpoint?${Date.now()}`)).status).toBe(200)
  })
})

describe("POST /evidence", () => {
  const evidence = makeFork(parseVkey(log.vkey), log.note(5), fork.note(5))
  const send = (port: number, body: string) =>
    ask(port, "/evidence", { method: "POST", body, headers: { "content-type": "text/plain" } })

  test("takes evidence from anyone, once, and freezes the log", async () => {
    const witness = await openAt(5)
    for (let i = 0; i < 2; i++) {
      const reply = await send(witness.port, evidence.text)
      expect([reply.status, reply.text()]).toEqual([201, `${evidence.id}\n`])
      expect(reply.headers.location).toBe(`/evidence/${evidence.id}`)
    }
    expect((await ask(witness.port, "/evidence")).text()).toBe(`${evidence.id} fork log.example\n`)
    expect((await post(witness, log.request(5, 7))).status).toBe(422)
  })

  test("refuses what proves nothing, or nothing about a log that is cosigned here", async () => {
    const witness = await openAt(5)
    const other = createTestLog("other.example", { forkedAt: 2 })
    const foreign = makeFork(parseVkey(unknown.vkey), unknown.note(5), other.note(5))
    for (const body of ["", "evidence", evidence.text.replace("5", "6"), foreign.text]) {
      const { status } = await send(witness.port, body)
      expect([400, 403, 422]).toContain(status)
    }
    expect((await send(witness.port, "x".repeat(1_048_577))).status).toBe(413)
    expect((await post(witness, log.request(5, 7))).status).toBe(200)
    expect((await ask(witness.port, "/evidence")).text()).toBe("")
  })

  test.each(["/", "0".repeat(63), evidence.id, "..", "%2e%2e"])(
    "GET /evidence/%s answers 404 where there is none",
    async (id) => {
      const { port } = await open()
      expect((await ask(port, `/evidence/${id}`)).status).toBe(404)
    },
  )
})

describe("methods", () => {
  test.each([
    ["GET", "/add-checkpoint", "POST"],
    ["HEAD", "/add-checkpoint", "POST"],
    ["PUT", "/add-checkpoint", "POST"],
    ["POST", `/${log.hash}/checkpoint`, "GET, HEAD"],
    ["DELETE", `/${log.hash}/checkpoint`, "GET, HEAD"],
    ["PUT", "/evidence", "GET, HEAD, POST"],
    ["POST", "/evidence/x", "GET, HEAD"],
    ["POST", "/", "GET, HEAD"],
    ["POST", "/livez", "GET, HEAD"],
  ])("%s %s is answered with 405 and Allow: %s", async (method, path, allow) => {
    const { port } = await open()
    const { status, headers } = await ask(port, path, { method })
    expect([status, headers.allow, headers["access-control-allow-origin"]]).toEqual([
      405,
      allow,
      "*",
    ])
  })

  test.each(["/add-checkpoint", "/evidence", `/${log.hash}/checkpoint`])(
    "OPTIONS %s tells browsers that any web origin may read, and none may write",
    async (path) => {
      const { port } = await open()
      const { status, headers } = await ask(port, path, { method: "OPTIONS" })
      expect(status).toBe(204)
      expect(headers).toMatchObject({
        "access-control-allow-origin": "*",
        "access-control-allow-methods": "GET, HEAD",
        "access-control-allow-headers": "content-type",
      })
    },
  )
})

describe("operators' routes", () => {
  test("say that all is well, and with whom the witness stands where", async () => {
    const { port } = await openAt(5)
    expect((await ask(port, "/livez")).text()).toBe("ok\n")
    expect((await ask(port, "/readyz")).text()).toBe("ok\n")
    const status = (await ask(port, "/")).text()
    expect(status).toContain("Countersign witness witness.example: cosigning\n")
    expect(status).toContain("log.example: size 5\n")
  })

  test("say why nothing is cosigned", async () => {
    const { port } = await open({ obstacle: () => "no source has answered" })
    const reply = await ask(port, "/readyz")
    expect([reply.status, reply.text()]).toEqual([503, "try-later: no source has answered\n"])
    expect((await ask(port, "/livez")).status).toBe(200)
    expect((await ask(port, "/")).text()).toContain("not cosigning: no source has answered")
  })
})

describe("a witness that fails", () => {
  const failures: readonly (readonly [string, unknown, number, RegExp])[] = [
    ["a refusal to come back", new Refusal("try-later", "too many"), 503, /^try-later: too many/],
    ["a busy part", new Trouble("busy", "/secret/path"), 503, /^trouble: /],
    ["a clock that is behind", new Trouble("clock", "/secret/path"), 503, /^trouble: /],
    ["a disk", new Trouble("disk", "/secret/path"), 500, /^trouble: /],
    ["a bug", new Error("bug: /secret/path"), 500, /^bug: /],
  ]

  test.each(failures)("says nothing internal about %s", async (_what, error, status, text) => {
    const told: unknown[] = []
    const witness = await open({
      witness: (inner) => ({ ...inner, addCheckpoint: () => Promise.reject(error) }),
      logger: { debug: () => {}, error: (fields) => told.push(fields) },
    })
    const reply = await post(witness, log.request(0, 5))
    expect([reply.status, reply.text()]).toEqual([status, expect.stringMatching(text)])
    expect(reply.text()).not.toContain("secret")
    expect(told).toHaveLength(error instanceof Refusal ? 0 : 1)
  })
})

describe("connections", () => {
  test("one connection carries many requests, also after a refusal", async () => {
    const { port } = await open()
    const raw = await openRaw(port)
    const bodies = [log.request(3, 4), log.request(0, 2), log.request(2, 3), "", log.request(3, 4)]
    for (const body of bodies) raw.write(rawPost(body))
    raw.write(rawRequest("GET", "/livez", "connection: close\r\n"))
    const statuses = (await raw.ended()).match(/HTTP\/1\.1 [0-9]{3}/g)
    expect(statuses?.map((line) => Number(line.slice(-3)))).toEqual([409, 200, 200, 400, 200, 200])
  })

  test("a body that comes too slowly ends the connection", async () => {
    const config = { headersTimeout: 100, requestTimeout: 200, slownessInterval: 20 }
    const { port } = await open({ config })
    const raw = await openRaw(port)
    raw.write("POST /add-checkpoint HTTP/1.1\r\nhost: w\r\ncontent-length: 100\r\n\r\nold 0\n")
    expect(await raw.ended()).toMatch(/^HTTP\/1\.1 408 /)
  })

  test("closing answers what was begun and ends its connection", async () => {
    let release = (): void => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    const witness = await open({
      witness: (inner) => ({
        ...inner,
        addCheckpoint: (body) => held.then(() => inner.addCheckpoint(body)),
      }),
    })
    const raw = await openRaw(witness.port)
    raw.write(rawPost(log.request(0, 5)))
    const other = await openRaw(witness.port)
    other.write(rawRequest("GET", "/livez"))
    await other.until("ok\n")
    const closed = witness.close()
    release()
    const answer = await raw.ended()
    await closed
    opened = undefined
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
    expect(answer).toContain("Connection: close")
  })

  test("garbage is answered with 400", async () => {
    const { port } = await open()
    const raw = await openRaw(port)
    raw.write("old 0\n\n\r\n\r\n")
    expect(await raw.ended()).toMatch(/^HTTP\/1\.1 400 /)
  })
})

/** A request as it goes over the wire, its length counted in bytes. */
function rawPost(body: string): string {
  const length = `content-length: ${Buffer.byteLength(body)}\r\n`
  return `${rawRequest("POST", "/add-checkpoint", length)}${body}`
}
