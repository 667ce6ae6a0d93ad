import { createServer, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { describe, expect, onTestFinished, test } from "vitest"
import { createWitnessClient } from "../../src/client/witness-client.ts"
import { parseAddCheckpoint } from "../../src/core/note/add-checkpoint.ts"
import { formatSignatureLine } from "../../src/core/note/note.ts"
import { parseOrigin } from "../../src/core/note/origin.ts"
import { asHash } from "../../src/core/tree/hash.ts"

const line = { name: "w.example", keyId: 7, signature: new Uint8Array(72).fill(1) }
const lineText = formatSignatureLine(line)
const request = {
  oldSize: 3,
  proof: [asHash(new Uint8Array(32).fill(9))],
  note: "log.example\n5\nroot\n\n— log.example sig\n",
}

interface Asked {
  readonly url: string
  readonly init: RequestInit | undefined
}

/** A client of a witness that answers every request with this. */
function clientOf(body: string | Uint8Array<ArrayBuffer>, init: ResponseInit = {}) {
  const asked: Asked[] = []
  const client = createWitnessClient({
    url: "https://w.example/prefix",
    timeout: 1_000,
    fetch: async (url, given) => {
      asked.push({ url: String(url), init: given })
      return new Response(body, init)
    },
  })
  return { client, asked }
}

interface HostileWitness {
  readonly url: string
  /** Resolves when the client has gone away from an answer. */
  readonly isLeft: Promise<void>
  asked(): number
}

/** A witness that answers over a real connection as a test lets it. */
async function hostileWitness(answer: (response: ServerResponse) => void): Promise<HostileWitness> {
  let asked = 0
  let leave = (): void => {}
  const isLeft = new Promise<void>((resolve) => {
    leave = resolve
  })
  const server = createServer((request, response) => {
    asked += 1
    request.resume()
    response.on("close", leave)
    answer(response)
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, isLeft, asked: () => asked }
}

function clientAt(url: string) {
  return createWitnessClient({ url, fetch, timeout: 500 })
}

const typed = (type: string, status: number): ResponseInit => ({
  status,
  headers: { "content-type": type },
})

describe("addCheckpoint()", () => {
  test("posts the request below the prefix and gives the lines", async () => {
    const { client, asked } = clientOf(`${lineText}${lineText}`)
    expect(await client.addCheckpoint(request)).toEqual({ lines: [line, line] })
    const [{ url, init } = {}] = asked
    expect(url).toBe("https://w.example/prefix/add-checkpoint")
    expect(init).toMatchObject({ method: "POST", redirect: "manual" })
    expect(parseAddCheckpoint(init?.body as Uint8Array)).toEqual(request)
  })

  test.each(["text/x.tlog.size", "Text/X.Tlog.Size; charset=utf-8"])(
    "takes the size of a conflict with the type %s",
    async (type) => {
      const { client } = clientOf("42\n", typed(type, 409))
      expect(await client.addCheckpoint(request)).toEqual({ size: 42 })
    },
  )

  test.each([
    ["a conflict of another type", "42\n", typed("text/plain", 409)],
    ["a conflict without a type", "42\n", { status: 409, headers: { "content-type": "" } }],
    ["a size with a leading zero", "042\n", typed("text/x.tlog.size", 409)],
    ["a size without its line feed", "42", typed("text/x.tlog.size", 409)],
    ["a size below zero", "-1\n", typed("text/x.tlog.size", 409)],
    ["a size with words", "42 or so\n", typed("text/x.tlog.size", 409)],
    ["an answer without lines", "", { status: 200 }],
    ["a whole note", `log.example\n5\nroot\n\n${lineText}`, { status: 200 }],
    ["a line without its line feed", lineText.slice(0, -1), { status: 200 }],
    ["a page for people", "<html>hello</html>\n", typed("text/html", 200)],
    ["a status 204", "", { status: 204 }],
    ["a status 422", "unprocessable\n", typed("text/plain", 422)],
  ])("refuses %s", async (_what, body, init) => {
    const { client } = clientOf(body === "" ? new Uint8Array(0) : body, init)
    const given = init.status === 204 ? clientOfNothing(init) : client
    await expect(given.addCheckpoint(request)).rejects.toMatchObject({ name: "Refusal" })
  })

  test("refuses an answer that has no end", async () => {
    const { client } = clientOf(lineText.repeat(2_000))
    await expect(client.addCheckpoint(request)).rejects.toMatchObject({ code: "too-large" })
  })

  test.each([500, 503])(
    "is in trouble with a status %i, in the witness's words",
    async (status) => {
      const { client } = clientOf("no disk\n", typed("text/plain", status))
      await expect(client.addCheckpoint(request)).rejects.toMatchObject({
        name: "Trouble",
        message: `the witness answers ${status}: no disk`,
      })
    },
  )

  // A status of 500 counts whatever stands with it.
  test.each([
    [200, "too-large"],
    [409, "too-large"],
    [500, "network"],
  ])("stops reading an endless answer with the status %i", async (status, code) => {
    const witness = await hostileWitness((response) => {
      response.writeHead(status, { "content-type": "text/x.tlog.size" })
      const more = () => {
        while (response.write(lineText.repeat(1_000)));
      }
      response.on("drain", more)
      more()
    })
    const asked = clientAt(witness.url).addCheckpoint(request)
    await expect(asked).rejects.toMatchObject({ code })
    await witness.isLeft
  })

  test("gives up on an answer that comes byte by byte", async () => {
    const witness = await hostileWitness((response) => {
      const timer = setInterval(() => response.write("—"), 5)
      response.on("close", () => clearInterval(timer))
    })
    const asked = clientAt(witness.url).addCheckpoint(request)
    await expect(asked).rejects.toMatchObject({ name: "Trouble", code: "network" })
    await witness.isLeft
  })

  test("follows no redirect", async () => {
    const witness = await hostileWitness((response) => {
      response.writeHead(307, { location: "/elsewhere" }).end()
    })
    const asked = clientAt(witness.url).addCheckpoint(request)
    await expect(asked).rejects.toMatchObject({ name: "Trouble", code: "network" })
    expect(witness.asked()).toBe(1)
  })

  test("asks for patience with a status 429", async () => {
    const { client } = clientOf("slow down\n", typed("text/plain", 429))
    await expect(client.addCheckpoint(request)).rejects.toMatchObject({ code: "try-later" })
  })
})

function clientOfNothing(init: ResponseInit) {
  const fetch = async () => new Response(null, init)
  return createWitnessClient({ url: "https://w.example", timeout: 1_000, fetch })
}

describe("checkpoint()", () => {
  const origin = parseOrigin("example.com/behind-the-sofa")

  test("asks under the hash of the origin", async () => {
    const { client, asked } = clientOf("the note")
    expect(await client.checkpoint(origin)).toBe("the note")
    expect(asked[0]?.url).toBe(
      "https://w.example/prefix/5fd2dc0beb4ce54da5050cf6d5c75248b023abad441c3cecde3976fbe9da4fe4/checkpoint",
    )
  })

  test("has none with a status 404, and rejects for any other", async () => {
    expect(await clientOf("none", { status: 404 }).client.checkpoint(origin)).toBeUndefined()
    const { client } = clientOf("moved", { status: 400 })
    await expect(client.checkpoint(origin)).rejects.toMatchObject({ name: "Refusal" })
  })
})

test("createWitnessClient() refuses an address that is none", () => {
  const options = { timeout: 1, fetch: globalThis.fetch }
  for (const url of ["w.example", "ftp://w.example", "https://me@w.example/", "https://w/?a"]) {
    expect(() => createWitnessClient({ ...options, url })).toThrow("witness URL")
  }
})
