// The gate before every handler that finds out who sends a request and whether they may do it. A credential that is
// presented and does not hold is refused also where anyone may: its owner takes themselves for somebody with other
// limits and another log of uses, and must hear that they are not.
import type { X509Certificate } from "node:crypto"
import type { IncomingMessage } from "node:http"
import { TLSSocket } from "node:tls"
import type { Scope } from "../../core/access/scope.ts"
import { looksLikeToken } from "../../core/access/token.ts"
import { refuse } from "../../core/base/errors.ts"
import type { Headers } from "../serving/answer.ts"
import type { Gate, Passing } from "../serving/gate.ts"
import { credentialOf } from "./credential.ts"
import { pathTokenOf } from "./path-token.ts"
import type { TokenBook } from "./token-book.ts"
import { assignWriter, type Writer } from "./writer.ts"

/** Who may do what at a server, at one moment. */
export interface Access {
  /**
   * Whether nobody's credentials could hold and nothing is closed that is not closed by itself: then a header is passed
   * over, since a proxy in front may have its own use for it.
   */
  readonly isIdle: boolean
  /** What anyone may do. */
  readonly anonymous: ReadonlySet<Scope>
  readonly tokens: TokenBook
  /** Whose secret it is, among those that are no tokens of ours (`--ledger-token-file`). */
  readonly secrets?: (text: string) => Writer | undefined
  /** Whom an OpenID Connect token names. Refuses `unauthenticated`, `not-allowed`, `try-later`. */
  readonly identities?: (token: string) => Writer | Promise<Writer>
  /** Whom a certificate names that the TLS server has verified. */
  readonly certificates?: (certificate: X509Certificate) => Writer | undefined
}

/** SPEC: an intermediary must not give an answer to one writer to others (RFC 9111 section 5.2.2.5). */
const closed: Headers = { "cache-control": "no-store" }
/** A page that was asked for with a token in its path must not tell other servers of that path. */
const silent: Headers = { "referrer-policy": "no-referrer" }
const closedAndSilent: Headers = { ...closed, ...silent }

/** Connections keep their certificate. */
const certified = new WeakMap<
  TLSSocket,
  { readonly access: Access; readonly writer: Writer | undefined }
>()

function certificateWriter(request: IncomingMessage, access: Access): Writer | undefined {
  const { socket } = request
  if (access.certificates === undefined || !(socket instanceof TLSSocket)) return undefined
  if (!socket.authorized) return undefined
  const before = certified.get(socket)
  if (before?.access === access) return before.writer
  const certificate = socket.getPeerX509Certificate()
  const writer = certificate && access.certificates(certificate)
  certified.set(socket, { access, writer })
  return writer
}

function credentialWriter(text: string, access: Access, now: number): Writer | Promise<Writer> {
  const holder = access.secrets?.(text)
  if (holder !== undefined) return holder
  if (looksLikeToken(text) || access.identities === undefined)
    return access.tokens.writer(text, now)
  return access.identities(text)
}

function assertScope(
  { request, route }: Passing,
  writer: Writer | undefined,
  access: Access,
): void {
  const { scope } = route
  if (writer !== undefined) assignWriter(request, writer)
  if (scope === undefined || access.anonymous.has(scope)) return
  if (writer === undefined) {
    refuse(
      "unauthenticated",
      `expected credentials with the scope ${scope}, found none: send a token`,
    )
  }
  if (writer.scopes.has(scope)) return
  const held = [...writer.scopes].join(", ")
  refuse(
    "not-allowed",
    `expected a writer with the scope ${scope}, found ${writer.id} with ${held}`,
  )
}

function headersOf({ request, route }: Passing, { anonymous }: Access): Headers | undefined {
  const isOpen = route.scope === undefined || anonymous.has(route.scope)
  if (pathTokenOf(request) !== undefined) return isOpen ? silent : closedAndSilent
  return isOpen ? undefined : closed
}

/** `current` gives who may do what now, `now` Unix milliseconds. */
export function createAccessGate(current: () => Access, now: () => number): Gate {
  return (passing) => {
    const access = current()
    const { request } = passing
    if (access.isIdle && pathTokenOf(request) === undefined) return undefined
    const text = credentialOf(request)
    const found =
      text === undefined
        ? certificateWriter(request, access)
        : credentialWriter(text, access, now())
    if (found instanceof Promise) {
      return found.then((writer) => {
        assertScope(passing, writer, access)
        return headersOf(passing, access)
      })
    }
    assertScope(passing, found, access)
    return headersOf(passing, access)
  }
}
