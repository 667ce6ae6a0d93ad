// The gate that keeps web pages from reaching a server of this machine under a name of their own (DNS rebinding): on a
// connection that came in over loopback, Host must be a name of this machine or of the server. Anyone who can connect
// and is no browser can write any Host; nothing else is decided by it.
import type { IncomingMessage } from "node:http"
import type { Socket } from "node:net"
import { shown } from "../../core/base/errors.ts"
import { type Gate, GateRefusal } from "../serving/gate.ts"
import { targetAuthority } from "../serving/request-target.ts"

/** Headers that were found good, word for word. */
const MOST_REMEMBERED = 64

const LOOPBACK_NAME =
  /^(?:(?:[a-z0-9_-]+\.)*localhost|127(?:\.\d{1,3}){3}|\[::1\]|\[::ffff:127(?:\.\d{1,3}){3}\])$/
const PORT = /:\d*$/

/** The host that an authority names, without its port and a final dot, in lower case. */
function hostOf(authority: string): string {
  return authority.toLowerCase().replace(PORT, "").replace(/\.$/, "")
}

function isLoopbackAddress(address: string): boolean {
  return address === "::1" || address.startsWith("127.") || address.startsWith("::ffff:127.")
}

/**
 * Refuses `misdirected` for a request over loopback to another server. `hosts` are the names of the server, with or
 * without ports.
 */
export function createHostCheck(hosts: readonly string[]): (request: IncomingMessage) => void {
  const own: ReadonlySet<string> = new Set(hosts.map(hostOf))
  const known = new Set<string>()
  const sockets = new WeakMap<Socket, boolean>()

  function isLoopback(socket: Socket): boolean {
    const remembered = sockets.get(socket)
    if (remembered !== undefined) return remembered
    const found = isLoopbackAddress(socket.localAddress ?? "")
    sockets.set(socket, found)
    return found
  }

  function assertOwn(authority: string): void {
    if (known.has(authority)) return
    const host = hostOf(authority)
    if (!own.has(host) && !LOOPBACK_NAME.test(host)) {
      const expected = "expected a name of this machine or of the server"
      throw new GateRefusal(
        "misdirected",
        `Host: ${expected}, found ${shown(authority)}; its operator can add one with --allow-host`,
      )
    }
    if (known.size < MOST_REMEMBERED) known.add(authority)
  }

  return (request) => {
    const { host = "" } = request.headers
    // SPEC: a request in absolute-form names the server in its target, whatever Host says (RFC 9112 section 3.2.2).
    const target = targetAuthority(request)
    if (known.has(host) && target === undefined) return
    if (!isLoopback(request.socket)) return
    // Only HTTP/1.0 can do without; no browser does.
    if (host !== "") assertOwn(host)
    if (target !== undefined) assertOwn(target)
  }
}

/** The same as a gate. */
export function createHostGate(hosts: readonly string[]): Gate {
  const check = createHostCheck(hosts)
  return ({ request }) => {
    check(request)
    return undefined
  }
}
