// The client of a container registry against honest registries and against ones that try to hold, flood or mislead it.
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import type { RegistryOptions } from "../../../src/client/registry/connection.ts"
import { createRegistry, type Registry } from "../../../src/client/registry/registry.ts"
import { digestOf, type FakeRegistry, openFakeRegistry, putManifest } from "./fake-registry.ts"

let fake: FakeRegistry

beforeEach(async () => {
  fake = await openFakeRegistry()
})

afterEach(() => fake.close())

function client(options: Partial<RegistryOptions> = {}): Registry {
  return createRegistry({ url: fake.url, fetch: globalThis.fetch, timeout: 5_000, ...options })
}

const layer = { content: "layer", mediaType: "text/plain" }
const absent = `sha256:${"0".repeat(64)}`
const refusal = (code: string, message = "") => ({
  name: "Refusal",
  code,
  message: expect.stringContaining(message) as string,
})

describe("a client of a registry", () => {
  test("reads manifests by tag and by digest, blobs, tags and the catalog", async () => {
    const digest = putManifest(fake, "acme/app", [layer], { tag: "1" })
    const registry = client()
    const byTag = await registry.manifest("acme/app", "1")
    expect(byTag?.digest).toBe(digest)
    expect(await registry.manifest("acme/app", digest)).toEqual(byTag)
    const blob = await registry.blob("acme/app", digestOf("layer"), 5)
    expect(Buffer.from(blob ?? []).toString()).toBe("layer")
    expect(await registry.tags("acme/app")).toEqual({ found: ["1"], isWhole: true })
    expect(await registry.catalog()).toEqual({ found: ["acme/app"], isWhole: true })
  })

  test("says what is not there, and that a registry has no referrers API", async () => {
    const digest = putManifest(fake, "acme/app", [layer], { tag: "1" })
    const registry = client()
    expect(await registry.manifest("acme/app", "2")).toBeUndefined()
    expect(await registry.blob("acme/app", absent, 5)).toBeUndefined()
    expect(await registry.tags("acme/other")).toBeUndefined()
    expect(await registry.referrers("acme/app", digest)).toBeUndefined()
    fake.hasReferrers = true
    expect(await registry.referrers("acme/app", digest)).toEqual({ found: [], isWhole: true })
  })

  test("puts blobs and manifests", async () => {
    fake.repository("acme/app")
    const registry = client()
    const bytes = Buffer.from("put")
    expect(await registry.hasBlob("acme/app", digestOf(bytes))).toBe(false)
    await registry.putBlob("acme/app", digestOf(bytes), bytes)
    expect(await registry.hasBlob("acme/app", digestOf(bytes))).toBe(true)
    const manifest = { bytes: Buffer.from('{"layers":[]}'), mediaType: "text/x", digest: "" }
    expect(await registry.putManifest("acme/app", "new", manifest)).toBe(false)
    expect((await registry.manifest("acme/app", "new"))?.mediaType).toBe("text/x")
  })

  test("asks for the form of every manifest and for no encoding", async () => {
    let headers: NodeJS.Dict<string | string[]> = {}
    fake.front = (request) => {
      headers = request.headers
      return false
    }
    await client().manifest("acme/app", "1")
    expect(headers["accept"]).toContain("application/vnd.oci.image.index.v1+json")
    expect(headers["accept-encoding"]).toBe("identity")
  })
})

