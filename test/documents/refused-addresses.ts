// What is said of addresses and networks, for docs/refusals.md: URLs that are none, and servers, proxies and certificates
// that are not what was expected.
import type { RequestListener } from "node:http"
import { run } from "../cli/command/fake-terminal.ts"
import { makeTlsAuthority, openProxy, openServer, openTlsServer } from "../cli/network/network.ts"
import type { Workspace } from "../cli/workspace.ts"

type Environment = Readonly<Record<string, string>>

async function head(url: string, environment: Environment = {}, ...words: readonly string[]) {
  const { code, err } = await run(["checkpoint", "--log", url, "--retries", "0", ...words], {
    environment,
  })
  return `${code} ${err
    .trim()
    .split("\n")
    .at(-1)
    ?.replace(/^countersign: /, "")}`
}

const named = (url: string, environment?: Environment) => async (): Promise<string> =>
  await head(url, environment)

const served = (listener: RequestListener) => async () => {
  const server = await openServer(listener)
  try {
    return await head(`http://127.0.0.1:${server.port}`)
  } finally {
    await server.close()
  }
}

const overTls =
  (names: string, isTrusted: boolean, days = 2) =>
  async () => {
    const authority = makeTlsAuthority()
    const server = await openTlsServer(authority.certify(names, days), (_, response) => {
      response.end()
    })
    try {
      const words = isTrusted ? ["--ca-file", authority.caFile] : []
      const url = `https://127.0.0.1:${server.port}`
      return await head(url, { SSL_CERT_FILE: "/nothing" }, ...words)
    } finally {
      await server.close()
      authority.close()
    }
  }

const proxied = (status: number, credentials?: string) => async () => {
  const open = await openProxy({ to: () => 1, status, ...(credentials && { credentials }) })
  try {
    const proxy = `http://127.0.0.1:${open.port}`
    return await head("https://log.example.test", { HTTPS_PROXY: proxy })
  } finally {
    await open.close()
  }
}

/** The rows of the document's table, in its order. */
export function addressRefusals(workspace: () => Workspace) {
  return [
    ["a host without a scheme", named("log.example.com")],
    ["another scheme", named("ftp://log.example.com")],
    ["an IPv6 address without brackets", named("http://::1:3000")],
    ["an IPv6 address with a zone", named("http://[fe80::1%eth0]:3000")],
    ["a user and a password in the URL", named("https://me:secret@log.example.com")],
    ["a query", named("https://log.example.com/?a=b")],
    ["a port where nobody listens", named("http://127.0.0.1:4")],
    [
      "https:// where no TLS is spoken",
      async () => await head(workspace().url.replace("http:", "https:")),
    ],
    ["a path that the log is not below", async () => await head(`${workspace().url}/nowhere`)],
    [
      "a server that redirects",
      served((_, response) => {
        response.writeHead(301, { location: "https://elsewhere.example/checkpoint" }).end()
      }),
    ],
    [
      "a page of a proxy or a portal",
      served((_, response) => {
        response.writeHead(200, { "content-type": "text/html" }).end("<html>sign in</html>")
      }),
    ],
    ["an authority that is not known", overTls("IP:127.0.0.1", false)],
    ["a certificate for another name", overTls("DNS:other.example", true)],
    ["a certificate that has run out", overTls("IP:127.0.0.1", true, -1)],
    [
      "`--ca-file` without a certificate",
      async () =>
        await head(workspace().url, {}, "--ca-file", workspace().write("FILE", "no PEM\n")),
    ],
    ["a proxy that is no URL", named("https://log.example.test", { HTTPS_PROXY: "ftp://proxy" })],
    ["a proxy that refuses", proxied(403)],
    ["a proxy that asks for credentials", proxied(200, "user:secret")],
  ] as const
}
