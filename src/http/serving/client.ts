// Who sends a request, as limits count it: the address of the connection, or the one that a trusted proxy names in
// X-Forwarded-For. What any other peer writes there is passed over, and so is `Forwarded` (RFC 7239), always: a proxy
// that sets one of the two would let through a forged one of the other kind.
import type { IncomingMessage } from "node:http"
import { BlockList, isIP, isIPv4, type Socket } from "node:net"
import { refuse, shown } from "../../core/base/errors.ts"

export interface Client {
  /** Canonical: IPv4 (also when mapped into IPv6), the /64 of an IPv6 address, `unix` for a Unix socket. */
  readonly address: string
  /** Of this machine, and no trusted proxy speaks for others there: such clients are not limited by address. */
  readonly isLocal: boolean
}

/** Costs one look-up where it was asked before on the same connection; with trusted proxies, for the same request. */
export type ReadClient = (request: IncomingMessage) => Client

/** A peer on a Unix socket; it may stand in a list of trusted proxies. */
const UNIX = "unix"
/** A connection that ended before anyone asked; its answer reaches nobody. */
const UNKNOWN = "unknown"

const MAPPED = 0xffff
/** Names in X-Forwarded-For that are looked at, from the end. */
const MOST_HOPS = 32

/** The eight groups of a valid IPv6 address, without its zone. */
function groupsOf(address: string): readonly number[] {
  const plain = address.replace(/%.*$/, "")
  const dotted = /(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(plain)
  const text =
    dotted === null
      ? plain
      : plain.slice(0, dotted.index) +
        [1, 3]
          .map((at) => (Number(dotted[at]) * 256 + Number(dotted[at + 1])).toString(16))
          .join(":")
  const [head = [], tail] = text
    .split("::")
    .map((half) => (half === "" ? [] : half.split(":").map((group) => Number.parseInt(group, 16))))
  if (tail === undefined) return head
  return [...head, ...new Array<number>(8 - head.length - tail.length).fill(0), ...tail]
}

/** The IPv4 address that is mapped into an IPv6 one (::ffff:0:0/96). */
function unmapped(groups: readonly number[]): string | undefined {
  if (groups.slice(0, 5).some((group) => group !== 0) || groups[5] !== MAPPED) return undefined
  const [high = 0, low = 0] = groups.slice(6)
  return [high >> 8, high & 255, low >> 8, low & 255].join(".")
}

/** What a valid IP address is counted as. */
function countedAs(address: string): string {
  if (isIPv4(address)) return address
  const groups = groupsOf(address)
  const network = groups.slice(0, 4).map((group) => group.toString(16))
  return unmapped(groups) ?? `${network.join(":")}::/64`
}

function isLoopback(address: string): boolean {
  if (isIPv4(address)) return address.startsWith("127.")
  const groups = groupsOf(address)
  const last = groups[7]
  return (
    unmapped(groups)?.startsWith("127.") ??
    (last === 1 && groups.slice(0, 7).every((it) => it === 0))
  )
}

/** What node:net keeps on the socket of an accepted connection. */
interface AcceptedSocket extends Socket {
  readonly server?: { address(): unknown }
}

/** The whole address of a connection's other end, `unix` or `unknown`. */
function peerOf(socket: AcceptedSocket): string {
  const { remoteAddress } = socket
  if (remoteAddress !== undefined) return remoteAddress
  // A connection that has ended has no address either: it must not pass for one of this machine.
  return typeof socket.server?.address() === "string" ? UNIX : UNKNOWN
}

const isAddress = (peer: string): boolean => peer !== UNIX && peer !== UNKNOWN

/** A connection's other end in the form of {@link Client}, for limits that hold before any header is read. */
export function addressOf(socket: Socket): string {
  const peer = peerOf(socket)
  return isAddress(peer) ? countedAs(peer) : peer
}

const EXPECTED_PROXY =
  "trusted proxy: expected an IP address, a network such as 10.0.0.0/8, or unix"

function addNetwork(list: BlockList, written: string): void {
  const [, address = "", length] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(written) ?? []
  const family = isIP(address) === 4 ? "ipv4" : "ipv6"
  const longest = family === "ipv4" ? 32 : 128
  const prefix = length === undefined ? longest : Number(length)
  if (isIP(address) === 0 || prefix > longest) {
    refuse("malformed", `${EXPECTED_PROXY}, found ${shown(written)}`)
  }
  list.addSubnet(address, prefix, family)
}

type IsTrusted = (peer: string) => boolean

function trustOf(trustedProxies: readonly string[]): IsTrusted {
  const list = new BlockList()
  const networks = trustedProxies.filter((written) => written !== UNIX)
  for (const written of networks) addNetwork(list, written)
  const hasUnix = networks.length < trustedProxies.length
  return (peer) => {
    if (!isAddress(peer)) return peer === UNIX && hasUnix
    if (isIPv4(peer)) return list.check(peer, "ipv4")
    const mapped = unmapped(groupsOf(peer))
    return mapped === undefined ? list.check(peer, "ipv6") : list.check(mapped, "ipv4")
  }
}

/** The address of one hop, as proxies write it: bare, or with a port, an IPv6 one in brackets then. */
function addressOfHop(hop: string): string | undefined {
  const text = hop.trim()
  const address =
    /^\[([^\]]*)\](?::\d{1,5})?$/.exec(text)?.[1] ?? text.replace(/^([\d.]+):\d{1,5}$/, "$1")
  return isIP(address) === 0 ? undefined : address
}