describe("a hostile registry", () => {
  test("with bytes of another digest is refused, manifest or blob", async () => {
    fake.front = (_request, response) => {
      response.end('{"layers":[]}')
      return true
    }
    await expect(client().manifest("acme/app", absent)).rejects.toMatchObject(refusal("mismatch"))
    await expect(client().blob("acme/app", absent, 100)).rejects.toMatchObject(refusal("mismatch"))
  })

  test("that announces 10 GB is refused before anything is read", async () => {
    fake.front = (_request, response) => {
      response.writeHead(200, { "content-length": String(10 * 1024 ** 3) })
      response.write("x")
      return true
    }
    const error = refusal("too-large", "found 10737418240")
    await expect(client().blob("acme/app", absent, 100)).rejects.toMatchObject(error)
    await expect(client().manifest("acme/app", "1")).rejects.toMatchObject(error)
  })

  test("that sends without an end is left at the bound", async () => {
    let sent = 0
    fake.front = (_request, response) => {
      const chunk = Buffer.alloc(65_536)
      const pour = (): void => {
        while (!response.destroyed && response.write(chunk)) sent += chunk.length
      }
      response.on("drain", pour)
      pour()
      return true
    }
    await expect(client().blob("acme/app", absent, 1_000_000)).rejects.toMatchObject(
      refusal("too-large"),
    )
    expect(sent).toBeLessThan(64 * 1024 * 1024)
  })

  test.each([
    ["says nothing", () => {}],
    ["stops in the middle", (response: { write(text: string): void }) => response.write("{")],
  ])("that %s is given up in time", async (_name, answer) => {
    fake.front = (_request, response) => {
      answer(response)
      return true
    }
    const registry = client({ timeout: 200 })
    await expect(registry.manifest("acme/app", "1")).rejects.toMatchObject({
      name: "Trouble",
      code: "network",
    })
  })

  test("whose catalog never ends is cut, with a word about it", async () => {
    let page = 0
    fake.front = (request, response) => {
      if (request.url?.startsWith("/v2/_catalog") !== true) return false
      page += 1
      response.setHeader("link", `</v2/_catalog?n=1&last=r${page}>; rel="next"`)
      response.end(JSON.stringify({ repositories: [`r${page}`] }))
      return true
    }
    const catalog = await client().catalog()
    expect(catalog?.isWhole).toBe(false)
    expect(page).toBe(1_000)
  })

  test("whose next page leads back is cut at once", async () => {
    fake.front = (_request, response) => {
      response.setHeader("link", '</v2/_catalog?last=a>; rel="next"')
      response.end('{"repositories":["a"]}')
      return true
    }
    expect((await client().catalog())?.isWhole).toBe(false)
    expect(fake.asked).toHaveLength(2)
  })

  test("whose next page is elsewhere is asked itself, and nobody else", async () => {
    fake.front = (request, response) => {
      if (request.url?.includes("last=") === true) return false
      response.setHeader("link", '<http://elsewhere.example/v2/_catalog?last=a>; rel="next"')
      response.end('{"repositories":["a"]}')
      return true
    }
    fake.repository("b")
    expect((await client().catalog())?.found).toEqual(["a", "b"])
  })

  test("that lists names which are none is asked for none of them", async () => {
    fake.front = (request, response) => {
      if (request.url?.startsWith("/v2/_catalog") !== true) return false
      response.end(JSON.stringify({ repositories: ["../x", "a b", "A", 7, "ok", "a?b=c"] }))
      return true
    }
    expect((await client().catalog())?.found).toEqual(["ok"])
  })

  test("is told by its status what may pass and what not", async () => {
    const answer = (status: number) => {
      fake.front = (_request, response) => {
        response.writeHead(status).end('{"errors":[{"code":"DENIED"}]}')
        return true
      }
      return client().manifest("acme/app", "1")
    }
    await expect(answer(403)).rejects.toMatchObject(refusal("not-allowed", "DENIED"))
    await expect(answer(429)).rejects.toMatchObject({ name: "Trouble", code: "network" })
    await expect(answer(503)).rejects.toMatchObject({ name: "Trouble", code: "network" })
    await expect(answer(418)).rejects.toMatchObject(refusal("malformed"))
  })
})

test("a registry that sends uploads elsewhere gets nothing sent there", async () => {
  const other = await openFakeRegistry()
  fake.front = (_request, response) => {
    response.writeHead(202, { location: `${other.url}/v2/acme/app/blobs/uploads/1` }).end()
    return true
  }
  const put = client({ redirectHosts: [other.host] }).putBlob(
    "acme/app",
    digestOf("x"),
    Buffer.from("x"),
  )
  await expect(put).rejects.toMatchObject(refusal("not-allowed"))
  expect(other.asked).toEqual([])
  await other.close()
})

