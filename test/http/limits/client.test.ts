// Who a client is: one address for all that one customer has, whatever way it is written, and none that a stranger
// makes up.
import type { IncomingMessage } from "node:http"
import { isIPv4 } from "node:net"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { addressOf, createClientReader } from "../../../src/http/serving/client.ts"
import { expectRefusal } from "../../refusals.ts"

interface Peer {
  readonly remoteAddress?: string
  readonly server?: { address(): unknown }
}

function requestFrom(peer: Peer, forwarded?: string): IncomingMessage {
  const headers = forwarded === undefined ? {} : { "x-forwarded-for": forwarded }
  return { socket: peer, headers } as unknown as IncomingMessage
}

const from = (remoteAddress: string) => requestFrom({ remoteAddress })
const onUnix: Peer = { server: { address: () => "/run/log.sock" } }

test.each([
  ["192.0.2.7", "192.0.2.7", false],
  ["::ffff:192.0.2.7", "192.0.2.7", false],
  ["::ffff:c000:207", "192.0.2.7", false],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64", false],
  ["2001:db8:1:2::", "2001:db8:1:2::/64", false],
  ["2001:0DB8:0001:0002::ffff", "2001:db8:1:2::/64", false],
  ["2001:db8::1", "2001:db8:0:0::/64", false],
  ["fe80::1%eth0", "fe80:0:0:0::/64", false],
  ["127.0.0.1", "127.0.0.1", true],
  ["127.9.9.9", "127.9.9.9", true],
  ["::ffff:127.0.0.1", "127.0.0.1", true],
  ["::1", "0:0:0:0::/64", true],
  ["::2", "0:0:0:0::/64", false],
  ["128.0.0.1", "128.0.0.1", false],
])("%s is counted as %s, local: %s", (written, address, isLocal) => {
  expect(createClientReader()(from(written))).toEqual({ address, isLocal })
  expect(addressOf(from(written).socket)).toBe(address)
})

test("who comes over a Unix socket is local, and a connection that has ended is nobody's", () => {
  expect(createClientReader()(requestFrom(onUnix))).toEqual({ address: "unix", isLocal: true })
  const ended = requestFrom({ server: { address: () => ({ port: 1 }) } })
  expect(createClientReader()(ended)).toEqual({ address: "unknown", isLocal: false })
  expect(createClientReader()(requestFrom({}))).toEqual({ address: "unknown", isLocal: false })
})

describe("X-Forwarded-For", () => {
  const proxies = ["10.0.0.0/8", "2001:db8:ffff::/48", "127.0.0.1", "unix"]
  const read = createClientReader(proxies)

  test.each([
    ["of a stranger is passed over", "198.51.100.1", "203.0.113.9", "198.51.100.1"],
    ["of a proxy names the client", "10.0.0.1", "203.0.113.9", "203.0.113.9"],
    ["ends with what the proxy saw", "10.0.0.1", "127.0.0.1, 1.1.1.1, 203.0.113.9", "203.0.113.9"],
    ["leads through several proxies", "10.0.0.1", "203.0.113.9, 10.9.9.9, 10.0.0.2", "203.0.113.9"],
    ["of a mapped proxy counts", "::ffff:10.0.0.1", "203.0.113.9", "203.0.113.9"],
    ["of an IPv6 proxy counts", "2001:db8:ffff::1", "2001:db8:1:2::9", "2001:db8:1:2::/64"],
    ["may name a mapped address", "10.0.0.1", "::ffff:203.0.113.9", "203.0.113.9"],
    ["may name ports", "10.0.0.1", "[2001:db8:1:2::9]:443, 10.0.0.2:81", "2001:db8:1:2::/64"],
    ["may name a port behind IPv4", "10.0.0.1", "203.0.113.9:4711", "203.0.113.9"],
    ["with garbage last is the proxy's", "10.0.0.1", "203.0.113.9, unknown", "10.0.0.1"],
    ["with garbage further on stops there", "10.0.0.1", "x, 10.0.0.2", "10.0.0.2"],
    ["of nobody is the proxy's", "10.0.0.1", "", "10.0.0.1"],
    ["of proxies alone is the first's", "10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"],
    ["with a zone is read", "10.0.0.1", "fe80::1%eth0", "fe80:0:0:0::/64"],
  ])("%s", (_what, peer, forwarded, address) => {
    const found = read(requestFrom({ remoteAddress: peer }, forwarded))
    expect(found).toEqual({ address, isLocal: false })
  })

  test("of a proxy on this machine makes nobody local, nor does the proxy itself stay so", () => {
    const proxy = { remoteAddress: "127.0.0.1" }
    const named = read(requestFrom(proxy, "127.0.0.1"))
    expect(named).toEqual({ address: "127.0.0.1", isLocal: false })
    expect(read(requestFrom(proxy)).isLocal).toBe(false)
    expect(read(requestFrom(onUnix, "203.0.113.9")).address).toBe("203.0.113.9")
  })

  test("is looked at for 32 hops, however long it is", () => {
    const long = `203.0.113.9, ${"10.0.0.2, ".repeat(100_000)}10.0.0.2`
    expect(read(requestFrom({ remoteAddress: "10.0.0.1" }, long)).address).toBe("10.0.0.2")
  })

  test("Forwarded is passed over", () => {
    const request = requestFrom({ remoteAddress: "10.0.0.1" }, "203.0.113.9")
    request.headers["forwarded"] = "for=192.0.2.1"
    expect(read(request).address).toBe("203.0.113.9")
  })

  test("is read again for each request of a connection", () => {
    const proxy = { remoteAddress: "10.0.0.1" }
    expect(read(requestFrom(proxy, "203.0.113.1")).address).toBe("203.0.113.1")
    expect(read(requestFrom(proxy, "203.0.113.2")).address).toBe("203.0.113.2")
  })
})

