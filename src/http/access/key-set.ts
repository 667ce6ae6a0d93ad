// The public keys of an OpenID Connect issuer (RFC 7517), from a file or from one configured URL. What is fetched is
// bounded in size, time and number: a token with an unknown key ID asks for newer keys at most once in 30 seconds. Keys
// are used on while the issuer cannot be reached, for a day.
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from "jose"
import { parseUtf8 } from "../../core/base/bytes.ts"
import { refuse } from "../../core/base/errors.ts"
import { asList, asObject, parseJson } from "../../core/base/json-value.ts"

/** Fetches a text of up to so many bytes; rejects if it cannot. */
export type FetchText = (url: string, longest: number) => Promise<Uint8Array>

interface RemoteKeys {
  readonly url: string
  readonly fetch: FetchText
  /** Unix milliseconds. */
  readonly now: () => number
  /** Told why keys could not be fetched. */
  readonly onTrouble: (reason: unknown) => void
}

const LONGEST_KEY_SET = 256 * 1024
const MOST_KEYS = 100
const COOLDOWN_MS = 30_000
const FRESH_MS = 600_000
const STALE_MS = 86_400_000

/** A set of public keys; refuses `malformed` for other JSON and for keys that are secret. */
export function parseKeySet(bytes: Uint8Array, what: string): JSONWebKeySet {
  const value = parseJson(parseUtf8(bytes, what), what, LONGEST_KEY_SET)
  const keys = asList(asObject(value, what, ["keys"]).keys, `${what}: keys`, MOST_KEYS)
  for (const key of keys) {
    const { kty, d, k } = asObject(key, what, ["kty", "d", "k"])
    if (kty === "oct" || d !== undefined || k !== undefined) {
      refuse("malformed", `${what}: expected public keys only, found one that is secret`)
    }
  }
  return value as JSONWebKeySet
}

export function localKeys(set: JSONWebKeySet): JWTVerifyGetKey {
  return createLocalJWKSet(set)
}

/** Fetches at once, so that the first request need not wait for the issuer. */
export function createRemoteKeys({ url, fetch, now, onTrouble }: RemoteKeys): JWTVerifyGetKey {
  let keys: JWTVerifyGetKey | undefined
  let fetchedAt = Number.NEGATIVE_INFINITY
  let askedAt = Number.NEGATIVE_INFINITY
  let asking: Promise<void> | undefined

  async function ask(): Promise<void> {
    try {
      const set = parseKeySet(await fetch(url, LONGEST_KEY_SET), "key set")
      keys = createLocalJWKSet(set)
      fetchedAt = now()
    } catch (reason) {
      onTrouble(reason)
    } finally {
      asking = undefined
    }
  }

  /** One question at a time, and not again before the cooldown is over; a clock that went back counts as over. */
  function refresh(): Promise<void> {
    if (asking !== undefined) return asking
    const age = now() - askedAt
    if (age >= 0 && age < COOLDOWN_MS) return Promise.resolve()
    askedAt = now()
    asking = ask()
    return asking
  }

  async function current(): Promise<JWTVerifyGetKey> {
    const age = Math.abs(now() - fetchedAt)
    if (age > STALE_MS) await refresh()
    else if (age > FRESH_MS) void refresh()
    const isUsable = keys !== undefined && Math.abs(now() - fetchedAt) <= STALE_MS
    return isUsable && keys !== undefined
      ? keys
      : refuse("try-later", "the keys of the token's issuer cannot be fetched now; try again later")
  }

  void refresh()
  return async (header, token) => {
    const known = await current()
    try {
      return await known(header, token)
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error
      await refresh()
      const newer = await current()
      if (newer === known) throw error
      return await newer(header, token)
    }
  }
}