describe("a registry that redirects", () => {
  let other: FakeRegistry

  beforeEach(async () => {
    other = await openFakeRegistry()
    putManifest(other, "acme/app", [layer], { tag: "1" })
    fake.front = (request, response) => {
      response.writeHead(307, { location: `${other.url}${request.url}` }).end()
      return true
    }
  })

  afterEach(() => other.close())

  test("to another host is not followed", async () => {
    const read = client().blob("acme/app", digestOf("layer"), 5)
    await expect(read).rejects.toMatchObject(refusal("not-allowed", "--redirect-host"))
    expect(other.asked).toEqual([])
  })

  test("to a host that was named is followed, without credentials", async () => {
    let shown: string | undefined
    other.front = (request) => {
      shown = request.headers.authorization
      return false
    }
    const grant = fake.front
    fake.front = (request, response) => {
      if (request.headers.authorization !== undefined) return grant(request, response)
      response.writeHead(401, { "www-authenticate": 'Basic realm="r"' }).end()
      return true
    }
    const registry = client({
      redirectHosts: [other.host],
      credentials: { form: "password", user: "u", password: "p" },
    })
    expect(await registry.blob("acme/app", digestOf("layer"), 5)).toHaveLength(5)
    expect(shown).toBeUndefined()
  })

  test("in circles is given up", async () => {
    fake.front = (request, response) => {
      response.writeHead(302, { location: request.url ?? "" }).end()
      return true
    }
    await expect(client().manifest("acme/app", "1")).rejects.toMatchObject(refusal("malformed"))
    expect(fake.asked.length).toBeLessThan(10)
  })

  test("with what is written is not followed", async () => {
    const registry = client({ redirectHosts: [other.host] })
    const write = registry.putBlob("acme/app", digestOf("x"), Buffer.from("x"))
    await expect(write).rejects.toMatchObject(refusal("not-allowed"))
    expect(other.asked).toEqual([])
  })
})

describe("credentials", () => {
  const credentials = { form: "password", user: "reader", password: "secret" } as const
  const basic = `Basic ${Buffer.from("reader:secret").toString("base64")}`

  /** Demands `wanted` in the Authorization header. */
  function demand(wanted: string, challenge: string): void {
    fake.front = (request, response) => {
      if (request.url?.startsWith("/token") === true) return false
      if (request.headers.authorization === wanted) return false
      response.writeHead(401, { "www-authenticate": challenge }).end()
      return true
    }
  }

  test("are shown to a registry that asks for them, and not before", async () => {
    putManifest(fake, "acme/app", [layer], { tag: "1" })
    demand(basic, 'Basic realm="registry"')
    expect(await client({ credentials }).manifest("acme/app", "1")).toBeDefined()
    await expect(client().manifest("acme/app", "1")).rejects.toMatchObject(
      refusal("not-allowed", "--registry-config"),
    )
  })

  test("are exchanged for a token on the registry's own host, once for each repository", async () => {
    putManifest(fake, "acme/app", [layer], { tag: "1" })
    const asked: (string | undefined)[] = []
    demand("Bearer abc", `Bearer realm="${fake.url}/token",service="reg,istry",scope="x"`)
    const front = fake.front
    fake.front = (request, response) => {
      if (request.url?.startsWith("/token") !== true) return front(request, response)
      asked.push(`${request.headers.authorization} ${request.url}`)
      response.end('{"access_token":"abc"}')
      return true
    }
    const registry = client({ credentials })
    await registry.manifest("acme/app", "1")
    await registry.tags("acme/app")
    const query = "service=reg%2Cistry&scope=repository%3Aacme%2Fapp%3Apull"
    expect(asked).toEqual([`${basic} /token?${query}`])
  })

  test("go to no token service that was not named", async () => {
    let isAsked = false
    const service = createServer((_request, response) => {
      isAsked = true
      response.end('{"token":"abc"}')
    })
    await new Promise<void>((resolve) => service.listen(0, "127.0.0.1", resolve))
    const host = `127.0.0.1:${(service.address() as AddressInfo).port}`
    demand("Bearer abc", `Bearer realm="http://${host}/token"`)
    const read = client({ credentials, tokenHosts: ["auth.example"] }).manifest("acme/app", "1")
    await expect(read).rejects.toMatchObject(refusal("not-allowed", "--token-host"))
    expect(isAsked).toBe(false)
    service.close()
  })

  test("of a refresh token are posted", async () => {
    putManifest(fake, "acme/app", [layer], { tag: "1" })
    demand("Bearer abc", `Bearer realm="${fake.url}/token"`)
    const front = fake.front
    let method: string | undefined
    fake.front = (request, response) => {
      if (request.url?.startsWith("/token") !== true) return front(request, response)
      method = request.method
      response.end('{"access_token":"abc"}')
      return true
    }
    const token = { form: "refresh-token", token: "long" } as const
    expect(await client({ credentials: token }).manifest("acme/app", "1")).toBeDefined()
    expect(method).toBe("POST")
  })

  test("in a token that would break out of its header are refused", async () => {
    demand("Bearer abc", `Bearer realm="${fake.url}/token"`)
    const front = fake.front
    fake.front = (request, response) => {
      if (request.url?.startsWith("/token") !== true) return front(request, response)
      response.end(JSON.stringify({ token: "abc\r\nx: y" }))
      return true
    }
    await expect(client().manifest("acme/app", "1")).rejects.toMatchObject(refusal("malformed"))
  })
})
