// Servers that speak TLS themselves: the files that they take, a pair that changes while requests are under way, pairs
// that do not do, certificates of clients, and clients that are no TLS clients.
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from "node:fs"
import { Agent } from "node:https"
import { connect } from "node:net"
import { join } from "node:path"
import { connect as connectTls } from "node:tls"
import { describe, expect, test } from "vitest"
import { auditFile } from "../../../src/storage/files/audit-file.ts"
import { newFolder } from "../../storage/folder.ts"
import { newLog } from "../log/new-log.ts"
import {
  countersign,
  PATIENCE,
  programCommand,
  type ServedLog,
  serve,
  serveInVain,
  startServing,
} from "../process.ts"
import { newWitness } from "../witness/new-witness.ts"
import { askPlain, askTls } from "./asking.ts"
import { type Issued, newAuthority, type TestAuthority } from "./certificates.ts"

const tlsWords = ({ certificate, key }: Issued): readonly string[] => [
  ...["--tls-certificate", certificate, "--tls-key", key],
]

interface Served extends ServedLog {
  readonly data: string
  /** All that it wrote so far. */
  readonly wrote: () => string
}

/** Serves a new log with these words; it writes to `wrote`. */
async function serveLog(words: readonly string[]): Promise<Served> {
  const { data, options } = await newLog()
  let seen = ""
  const command = [...programCommand, "serve", "--data", data, "--listen", "127.0.0.1:0"]
  const served = await startServing([...command, ...options.words, ...words], {
    onStderr(text) {
      seen += text
    },
  })
  if (!("client" in served)) throw new Error(`the server ended:\n${served.stderr}`)
  return { ...served, data, wrote: () => seen }
}

/** Files under stable names, as a server is told them, into which pairs are put. */
function newPlace() {
  const folder = newFolder()
  const files = { certificate: join(folder, "tls.crt"), key: join(folder, "tls.key") }
  return {
    files,
    put({ certificate, key }: Issued): void {
      for (const [from, to] of [
        [certificate, files.certificate],
        [key, files.key],
      ] as const) {
        copyFileSync(from, `${to}.new`)
        renameSync(`${to}.new`, to)
      }
    },
  }
}

test("log, witness and monitor are reached by https, and say so", async () => {
  const { file: ca, issue } = newAuthority()
  const words = tlsWords(issue("server"))
  const folder = newFolder()
  const log = await serveLog(words)
  expect(log.url).toMatch(/^https:\/\/127\.0\.0\.1:[0-9]+$/)
  expect(await askTls(`${log.url}/readyz`, { ca })).toMatchObject({ status: 200 })
  await expect(askTls(`${log.url}/readyz`)).rejects.toThrow(/certificate/i)

  const { stdout: lines } = await countersign("keys", "--data", log.data, "--format", "policy")
  const policy = lines.replace(/(^log \S+) *\S*/gm, `$1 ${log.url}`)
  const witness = await newWitness(policy)
  const served = await witness.serve({ words: [...words, "--ca-file", ca] })
  expect(await askTls(`${served.url}/livez`, { ca })).toMatchObject({ status: 200 })

  const [file, data] = [join(folder, "logs.policy"), join(folder, "monitor")]
  writeFileSync(file, policy)
  await countersign("monitor", "init", "--data", data, "--policy", file, "--expect-empty")
  const run = ["monitor", "run", "--data", data, "--listen", "127.0.0.1:0", "--ca-file", ca]
  const monitor = await startServing([...programCommand, ...run, ...words])
  if (!("client" in monitor)) throw new Error(monitor.stderr)
  const { body } = await askTls(`${monitor.url}/metrics`, { ca })
  expect(body).toMatch(/^countersign_tls_certificate_expiry_timestamp_seconds [0-9]/m)
})

