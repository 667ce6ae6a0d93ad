// Tokens for tests, and the access of a server that knows them.
import { hash } from "node:crypto"
import { everyScope, type Scope } from "../../../src/core/access/scope.ts"
import type { StoredToken } from "../../../src/core/access/stored-token.ts"
import { formatToken, tokenId } from "../../../src/core/access/token.ts"
import type { Access } from "../../../src/http/access/gate.ts"
import { createTokenBook } from "../../../src/http/access/token-book.ts"

/** A token with a secret that is made of `seed`. */
export function makeToken(seed: number, details: Partial<StoredToken> = {}) {
  const text = formatToken(tokenId(new Uint8Array(5).fill(seed)), new Uint8Array(32).fill(seed))
  const id = text.split("_")[1] as string
  const stored: StoredToken = {
    ...{ id, name: `writer-${seed}`, sha256: hash("sha256", text, "hex"), created: 0 },
    ...{ scopes: new Set<Scope>(["submit"]), ...details },
  }
  return { text, stored }
}

interface AccessOptions extends Partial<Omit<Access, "anonymous" | "tokens">> {
  readonly anonymous?: readonly Scope[]
  readonly tokens?: readonly StoredToken[]
  readonly onUse?: (id: string) => void
}

/** By default anyone may do everything, and there are no tokens. */
export function accessWith({ anonymous, tokens = [], onUse, ...more }: AccessOptions): Access {
  return {
    isIdle: false,
    anonymous: new Set(anonymous ?? everyScope),
    tokens: createTokenBook(tokens, onUse),
    ...more,
  }
}

export const bearer = (text: string) => ({ authorization: `Bearer ${text}` })

export function basic(text: string, user = "x"): { readonly authorization: string } {
  return { authorization: `Basic ${Buffer.from(`${user}:${text}`).toString("base64")}` }
}
