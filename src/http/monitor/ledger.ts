// `POST /ledger`: a pipeline says what it has signed, so that the monitor knows it from what a thief signs. Whoever has
// the token may; nothing that is posted is verified, it only makes entries expected.
import { hash, timingSafeEqual } from "node:crypto"
import { parseUtf8 } from "../../core/base/bytes.ts"
import { refuse, shown } from "../../core/base/errors.ts"
import { portableHasher, type TreeHasher } from "../../core/tree/hash.ts"
import { postedLines } from "../../monitor/watch/ledger.ts"
import { writerOf } from "../access/writer.ts"
import { type Answer, jsonAnswer, textAnswer } from "../serving/answer.ts"
import type { BodyRule } from "../serving/request-body.ts"
import { post, type Route, type WriteCall } from "../serving/route.ts"

/** The ledgers as the monitor's door sees them. */
export interface ServedLedgers {
  /** Each of them may post, and so may every writer with the scope `ledger`. */
  readonly tokens: readonly string[]
  /** The signers of the watch file, as it was last read. */
  signers(): ReadonlySet<string>
  /** Resolves once the lines are durable. */
  append(
    signer: string,
    lines: readonly string[],
  ): Promise<{ readonly added: number; readonly known: number }>
  /** The portable one by default. */
  readonly leaf?: TreeHasher["leaf"]
}

interface OfSigner {
  readonly signer: string
}

const LONGEST_POST = 8 * 1024 * 1024
const MOST_LINES = 10_000

const UNAUTHORIZED =
  'unauthorized: expected "Authorization: Bearer TOKEN" with a token of this monitor, found another one or none\n'

function digested(text: string): Uint8Array {
  return hash("sha256", text, "buffer")
}

/** Takes as long for any token of any length. */
export function isToken(found: string, tokens: readonly string[]): boolean {
  const digest = digested(found)
  const held = tokens.map((token) => timingSafeEqual(digested(token), digest))
  return held.includes(true)
}

function bearerOf({ request }: Pick<WriteCall, "request">): string {
  return /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? "")?.[1] ?? ""
}

function assertSigner(name: string, signers: ReadonlySet<string>): void {
  if (signers.has(name)) return
  refuse("malformed", `signer: expected a signer of the watch file, found ${shown(name)}`)
}

const NOT_HERE =
  "this monitor takes no ledger lines; its operator can let it, with a token of the scope ledger, or with --ledger-token-file"

/** Without `ledgers` the route is there and says why nothing is taken. */
export function ledgerRoute(ledgers: ServedLedgers | undefined): Route {
  async function append(bytes: Uint8Array, signer: string, served: ServedLedgers): Promise<Answer> {
    const lines = postedLines(parseUtf8(bytes, "body"), served.leaf ?? portableHasher.leaf)
    if (lines.length > MOST_LINES) {
      refuse("too-large", `body: expected up to ${MOST_LINES} lines, found ${lines.length}`)
    }
    return jsonAnswer(200, { signer, ...(await served.append(signer, lines)) })
  }

  async function addToLedger(call: WriteCall<OfSigner>): Promise<Answer> {
    if (ledgers === undefined) return refuse("not-allowed", NOT_HERE)
    // Whoever has the scope was let in by the gate, and whoever comes without one has the older kind of token.
    const isWriter = writerOf(call.request)?.scopes.has("ledger") === true
    if (!isWriter && ledgers.tokens.length === 0) return refuse("not-allowed", NOT_HERE)
    if (!isWriter && !isToken(bearerOf(call), ledgers.tokens)) {
      return textAnswer(401, UNAUTHORIZED, { "www-authenticate": "Bearer" })
    }
    const { signer } = call.parameters
    assertSigner(signer, ledgers.signers())
    return await call.withBody((bytes) => append(bytes, signer, ledgers))
  }

  const body: BodyRule = { limit: LONGEST_POST, group: "ledger", mediaType: "text/plain" }
  return post("addToLedger", "/ledger", body, addToLedger, { scope: "ledger", weight: "heads" })
}