test("the addresses in signing config and trusted root follow, and the metric tells when the certificate ends", async () => {
  const { file: ca, issue } = newAuthority()
  const folder = newFolder()
  const command = [...programCommand, "serve", "--dev", "--data", join(folder, "data")]
  const places = ["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"]
  const served = await startServing([
    ...command,
    ...places,
    ...tlsWords(issue("server", { days: 3 })),
  ])
  if (!("client" in served)) throw new Error(served.stderr)
  const { port } = new URL(served.url)
  const { body } = await askTls(`${served.url}/v1/signing-config.json`, { ca })
  expect(body).toContain(`https://localhost:${port}`)
  expect(served.said).toContain("ends in less than 7 days")
  const [, admin = ""] = /"admin":"([^"]+)"/.exec(served.said) ?? []
  const metrics = await askPlain(`${admin}/metrics`)
  const [, ends] =
    /^countersign_tls_certificate_expiry_timestamp_seconds ([0-9.e+]+)$/m.exec(metrics.body) ?? []
  expect(Number(ends) - Date.now() / 1000).toBeGreaterThan(2 * 86_400)
  expect(Number(ends) - Date.now() / 1000).toBeLessThan(3 * 86_400 + 60)
})

describe("a pair that changes", () => {
  test("on SIGHUP is given to new connections while no request fails", async () => {
    const { file: ca, issue } = newAuthority()
    const place = newPlace()
    place.put(issue("first"))
    const served = await serveLog(tlsWords(place.files))
    const agent = new Agent({ keepAlive: true, maxSockets: 4 })
    const seen = new Set<string | undefined>()
    let isOver = false
    let requests = 0

    async function load(kept?: Agent): Promise<void> {
      while (!isOver) {
        const { status, fingerprint } = await askTls(`${served.url}/checkpoint`, {
          ca,
          ...(kept && { agent: kept }),
        })
        expect(status).toBe(200)
        if (kept === undefined) seen.add(fingerprint)
        requests += 1
      }
    }

    const loads = [load(agent), load(agent), load(), load()]
    for (const name of ["second", "third"]) {
      const before = seen.size
      place.put(issue(name))
      served.send("SIGHUP")
      await expect.poll(() => seen.size, PATIENCE).toBeGreaterThan(before)
    }
    isOver = true
    await Promise.all(loads)
    agent.destroy()
    expect(requests).toBeGreaterThan(10)
    served.send("SIGHUP")
    expect(await served.stop()).toMatchObject({ code: 0 })
    const acts = readFileSync(auditFile(served.data), "utf8").split("\n")
    const changes = acts.filter((line) => line.includes('"certificate-changed"'))
    // A pair that is read again and is the same is no act.
    expect(changes).toHaveLength(2)
    const shown = [...seen].filter((each) => changes.some((line) => line.includes(String(each))))
    expect(shown).toHaveLength(2)
  })

  test("is found without a signal, also where a folder of links is swapped", async () => {
    const { file: ca, issue } = newAuthority()
    const folder = newFolder()
    const put = (name: string, { certificate, key }: Issued): void => {
      mkdirSync(join(folder, name))
      copyFileSync(certificate, join(folder, name, "tls.crt"))
      copyFileSync(key, join(folder, name, "tls.key"))
      symlinkSync(name, join(folder, "next"))
      renameSync(join(folder, "next"), join(folder, "..data"))
    }
    put("one", issue("one"))
    symlinkSync("..data/tls.crt", join(folder, "tls.crt"))
    symlinkSync("..data/tls.key", join(folder, "tls.key"))
    const files = { certificate: join(folder, "tls.crt"), key: join(folder, "tls.key") }
    const { url } = await serveLog(tlsWords(files))
    const shown = async () => (await askTls(`${url}/livez`, { ca })).fingerprint
    const before = await shown()
    put("two", issue("two"))
    await expect.poll(shown, PATIENCE).not.toBe(before)
  })

  test("and does not match, cannot be read or has expired is told, and the one before stays", async () => {
    const { file: ca, issue } = newAuthority()
    const place = newPlace()
    const [first, second] = [issue("first"), issue("second")]
    place.put(first)
    const served = await serveLog(tlsWords(place.files))
    const shown = async () => (await askTls(`${served.url}/livez`, { ca })).fingerprint
    const before = await shown()

    async function expectKept(change: () => void, message: string): Promise<void> {
      change()
      served.send("SIGHUP")
      await expect.poll(served.wrote, PATIENCE).toContain(message)
      expect(await shown()).toBe(before)
    }

    await expectKept(
      () => place.put({ ...second, key: first.key }),
      "is not the key of the first certificate",
    )
    await expectKept(
      () => writeFileSync(place.files.certificate, "nothing"),
      "expected PEM certificates",
    )
    await expectKept(
      () => place.put(issue("old", { days: -1 })),
      "the new TLS certificate has expired",
    )
    place.put(second)
    await expect.poll(shown, PATIENCE).not.toBe(before)
    expect(served.wrote()).toContain("TLS pair loaded")
  })
})

