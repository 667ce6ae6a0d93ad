// Reaching a log through real proxies and over real TLS with an authority of the test's own: what is used, what is
// said when it does not work, and that nothing is loaded or asked that was not wanted.
import { writeFileSync } from "node:fs"
import { request as forwardTo } from "node:http"
import { join } from "node:path"
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest"
import type { Fetch } from "../../../src/client/exchange.ts"
import { noNetwork, run } from "../command/fake-terminal.ts"
import { openWorkspace, type Workspace } from "../workspace.ts"
import {
  type Authority,
  makeTlsAuthority,
  type Opened,
  openProxy,
  openServer,
  openTlsServer,
} from "./network.ts"

let workspace: Workspace
let authority: Authority
const open: Opened[] = []

beforeAll(async () => {
  workspace = await openWorkspace()
  authority = makeTlsAuthority()
})

afterEach(async () => {
  for (const each of open.splice(0)) await each.close()
})

afterAll(async () => {
  authority.close()
  await workspace.close()
})

function keep<T extends Opened>(opened: T): T {
  open.push(opened)
  return opened
}

/** The log over TLS, with a certificate for these names. */
async function overTls(names: string, days?: number): Promise<Opened> {
  const { port } = workspace.served
  return keep(
    await openTlsServer(authority.certify(names, days), (incoming, response) => {
      const { method, url, headers } = incoming
      const sent = forwardTo({ port, host: "127.0.0.1", method, path: url, headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 500, answer.headers)
        answer.pipe(response)
      })
      incoming.pipe(sent)
    }),
  )
}

function head(url: string, environment: Record<string, string> = {}, ...words: string[]) {
  return run(["checkpoint", "--log", url, "--retries", "0", ...words], { environment })
}

const NAME = "DNS:log.example.test,IP:127.0.0.1,IP:::1"
const caFile = () => ["--ca-file", authority.caFile]

describe("over TLS", () => {
  test("a private authority is named in the error, and trusted with --ca-file", async () => {
    const { port } = await overTls(NAME)
    const url = `https://127.0.0.1:${port}`
    const unknown = await head(url, { SSL_CERT_FILE: "/nothing" })
    expect(unknown).toMatchObject({ code: 1, out: "" })
    expect(unknown.err).toMatch(
      /no answer from https:\/\/127\.0\.0\.1:\d+: its certificate .*self-signed certificate.*--ca-file FILE/,
    )
    expect(await head(url, {}, ...caFile())).toMatchObject({ code: 0 })
  })

  test("the system's store and the variables that stand in for it are trusted besides", async () => {
    const { port } = await overTls(NAME)
    const url = `https://127.0.0.1:${port}`
    expect(await head(url, { SSL_CERT_FILE: authority.caFile })).toMatchObject({ code: 0 })
    expect(await head(url, { NODE_EXTRA_CA_CERTS: authority.caFile })).toMatchObject({ code: 0 })
    writeFileSync(join(authority.folder, "broken.pem"), "-----BEGIN CERTIFICATE-----\nAAAA\n")
    const folders = `/nothing:${authority.folder}`
    expect(await head(url, { SSL_CERT_DIR: folders })).toMatchObject({ code: 0 })
  })

  test("what is submitted is sent once the authority is known, and once only", async () => {
    const { port } = await overTls(NAME)
    const { size } = workspace.served.log.head()
    const artifact = workspace.write("over-tls", "over TLS")
    const key = workspace.path("tls.pem")
    const { execFileSync } = await import("node:child_process")
    const curve = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]
    execFileSync("openssl", ["genpkey", ...curve, "-out", key], { stdio: "pipe" })
    const ran = await run(
      ["submit", "--log", `https://127.0.0.1:${port}`, "--artifact", artifact, "--key", key],
      { environment: { SSL_CERT_FILE: authority.caFile } },
    )
    expect(ran).toMatchObject({ code: 0 })
    expect(workspace.served.log.head().size).toBe(size + 1)
  })

  test("an authority of another name is no help, and the file is named", async () => {
    const other = makeTlsAuthority()
    const { port } = await overTls(NAME)
    const ran = await head(`https://127.0.0.1:${port}`, {}, "--ca-file", other.caFile)
    other.close()
    expect(ran.code).toBe(1)
    expect(ran.err).toContain(`${other.caFile} has no certificate of its authority`)
  })

  test("a certificate for other names, or one that has run out, stays refused with --ca-file", async () => {
    const named = await overTls("DNS:other.example")
    const wrong = await head(`https://127.0.0.1:${named.port}`, {}, ...caFile())
    expect(wrong.code).toBe(1)
    expect(wrong.err).toMatch(/certificate is for other names .*other\.example/)
    const expired = await overTls(NAME, -1)
    const old = await head(`https://127.0.0.1:${expired.port}`, {}, ...caFile())
    expect(old.code).toBe(1)
    expect(old.err).toMatch(/not valid now \(certificate has expired\).*clock/)
  })

  test("a server without TLS is told from one with a bad certificate", async () => {
    const ran = await head(workspace.url.replace("http:", "https:"))
    expect(ran.code).toBe(1)
    expect(ran.err).toContain("it does not speak TLS there: write http://")
  })

  test("--ca-file that is missing, or has no certificate, is a failure that says so", async () => {
    const missing = await head(workspace.url, {}, "--ca-file", workspace.path("nowhere.pem"))
    expect(missing.code).toBe(1)
    expect(missing.err).toContain("nowhere.pem")
    for (const [text, found] of [
      ["", "found none"],
      ["-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "found 1 that cannot"],
    ] as const) {
      const file = workspace.write("bad.pem", text)
      const ran = await head(workspace.url, {}, "--ca-file", file)
      expect(ran.code).toBe(1)
      expect(ran.err).toContain(found)
    }
  })
})

