// What NO_PROXY exempts, held against what Go's programs and curl do with the same text, and which proxy the variables
// name for a URL.
import { describe, expect, test } from "vitest"
import { isLoopback, parseNoProxy } from "../../../src/cli/network/no-proxy.ts"
import { proxiesOf } from "../../../src/cli/network/proxies.ts"

const exempt: readonly (readonly [noProxy: string, url: string])[] = [
  ["*", "https://log.example"],
  ["a.example, *", "https://log.example"],
  ["log.example", "https://log.example/"],
  ["log.example", "https://LOG.example:8443/"],
  ["log.example", "https://a.log.example"],
  ["LOG.Example", "https://log.example"],
  ["log.example.", "https://log.example"],
  ["log.example", "https://log.example."],
  [".example", "https://log.example"],
  ["*.example", "https://log.example"],
  ["log.example:8443", "https://log.example:8443"],
  ["log.example:443", "https://log.example"],
  ["log.example:80", "http://log.example"],
  ["a.example b.example", "https://b.example"],
  ["a.example,,b.example", "https://b.example"],
  ["10.1.2.3", "http://10.1.2.3:5000"],
  ["10.1.2.3:5000", "http://10.1.2.3:5000"],
  ["10.0.0.0/8", "http://10.200.1.1"],
  ["10.0.0.0/8", "http://[::ffff:10.200.1.1]"],
  ["0.0.0.0/0", "http://192.0.2.1"],
  ["2001:db8::/32", "https://[2001:db8::7]:5000"],
  ["[2001:db8::]/32", "https://[2001:db8::7]"],
  ["2001:db8::7", "https://[2001:db8::7]"],
  ["2001:DB8:0::7", "https://[2001:db8::7]"],
  ["[2001:db8::7]", "https://[2001:db8::7]:5000"],
  ["[2001:db8::7]:5000", "https://[2001:db8::7]:5000"],
  ["bücher.example", "https://xn--bcher-kva.example"],
]

const proxied: readonly (readonly [noProxy: string, url: string])[] = [
  ["", "https://log.example"],
  [",", "https://log.example"],
  ["og.example", "https://log.example"],
  ["log.example.org", "https://log.example"],
  ["log.example", "https://log.example.org"],
  ["log.example", "https://notlog.example"],
  [".log.example", "https://log.example"],
  ["*.log.example", "https://log.example"],
  ["l*.example", "https://log.example"],
  ["log.example:8443", "https://log.example"],
  ["log.example:443", "http://log.example"],
  ["10.1.2.3", "http://10.1.2.4"],
  ["10.0.0.0/8", "http://11.0.0.1"],
  ["10.0.0.0/8", "http://10.example"],
  ["10.0.0.0/33", "http://10.0.0.1"],
  ["10.0.0.0/8x", "http://10.0.0.1"],
  ["2001:db8::/32", "https://[2001:db9::7]"],
  ["[2001:db8::7]:5000", "https://[2001:db8::7]"],
  ["::/0", "http://192.0.2.1"],
]

describe("NO_PROXY", () => {
  test.each(exempt)("%j exempts %s", (text, url) => {
    expect(parseNoProxy(text)(new URL(url))).toBe(true)
  })

  test.each(proxied)("%j does not exempt %s", (text, url) => {
    expect(parseNoProxy(text)(new URL(url))).toBe(false)
  })

  test("is read in a moment however long it is", () => {
    const isDirect = parseNoProxy(`${"a,".repeat(100_000)}log.example`)
    expect(isDirect(new URL("https://log.example"))).toBe(false)
  })
})

test.each([
  ["http://localhost:3000", true],
  ["http://log.localhost", true],
  ["http://127.0.0.1", true],
  ["http://127.9.9.9", true],
  ["http://[::1]:3000", true],
  ["http://[::ffff:127.0.0.1]", true],
  ["http://localhost.example", false],
  ["http://128.0.0.1", false],
  ["http://[::2]", false],
])("that %s is this machine is %s", (url, expected) => {
  expect(isLoopback(new URL(url))).toBe(expected)
})

describe("the variables", () => {
  const proxyFor = (environment: Record<string, string>, url: string) =>
    proxiesOf(environment)(new URL(url))

  test.each([
    [{ HTTPS_PROXY: "http://p.example:3128" }, "https://log.example", "http://p.example:3128"],
    [{ https_proxy: "http://p.example:3128" }, "https://log.example", "http://p.example:3128"],
    [{ HTTP_PROXY: "http://p.example:3128" }, "http://log.example", "http://p.example:3128"],
    [{ http_proxy: "p.example:3128" }, "http://log.example", "http://p.example:3128"],
    [{ HTTPS_PROXY: "p.example" }, "https://log.example", "http://p.example"],
    [{ HTTPS_PROXY: "https://p.example" }, "https://log.example", "https://p.example"],
    [{ HTTPS_PROXY: "http://[2001:db8::1]:80/" }, "https://a.example", "http://[2001:db8::1]"],
    [{ HTTPS_PROXY: " ", https_proxy: "b.example" }, "https://a.example", "http://b.example"],
    [{ HTTPS_PROXY: "a.example", https_proxy: "b.example" }, "https://c.d", "http://a.example"],
  ])("%j lead to %s by %s", (environment, url, expected) => {
    expect(proxyFor(environment, url)?.url).toBe(expected)
  })

  test.each([
    [{}, "https://log.example"],
    [{ HTTPS_PROXY: "" }, "https://log.example"],
    [{ HTTP_PROXY: "http://p.example" }, "https://log.example"],
    [{ HTTPS_PROXY: "http://p.example" }, "http://log.example"],
    [{ HTTPS_PROXY: "http://p.example" }, "https://localhost"],
    [{ HTTPS_PROXY: "http://p.example" }, "https://[::1]:3000"],
    [{ HTTPS_PROXY: "http://p.example", no_proxy: "log.example" }, "https://log.example"],
    [{ HTTPS_PROXY: "http://p.example", NO_PROXY: "*" }, "https://log.example"],
    [{ HTTPS_PROXY: "not a url" }, "https://127.0.0.1"],
    [{ ALL_PROXY: "http://p.example" }, "https://log.example"],
  ])("%j lead to %s directly", (environment, url) => {
    expect(proxyFor(environment, url)).toBeUndefined()
  })

  test.each([
    ["http://user:secret@p.example", "user:secret"],
    ["http://us%40er:se%3Acret@p.example", "us@er:se:cret"],
    ["user@p.example", "user:"],
  ])("keep the credentials of %s apart", (text, pair) => {
    const proxy = proxyFor({ HTTPS_PROXY: text }, "https://log.example")
    expect(proxy).toMatchObject({
      url: "http://p.example",
      authorization: `Basic ${Buffer.from(pair).toString("base64")}`,
    })
  })

  test.each([
    ["socks5://user:secret@p.example", "unsupported", "socks5"],
    ["http://user:secret@", "malformed", "expected http://"],
    ["http://user:secret@p.example:99999", "malformed", "expected http://"],
    ["http://us%er:secret@p.example", "malformed", "percent-encoding"],
  ])("say what is wrong with %s without its password", (text, code, words) => {
    let thrown: unknown
    try {
      proxyFor({ HTTPS_PROXY: text }, "https://log.example")
    } catch (error) {
      thrown = error
    }
    expect(thrown).toMatchObject({ code, message: expect.stringContaining(words) })
    expect(String(thrown)).toContain("HTTPS_PROXY")
    expect(String(thrown)).not.toContain("secret")
  })
})
