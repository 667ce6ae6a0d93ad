// Base URLs as they are written: what is taken, and what is said to write instead.
import { describe, expect, test } from "vitest"
import { parseAddress } from "../../src/cli/command/options.ts"
import { parseBase } from "../../src/client/base-url.ts"
import { parseImageReference, registryUrl } from "../../src/client/registry/reference.ts"

test.each([
  ["https://log.example", "https://log.example/"],
  ["https://log.example/", "https://log.example/"],
  ["HTTPS://LOG.example:443/a", "https://log.example/a/"],
  ["http://[::1]:3000", "http://[::1]:3000/"],
  ["http://[2001:DB8:0::1]/log/", "http://[2001:db8::1]/log/"],
])("%s is the base %s", (text, base) => {
  expect(parseBase(text, "log URL")).toBe(base)
})

describe("a URL that is none", () => {
  test.each([
    ["http://::1:3000", "an IPv6 address is written in brackets, as in http://[::1]:3000"],
    ["http://::1", "as in http://[::1]"],
    ["https://2001:db8::7:8443/log", "as in https://[2001:db8::7]:8443/log"],
    ["http://fe80::1%eth0:3000", "a URL cannot have the zone of an IPv6 address"],
    ["http://[fe80::1%eth0]:3000", "a URL cannot have the zone of an IPv6 address"],
    ["http://[fe80::1%25eth0]:3000", "a URL cannot have the zone of an IPv6 address"],
    ["log.example", 'expected http(s)://HOST[:PORT][/PATH], found "log.example"'],
    ["localhost:3000", "expected http(s)://HOST[:PORT][/PATH]"],
    ["http://log.example:99999", "expected http(s)://HOST[:PORT][/PATH]"],
  ])("%s is refused: %s", (text, words) => {
    expect(() => parseBase(text, "log URL")).toThrow(words)
  })

  test("a password in it is not shown", () => {
    const parse = () => parseBase("https://user:secret@log.example/?q", "log URL")
    expect(parse).toThrow("without a user")
    expect(parse).not.toThrow("secret")
  })
})

describe("an address to listen at", () => {
  test.each([
    ["[::1]:3000", "::1", 3000],
    ["[::]:0", "::", 0],
    ["[fe80::1%eth0]:3000", "fe80::1%eth0", 3000],
    ["127.0.0.1:3000", "127.0.0.1", 3000],
    ["localhost:3000", "localhost", 3000],
  ])("%s is %s", (text, host, port) => {
    expect(parseAddress(text)).toEqual({ host, port })
  })

  test.each([
    ["::1:3000", "as in [::1]:3000"],
    [":::3000", "as in [::]:3000"],
    ["fe80::1%eth0:3000", "as in [fe80::1%eth0]:3000"],
    ["[::1]", "expected HOST:PORT"],
    ["3000", "expected HOST:PORT"],
  ])("%s is refused: %s", (text, words) => {
    expect(() => parseAddress(text)).toThrow(words)
  })
})

test("an image may be in a registry at an IPv6 address", () => {
  const read = parseImageReference("[::1]:5000/repo/app:1")
  expect(read).toEqual({ host: "[::1]:5000", repository: "repo/app", reference: "1" })
  expect(registryUrl(read.host)).toBe("http://[::1]:5000")
  expect(registryUrl("[2001:db8::1]:5000")).toBe("https://[2001:db8::1]:5000")
})
