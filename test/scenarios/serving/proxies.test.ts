// The proxies of docs/operating.md, as they stand there but for places, in front of a log behind a Unix socket. Each is
// tried where it is installed (Debian's nginx and caddy), and it is said where it is not.
import { spawnSync } from "node:child_process"
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { type AddressInfo, createServer } from "node:net"
import { join } from "node:path"
import { expect, test } from "vitest"
import { newFolder } from "../../storage/folder.ts"
import { newLog } from "../log/new-log.ts"
import { checkout, PATIENCE, programCommand, start } from "../process.ts"
import { askTls } from "./asking.ts"
import { newAuthority } from "./certificates.ts"

const isThere = (program: string, flag: string): boolean => {
  const found = spawnSync(program, [flag]).error === undefined
  if (!found) console.warn(`NOT TRIED: ${program} is not there; install Debian's package`)
  return found
}

/** The block of this language below "Behind a proxy". */
function sample(language: string): string {
  const text = readFileSync(join(checkout, "docs/operating.md"), "utf8")
  const [, below = ""] = text.split("\n## Behind a proxy\n")
  const [, found = ""] =
    new RegExp(`^\`\`\`${language}\\n([\\s\\S]+?)^\`\`\`$`, "m").exec(below) ?? []
  return found
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const { port } = server.address() as AddressInfo
  await new Promise<void>((resolve) => server.close(() => resolve()))
  return port
}

/** A log at a Unix socket, and where its proxy is to listen. */
async function behind() {
  const folder = newFolder()
  const socket = join(folder, "log.sock")
  const { data, options } = await newLog()
  const words = ["--listen", `unix:${socket}`, "--public-url", "https://log.example.com"]
  let wrote = ""
  start([...programCommand, "serve", "--data", data, ...options.words, ...words], {
    onStderr(text) {
      wrote += text
    },
  })
  await expect.poll(() => wrote, PATIENCE).toContain('"msg":"serving"')
  const { file: ca, issue } = newAuthority()
  return { folder, socket, port: await freePort(), ca, issued: issue("proxy") }
}

async function expectPassed(port: number, ca: string): Promise<void> {
  const base = `https://127.0.0.1:${port}`
  const ask = (path: string) => askTls(`${base}${path}`, { ca }).catch(() => undefined)
  await expect.poll(async () => (await ask("/readyz"))?.status, PATIENCE).toBe(200)
  expect((await ask("/checkpoint"))?.body).toContain("log.example\n0\n")
  // Two slashes at the beginning and one at the end are the same place, and go through.
  expect(await ask("//checkpoint/")).toMatchObject({ status: 200 })
  expect(await ask("/tile/0/x000%2F000")).toMatchObject({ status: 400 })
}

test.skipIf(!isThere("nginx", "-v"))("nginx passes everything on", async () => {
  const { folder, socket, port, ca, issued } = await behind()
  for (const name of ["body", "proxy", "fastcgi", "uwsgi", "scgi"]) mkdirSync(join(folder, name))
  const places = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (name) => `${name}_temp_path ${join(folder, name.replace("client_", ""))};`,
  )
  const config = sample("nginx")
    .replace("/run/countersign/log.sock", socket)
    .replace("listen 443", `listen 127.0.0.1:${port}`)
    .replace("/etc/nginx/log.pem", issued.certificate)
    .replace("/etc/nginx/log.key", issued.key)
    .replace("http {", `http {\n  access_log off;\n  ${places.join("\n  ")}`)
  writeFileSync(join(folder, "nginx.conf"), config)
  const directives = `daemon off; pid ${join(folder, "pid")}; user root;`
  start(["nginx", "-p", folder, "-e", "stderr", "-c", join(folder, "nginx.conf"), "-g", directives])
  await expectPassed(port, ca)
})

test.skipIf(!isThere("caddy", "version"))("Caddy passes everything on", async () => {
  const { folder, socket, port, ca, issued } = await behind()
  const config = sample("caddy")
    .replace("/run/countersign/log.sock", socket)
    .replace(
      "log.example.com {",
      `https://127.0.0.1:${port} {\n  tls ${issued.certificate} ${issued.key}`,
    )
  const file = join(folder, "Caddyfile")
  writeFileSync(file, `{\n  admin off\n  auto_https disable_redirects\n}\n${config}`)
  start(["caddy", "run", "--config", file, "--adapter", "caddyfile"], { env: { HOME: folder } })
  await expectPassed(port, ca)
})