describe("a server does not start", () => {
  type Words = (issue: TestAuthority["issue"]) => readonly string[]

  test.each<[string, Words, string]>([
    [
      "one option alone",
      (issue) => ["--tls-key", issue("one").key],
      "give both --tls-certificate and --tls-key",
    ],
    [
      "another key",
      (issue) => tlsWords({ ...issue("one"), key: issue("other").key }),
      "is not the key of the first certificate",
    ],
    ["no such file", (issue) => tlsWords({ ...issue("one"), certificate: "/nowhere" }), "/nowhere"],
    [
      "a key that is encrypted",
      (issue) => tlsWords(issue("sealed", { passphrase: "open sesame" })),
      "--passphrase-file",
    ],
    [
      "required certificates of nobody",
      (issue) => [...tlsWords(issue("one")), "--require-client-certificate"],
      "--tls-client-ca",
    ],
    [
      "a key that others can read",
      (issue) => {
        const open = issue("open")
        chmodSync(open.key, 0o640)
        return tlsWords(open)
      },
      "chmod 600",
    ],
  ])("with %s", async (_, words, reason) => {
    const { data, options } = await newLog()
    const own = words(newAuthority().issue)
    const ended = await serveInVain(data, { words: [...options.words, ...own] })
    expect(ended).toMatchObject({ code: 1, stderr: expect.stringContaining(reason) })
  })

  test("but with an encrypted key whose passphrase it is given, and with an expired certificate, which it tells", async () => {
    const { issue } = newAuthority()
    const passphrase = join(newFolder(), "passphrase")
    writeFileSync(passphrase, "open sesame\n", { mode: 0o600 })
    const sealed = issue("sealed", { passphrase: "open sesame" })
    const { url } = await serveLog([...tlsWords(sealed), "--passphrase-file", passphrase])
    expect(url).toMatch(/^https:/)
    const { said } = await serveLog(tlsWords(issue("old", { days: -1 })))
    expect(said).toContain("the TLS certificate has expired")
  })
})