describe("through a proxy", () => {
  const secret = "user:se cret"
  const withSecret = (port: number) => `http://user:se%20cret@127.0.0.1:${port}`

  test("a log is asked over CONNECT, with credentials and an authority of its own", async () => {
    const { port } = await overTls(NAME)
    const proxy = keep(await openProxy({ to: () => port, credentials: secret }))
    const url = "https://log.example.test/"
    const ran = await head(url, { HTTPS_PROXY: withSecret(proxy.port) }, ...caFile())
    expect(ran).toMatchObject({ code: 0, err: expect.not.stringContaining("cret") })
    expect(proxy.asked).toEqual(["CONNECT log.example.test:443"])
    const system = { https_proxy: withSecret(proxy.port), SSL_CERT_FILE: authority.caFile }
    expect(await head(url, system)).toMatchObject({ code: 0 })
  })

  test("a log over plain HTTP is asked for in absolute form", async () => {
    const proxy = keep(await openProxy({ to: () => workspace.served.port }))
    const url = "http://log.example.test/"
    expect(await head(url, { http_proxy: `127.0.0.1:${proxy.port}` })).toMatchObject({ code: 0 })
    expect(proxy.asked).toEqual(["GET http://log.example.test/checkpoint"])
  })

  test("that speaks TLS itself, a log is asked, too", async () => {
    const { port } = await overTls(NAME)
    const identity = authority.certify("IP:127.0.0.1")
    const proxy = keep(await openProxy({ to: () => port, identity }))
    const environment = { HTTPS_PROXY: `https://127.0.0.1:${proxy.port}` }
    const ran = await head("https://log.example.test/", environment, ...caFile())
    expect(ran).toMatchObject({ code: 0 })
    expect(proxy.asked).toEqual(["CONNECT log.example.test:443"])
  })

  test("that asks for credentials, it is said where they go, and they are never shown", async () => {
    const { port } = await overTls(NAME)
    const proxy = keep(await openProxy({ to: () => port, credentials: secret }))
    const place = `http://127.0.0.1:${proxy.port}`
    const wrong = `http://user:hush@127.0.0.1:${proxy.port}`
    for (const url of ["https://log.example.test", "http://log.example.test"]) {
      const none = await head(url, { HTTP_PROXY: place, HTTPS_PROXY: place })
      expect(none.code).toBe(1)
      expect(none.err).toContain(`the proxy ${place} asks for credentials: give them in HTTP`)
      const others = await head(url, { HTTP_PROXY: wrong, HTTPS_PROXY: wrong })
      expect(others.code).toBe(1)
      expect(others.err).toContain(`the proxy ${place} does not take the credentials`)
      expect(others.err).not.toContain("hush")
    }
  })

  test("that leads nowhere, it is the proxy that is named", async () => {
    const proxy = keep(await openProxy({ to: () => 1, status: 403 }))
    const place = `http://user:hush@127.0.0.1:${proxy.port}`
    const refused = await head("https://log.example.test", { HTTPS_PROXY: place })
    expect(refused.err).toMatch(/the proxy http:\/\/127\.0\.0\.1:\d+ \(HTTPS_PROXY\) answers 403/)
    expect(refused.err).toContain("NO_PROXY")
    await open.pop()?.close()
    const gone = await head("https://log.example.test", { HTTPS_PROXY: place })
    expect(gone).toMatchObject({ code: 1 })
    expect(gone.err).toMatch(
      /by the proxy http:\/\/127\.0\.0\.1:\d+ \(HTTPS_PROXY\): .*ECONNREFUSED/,
    )
    expect(refused.err + gone.err).not.toContain("hush")
  })

  test("this machine itself is never asked, nor what NO_PROXY names", async () => {
    const proxy = keep(await openProxy({ to: () => workspace.served.port }))
    const place = { HTTP_PROXY: `http://127.0.0.1:${proxy.port}` }
    expect(await head(workspace.url, place)).toMatchObject({ code: 0 })
    const direct = { ...place, NO_PROXY: "*.example.test" }
    await head("http://log.example.test", direct, "--timeout", "1")
    expect(proxy.asked).toEqual([])
  })

  test("of a kind that is not known, nothing is asked directly instead", async () => {
    const environment = { HTTP_PROXY: "socks5://127.0.0.1:1" }
    const ran = await run(["checkpoint", "--log", "http://log.example.test"], {
      environment,
      fetch: noNetwork,
    })
    expect(ran.code).toBe(1)
    expect(ran.err).toContain("found a proxy of the kind socks5")
  })

  test("registries and their token services are asked as well", async () => {
    const registry = keep(
      await openServer((request, response) => {
        const isToken = request.url?.startsWith("/token") === true
        if (isToken) return void response.end(JSON.stringify({ token: "t" }))
        if (request.headers.authorization === "Bearer t") return void response.writeHead(404).end()
        const challenge = 'Bearer realm="http://registry.example.test/token",service="r"'
        response.writeHead(401, { "www-authenticate": challenge }).end()
      }),
    )
    const proxy = keep(await openProxy({ to: () => registry.port }))
    const image = "registry.example.test/app:1"
    const ran = await run(
      [
        ...["attach", "--log", workspace.url, "--image", image],
        ...["--registry", "http://registry.example.test"],
      ],
      { environment: { HTTP_PROXY: `http://127.0.0.1:${proxy.port}` } },
    )
    expect(ran.code).toBe(1)
    expect(proxy.asked.some((line) => line.includes("http://registry.example.test/token"))).toBe(
      true,
    )
    expect(proxy.asked.every((line) => line.includes("http://registry.example.test/"))).toBe(true)
  })
})

test("without a proxy or a private authority it is the platform's fetch that is used", async () => {
  const asked: string[] = []
  const fetch: Fetch = (url, init) => {
    asked.push(String(url))
    return globalThis.fetch(url, init)
  }
  const environment = { HTTPS_PROXY: "http://proxy.example.test:1", SSL_CERT_FILE: "/nothing" }
  const ran = await run(["checkpoint", "--log", workspace.url], { fetch, environment })
  expect(ran).toMatchObject({ code: 0 })
  expect(asked).toEqual([`${workspace.url}/checkpoint`])
})
