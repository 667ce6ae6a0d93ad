// The tokens of a server, found by their ID: what a request costs does not grow with their number, and takes as long
// for an ID that nobody has.
import { hash, timingSafeEqual } from "node:crypto"
import type { StoredToken } from "../../core/access/stored-token.ts"
import { idOfToken } from "../../core/access/token.ts"
import { refuse } from "../../core/base/errors.ts"
import { present } from "../../core/base/present.ts"
import { parseHex } from "../../core/base/text.ts"
import type { Writer } from "./writer.ts"

export interface TokenBook {
  /** No token that could ever hold: then no request is asked for one. */
  readonly isEmpty: boolean
  /** Whose token it is at `now`, in Unix milliseconds. Refuses `unauthenticated`, and never shows the token. */
  writer(text: string, now: number): Writer
}

interface Known {
  readonly digest: Uint8Array
  readonly token: StoredToken
  readonly writer: Writer
}

function writerOf({ name, scopes, perMinute, keys, identities }: StoredToken): Writer {
  const allow = present({
    keys: keys && new Set(keys),
    identities: identities && new Set(identities),
  })
  const isRestricted = keys !== undefined || identities !== undefined
  return {
    id: `token:${name}`,
    scopes,
    ...present({ perMinute, allow: isRestricted ? allow : undefined }),
  }
}

const nobody = hash("sha256", "nobody", "buffer")

/** When a token ends, for whoever has it. */
function assertValid({ revoked, expires }: StoredToken, now: number): void {
  // Whatever the clock says: what was revoked does not come back with an earlier hour.
  if (revoked !== undefined)
    refuse("unauthenticated", "token: expected a valid one, found one that was revoked")
  if (expires === undefined || now < expires) return
  const day = new Date(expires).toISOString()
  refuse("unauthenticated", `token: expected a valid one, found one that expired at ${day}`)
}

/**
 * `onUse` is told the ID of each token that was good; it must cost next to nothing. `newer` is asked for the tokens as
 * they are now when an ID is unknown, and gives undefined if they are these.
 */
export function createTokenBook(
  tokens: readonly StoredToken[],
  onUse: (id: string) => void = () => {},
  newer: () => TokenBook | undefined = () => undefined,
): TokenBook {
  const known = new Map<string, Known>()
  for (const token of tokens) {
    known.set(token.id, {
      token,
      digest: parseHex(token.sha256, "sha256"),
      writer: writerOf(token),
    })
  }
  return {
    isEmpty: known.size === 0,
    writer(text, now) {
      const id = idOfToken(text)
      if (id === undefined) {
        return refuse(
          "unauthenticated",
          "token: expected one whose checksum fits, found a mistyped one",
        )
      }
      const found = known.get(id)
      const isKnown = timingSafeEqual(found?.digest ?? nobody, hash("sha256", text, "buffer"))
      if (found === undefined || !isKnown) {
        const book = found === undefined ? newer() : undefined
        if (book !== undefined) return book.writer(text, now)
        return refuse("unauthenticated", "token: expected one of this server, found another one")
      }
      assertValid(found.token, now)
      onUse(id)
      return found.writer
    },
  }
}