/** The last hop that is no trusted proxy; where something else than an address is written, the proxy that wrote it. */
function namedBy(proxy: string, forwarded: string, isTrusted: IsTrusted): string {
  let found = proxy
  for (const hop of forwarded.split(",").slice(-MOST_HOPS).reverse()) {
    const address = addressOfHop(hop)
    if (address === undefined) return found
    found = address
    if (!isTrusted(address)) return found
  }
  return found
}

function clientAt(peer: string, isLocal: boolean): Client {
  return { address: isAddress(peer) ? countedAs(peer) : peer, isLocal }
}

/**
 * The client of a connection as limits on connections count it; undefined for those of this machine, and for trusted
 * proxies, who speak for many. Refuses as {@link createClientReader} does.
 */
export function createPeerCounter(
  trustedProxies: readonly string[],
): (socket: Socket) => string | undefined {
  const isTrusted = trustOf(trustedProxies)
  return (socket) => {
    const peer = peerOf(socket)
    const isCounted = isAddress(peer) && !isLoopback(peer) && !isTrusted(peer)
    return isCounted ? countedAs(peer) : undefined
  }
}

/**
 * A reader that believes what these proxies say: addresses, networks in CIDR form, `unix` for whoever comes over a Unix
 * socket. Refuses `malformed` for anything else.
 */
export function createClientReader(trustedProxies: readonly string[] = []): ReadClient {
  const isTrusted = trustOf(trustedProxies)
  const peers = new WeakMap<Socket, Client | string>()
  const named = new WeakMap<IncomingMessage, Client>()

  /** The client on a connection; the peer's address if that is a trusted proxy. */
  function readPeer(socket: Socket): Client | string {
    const peer = peerOf(socket)
    if (isTrusted(peer)) return peer
    return clientAt(peer, peer === UNIX || (isAddress(peer) && isLoopback(peer)))
  }

  return (request) => {
    const { socket } = request
    const peer = peers.get(socket) ?? readPeer(socket)
    peers.set(socket, peer)
    if (typeof peer !== "string") return peer
    const known = named.get(request)
    if (known !== undefined) return known
    // Node joins headers of this name by commas, in their order.
    const { "x-forwarded-for": forwarded = "" } = request.headers
    const client = clientAt(namedBy(peer, String(forwarded), isTrusted), false)
    named.set(request, client)
    return client
  }
}
