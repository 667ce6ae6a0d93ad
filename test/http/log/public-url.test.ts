// A log behind a reverse proxy that takes a path away: what it says of its own places, through every door and
// however the public URL and the paths are written.
import type { AddressInfo } from "node:net"
import request from "supertest"
import { describe, expect, test } from "vitest"
import { createWitnessServer } from "../../../src/http/witness/server.ts"
import { openServedLog, type ServedLog, signedRequest } from "../served-log.ts"

const V1 = "/api/v1/log/entries"
const V2 = "/api/v2/log/entries"

function v1Of({ digest, signature, publicKey }: ReturnType<typeof signedRequest>) {
  const der = Buffer.from(String(publicKey), "base64").toString("base64")
  const pem = `-----BEGIN PUBLIC KEY-----\n${der}\n-----END PUBLIC KEY-----\n`
  return {
    apiVersion: "0.0.1",
    kind: "hashedrekord",
    spec: {
      data: { hash: { algorithm: "sha256", value: digest.slice("sha256:".length) } },
      signature: {
        content: signature,
        publicKey: { content: Buffer.from(pem).toString("base64") },
      },
    },
  }
}

function v2Of({ digest, signature, publicKey }: ReturnType<typeof signedRequest>) {
  return {
    hashedRekordRequestV002: {
      digest: Buffer.from(digest.slice("sha256:".length), "hex").toString("base64"),
      signature: {
        content: signature,
        verifier: {
          publicKey: { rawBytes: publicKey },
          keyDetails: "PKIX_ECDSA_P256_SHA_256",
        },
      },
    },
  }
}

async function withLog<T>(
  publicUrl: string | undefined,
  use: (served: ServedLog) => Promise<T>,
): Promise<T> {
  const served = await openServedLog(publicUrl === undefined ? {} : { config: { publicUrl } })
  try {
    return await use(served)
  } finally {
    await served.close()
  }
}

const prefixes = [
  [undefined, ""],
  ["https://host.example", ""],
  ["https://host.example/", ""],
  ["https://host.example/log", "/log"],
  ["https://host.example/log/", "/log"],
  ["https://host.example:8443/a/b%20c/", "/a/b%20c"],
] as const

describe.each(prefixes)("at the public URL %s", (publicUrl, prefix) => {
  test.each(["", "/"])("Location keeps the path at every door, asked with %j at the end", (slash) =>
    withLog(publicUrl, async ({ server }) => {
      const native = await request(server).post(`/v1/entries${slash}`).send(signedRequest("a"))
      expect([native.status, native.headers["location"]]).toEqual([201, `${prefix}/v1/entries/0`])
      const again = await request(server).post(`/v1/entries${slash}`).send(signedRequest("b"))
      const told = again.headers["location"]?.slice(prefix.length) ?? ""
      expect((await request(server).get(told + slash)).body.index).toBe(1)

      const v1 = v1Of(signedRequest("c"))
      const added = await request(server).post(`/${V1}${slash}`).send(v1)
      expect(added.status).toBe(201)
      const [id] = Object.keys(added.body)
      expect(added.headers["location"]).toBe(`${prefix}${V1}/${id}`)
      const known = await request(server).post(`${V1}${slash}`).send(v1)
      expect([known.status, known.headers["location"]]).toEqual([409, `${prefix}${V1}/${id}`])

      const v2 = await request(server)
        .post(`/${V2}${slash}`)
        .send(v2Of(signedRequest("d")))
      expect([v2.status, v2.headers["location"]]).toEqual([201, undefined])
    }),
  )
})

describe("every door of a log", () => {
  test.each([
    ...["/v1/entries/0", "/v1/entries/0/proof", "/v1/entries/0/bundle", "/v1/head"],
    ...[
      "/v1/entries?kind=hashedrekord",
      "/v1/proofs/inclusion?index=0",
      `/v1/artifacts/sha256:${"0".repeat(64)}`,
    ],
    ...["/v1/trusted-root.json", "/v1/signing-config.json", "/checkpoint", "/tile/0/000.p/1"],
    ...["/tile/entries/000.p/1", "/livez", "/readyz", "/ping", "/openapi.yaml"],
    ...["/api/v1/log", "/api/v1/log/publicKey", `${V1}?logIndex=0`],
    ...["/api/v2/checkpoint", "/api/v2/tile/0/000.p/1"],
  ])("answers GET %s alike with slashes more", (path) =>
    withLog(undefined, async ({ server }) => {
      await request(server).post("/v1/entries").send(signedRequest("only")).expect(201)
      const [bare = "", query] = path.split("?", 2)
      const more = query === undefined ? "" : `?${query}`
      const plain = await request(server).get(path).expect(200)
      for (const written of [`${bare}/${more}`, `/${bare}${more}`, `/${bare}/${more}`]) {
        const answer = await request(server).get(written)
        expect([written, answer.status, answer.headers["content-type"]]).toEqual([
          written,
          200,
          plain.headers["content-type"],
        ])
        expect(answer.headers["location"]).toBeUndefined()
      }
    }),
  )

  test("refuses at a path with a slash more what it refuses without", () =>
    withLog(undefined, async ({ server }) => {
      for (const path of ["/v1/entries/7", "/v1/nothing", "/tile/0/000", "/api/v1/none"]) {
        const [plain, slashed] = await Promise.all(
          [path, `${path}/`].map((each) => request(server).get(each)),
        )
        expect([slashed?.status, slashed?.text]).toEqual([plain?.status, plain?.text])
      }
    }))
})

describe("a log without a public URL", () => {
  const ask = (server: ServedLog["server"], file: string) =>
    request(server).get(`/v1/${file}`).set("host", "evil.example").set("x-forwarded-host", "evil")

  test("gives the address where it listens, and never one out of a request", async () => {
    let port = 0
    const served = await openServedLog({
      config: { listeningUrl: () => `http://localhost:${port}` },
    })
    port = (served.server.address() as AddressInfo).port
    try {
      const url = `http://localhost:${port}`
      const signing = (await ask(served.server, "signing-config.json")).body
      expect(signing.rekorTlogUrls.map((each: { url: string }) => each.url)).toEqual([url, url])
      const root = (await ask(served.server, "trusted-root.json")).body
      expect(root.tlogs[0].baseUrl).toBe(url)
    } finally {
      await served.close()
    }
  })

  test("gives that of its origin if it does not know where it listens", () =>
    withLog(undefined, async ({ server, log }) => {
      const root = (await ask(server, "trusted-root.json")).body
      expect(root.tlogs[0].baseUrl).toBe(`https://${log.origin}`)
    }))

  test("refuses to be made with a public URL that is none", async () => {
    await expect(withLog("log.example", async () => {})).rejects.toMatchObject({
      code: "malformed",
    })
  })
})

test("a witness keeps the path of its public URL in Location", async () => {
  const evidence = "a".repeat(64)
  const { server } = createWitnessServer({
    name: "witness.example",
    vkeys: [],
    publicUrl: "https://host.example/witness",
    obstacle: () => undefined,
    witness: {
      status: () => ({ logs: [], stopped: undefined }),
      takeEvidence: () => Promise.resolve({ id: evidence }),
    } as never,
  })
  const answer = await request(server).post("/evidence/").type("text/plain").send("x")
  expect([answer.status, answer.headers["location"]]).toEqual([
    201,
    `/witness/evidence/${evidence}`,
  ])
})