describe("certificates of clients", () => {
  test("are asked for, and whoever has none is served, unless they are required", async () => {
    const { file: ca, issue } = newAuthority()
    const words = [...tlsWords(issue("server")), "--tls-client-ca", ca]
    const client = issue("client", { names: "DNS:ci.example" })
    const stranger = newAuthority().issue("stranger")

    const open = await serveLog(words)
    for (const each of [undefined, client, stranger]) {
      const told = await askTls(`${open.url}/livez`, { ca, ...(each && { client: each }) })
      expect(told.status).toBe(200)
    }

    const closed = await serveLog([...words, "--require-client-certificate"])
    expect(await askTls(`${closed.url}/livez`, { ca, client })).toMatchObject({ status: 200 })
    for (const each of [undefined, stranger]) {
      await expect(
        askTls(`${closed.url}/livez`, { ca, ...(each && { client: each }) }),
      ).rejects.toThrow()
    }
    expect(await askTls(`${closed.url}/livez`, { ca, client })).toMatchObject({ status: 200 })
  })

  test("of an authority that was taken away are turned away from then on", async () => {
    const { file: ca, issue } = newAuthority()
    const [before, after] = [newAuthority(), newAuthority()]
    const file = join(newFolder(), "clients.pem")
    copyFileSync(before.file, file)
    const words = ["--tls-client-ca", file, "--require-client-certificate"]
    const served = await serveLog([...tlsWords(issue("server")), ...words])
    const [old, young] = [before.issue("old"), after.issue("young")]
    const ask = (client: Issued) => askTls(`${served.url}/livez`, { ca, client })
    expect(await ask(old)).toMatchObject({ status: 200 })
    await expect(ask(young)).rejects.toThrow()
    copyFileSync(after.file, file)
    served.send("SIGHUP")
    await expect.poll(served.wrote, PATIENCE).toContain("TLS pair loaded")
    expect(await ask(young)).toMatchObject({ status: 200 })
    await expect(ask(old)).rejects.toThrow()
  })

  test("are looked at on each connection: no session is taken up again", async () => {
    const { file: ca, issue } = newAuthority()
    const { url } = await serveLog([...tlsWords(issue("server")), "--tls-client-ca", ca])
    const { port, hostname } = new URL(url)

    function isReused(
      maxVersion: "TLSv1.2" | "TLSv1.3",
      session?: Buffer,
    ): Promise<[boolean, Buffer | undefined]> {
      return new Promise((resolve, reject) => {
        const socket = connectTls({
          ...{ host: hostname, port: Number(port), ca: readFileSync(ca), maxVersion },
          ...(session && { session }),
        })
        let ticket: Buffer | undefined
        let isSame = false
        socket.on("secureConnect", () => {
          isSame = socket.isSessionReused()
        })
        socket.on("session", (given: Buffer) => {
          ticket = given
        })
        socket.on("error", reject)
        socket.on("data", () => socket.end())
        socket.on("close", () => resolve([isSame, ticket]))
        socket.write("GET /livez HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n")
      })
    }

    for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
      const [, session] = await isReused(version)
      expect((await isReused(version, session))[0]).toBe(false)
    }
  })
})

test("TLS 1.1 is refused, plain HTTP gets no answer, a slow handshake is cut, and others are served meanwhile", async () => {
  const { file: ca, issue } = newAuthority()
  const served = await serveLog(tlsWords(issue("server")))
  const { port, hostname: host } = new URL(served.url)
  const slow = connect(Number(port), host)
  const isCut = new Promise<void>((resolve) => slow.once("close", () => resolve()))
  slow.on("error", () => {})
  slow.write(Buffer.from([0x16, 0x03, 0x01]))

  await expect(askPlain(served.url.replace("https:", "http:"))).rejects.toThrow()
  const old = new Promise((resolve, reject) => {
    const options = {
      host,
      port: Number(port),
      ca: readFileSync(ca),
      maxVersion: "TLSv1.1" as const,
    }
    const minVersion = { minVersion: "TLSv1" as const, ciphers: "DEFAULT@SECLEVEL=0" }
    connectTls({ ...options, ...minVersion }, () => resolve("a connection")).on("error", reject)
  })
  await expect(old).rejects.toThrow()
  expect(await askTls(`${served.url}/livez`, { ca })).toMatchObject({ status: 200 })
  await isCut
  expect(await served.stop()).toMatchObject({ code: 0 })
})

test("a server without TLS on all addresses says so, unless something with TLS stands in front", async () => {
  const message = "HTTP without TLS"
  const { data, options } = await newLog()
  const everywhere = [...options.words, "--listen", "0.0.0.0:0"]
  const exposed = await serve(data, { words: everywhere })
  await expect.poll(() => exposed.said, PATIENCE).toContain(message)
  await exposed.stop()
  const fronted = await serve(data, {
    words: [...everywhere, "--public-url", "https://log.example"],
  })
  expect(fronted.said).not.toContain(message)
  await fronted.stop()
  const local = await serve(data, options)
  expect(local.said).not.toContain(message)
})