const inGroups = (groups: readonly number[]) => groups.map((it) => it.toString(16)).join(":")
const group = fc.integer({ min: 0, max: 0xffff })

test("all addresses of a /64 are one client, and those of two are two", () => {
  const read = createClientReader()
  const half = fc.array(group, { minLength: 4, maxLength: 4 })
  fc.assert(
    fc.property(half, half, half, half, (network, other, a, b) => {
      const first = read(from(inGroups([...network, ...a]))).address
      if (isIPv4(first)) return
      expect(read(from(inGroups([...network, ...b]))).address).toBe(first)
      const isSame = inGroups(network) === inGroups(other)
      expect(read(from(inGroups([...other, ...a]))).address === first).toBe(isSame)
    }),
  )
})

test("an IPv4 address is the same client when it is mapped", () => {
  fc.assert(
    fc.property(fc.ipV4(), (address) => {
      expect(createClientReader()(from(`::ffff:${address}`)).address).toBe(address)
    }),
  )
})

test("nothing that stands in front of what the proxy saw changes who it is", () => {
  const read = createClientReader(["10.0.0.1"])
  fc.assert(
    fc.property(fc.string(), fc.oneof(fc.ipV4(), fc.ipV6()), (made, real) => {
      fc.pre(real !== "10.0.0.1")
      const proxy = { remoteAddress: "10.0.0.1" }
      const alone = read(requestFrom(proxy, real))
      expect(read(requestFrom(proxy, `${made}, ${real}`))).toEqual(alone)
      expect(alone.address).not.toBe("10.0.0.1")
    }),
  )
})

test("no header whatever breaks it", () => {
  const read = createClientReader(["0.0.0.0/0", "::/0"])
  const hop = fc.oneof(
    fc.string(),
    fc.ipV4(),
    fc.ipV6(),
    fc.constantFrom("::1%x", "[::1]", "[", "::"),
  )
  fc.assert(
    fc.property(fc.array(hop), (hops) => {
      expect(read(requestFrom({ remoteAddress: "::1" }, hops.join(","))).address).not.toBe("")
    }),
  )
})

test.each(["", "proxy.example", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/8/8", "10.0.0.1 "])(
  "%j is no trusted proxy",
  (written) => {
    const { message } = expectRefusal("malformed", () => createClientReader([written]))
    expect(message).toMatch(
      /expected an IP address, a network such as 10\.0\.0\.0\/8, or unix, found/,
    )
  },
)
