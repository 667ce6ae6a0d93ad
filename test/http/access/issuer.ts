// An issuer of OpenID Connect tokens for tests: its keys behind a listening HTTP server, and tokens under them.
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from "jose"

type Header = Parameters<SignJWT["setProtectedHeader"]>[0]

/** What a test signs otherwise. */
interface Signing {
  readonly header?: Partial<Header>
  readonly key?: Parameters<SignJWT["sign"]>[0]
}

export async function openIssuer(now: () => number) {
  let { kid, pair } = await newKey("k1")
  let body: string | undefined
  let status = 200
  let asked = 0

  async function newKey(name: string) {
    return { kid: name, pair: await generateKeyPair("ES256", { extractable: true }) }
  }

  async function keySet(): Promise<string> {
    return JSON.stringify({ keys: [{ ...(await exportJWK(pair.publicKey)), kid, alg: "ES256" }] })
  }

  const server = createServer((_, response) => {
    asked += 1
    void keySet().then((keys) => {
      response.writeHead(status, status === 302 ? { location: "/other" } : {})
      response.end(body ?? keys)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`

  return {
    url,
    asked: () => asked,
    publicKey: () => pair.publicKey,
    answer(next: { readonly status?: number; readonly body?: string }): void {
      status = next.status ?? 200
      body = next.body
    },
    async rotate(name: string): Promise<void> {
      ;({ kid, pair } = await newKey(name))
    },
    /** Good for a minute; members that are undefined are left out. */
    async token(claims: JWTPayload = {}, { header, key }: Signing = {}): Promise<string> {
      const seconds = Math.floor(now() / 1000)
      const usual = {
        iss: "https://issuer.example",
        aud: "log.example",
        sub: "repo:acme/app",
        iat: seconds,
        exp: seconds + 60,
        repository: "acme/app",
      }
      return await new SignJWT({ ...usual, ...claims })
        .setProtectedHeader({ alg: "ES256", kid, ...header } as Header)
        .sign(key ?? pair.privateKey)
    },
    close: () => new Promise((resolve) => server.close(resolve)),
  }
}

export type Issuer = Awaited<ReturnType<typeof openIssuer>>
