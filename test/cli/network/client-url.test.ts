// The address that a log gives its clients when its operator has named none.
import { describe, expect, test } from "vitest"
import { clientUrl, remarkOrigin } from "../../../src/cli/network/client-url.ts"

test.each([
  ["log.example.com", "http://127.0.0.1:3000", false, "https://log.example.com"],
  ["localhost", "http://127.0.0.1:3000", false, "http://localhost:3000"],
  ["localhost", "http://[::1]:4298", true, "http://localhost:4298"],
  ["localhost", "http://[fe80::1%25eth0]:4298", false, "http://localhost:4298"],
  ["localhost", "http://0.0.0.0:80", false, "http://localhost:80"],
  ["127.0.0.1", "http://127.0.0.1:3000", false, "http://127.0.0.1:3000"],
  ["[::1]", "http://[::1]:3000", false, "http://[::1]:3000"],
  ["log.localhost", "http://0.0.0.0:3000", false, "http://log.localhost:3000"],
  ["log.example.com", "http://127.0.0.1:3000", true, "http://localhost:3000"],
  ["log.example.com", "https://0.0.0.0:8443", false, "https://log.example.com:8443"],
  ["log.example.com", "https://[::]:443", false, "https://log.example.com"],
  ["log.example.com", "https://127.0.0.1:3000", false, "https://log.example.com"],
  ["log.example.com", "https://127.0.0.1:3000", true, "https://localhost:3000"],
  ["localhost", "https://127.0.0.1:3000", false, "https://localhost:3000"],
  ["log.example.com", "unix:/run/log.sock", false, "https://log.example.com"],
  ["log.example.com", "unix:systemd", true, "http://localhost:80"],
])("a log %s at %s (for development: %s) gives %s", (origin, listening, isDevelopment, url) => {
  expect(clientUrl(origin, listening, isDevelopment)).toBe(url)
})

describe("an origin that is not the host of the URL", () => {
  const told = (url: string, origin: string) => {
    const remarks: string[] = []
    remarkOrigin(url, origin, {
      warn: (...words: unknown[]) => void remarks.push(String(words[1])),
    })
    return remarks
  }

  test("is told to the operator", () => {
    expect(told("https://other.example/log", "log.example")).toEqual([
      expect.stringContaining("the origin is not the host"),
    ])
    expect(told("https://log.example/a", "log.example/a")).toHaveLength(1)
  })

  test("and one that is, is not", () => {
    expect(told("https://log.example:8443/log", "log.example")).toEqual([])
  })
})
