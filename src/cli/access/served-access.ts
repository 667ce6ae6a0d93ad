// Who may do what at a server that runs, kept up to date: the tokens are looked at every second, on SIGHUP and for a
// token that is unknown, the file of --access on SIGHUP. Tokens that cannot be read are all refused until they can be;
// an access file that cannot be read leaves the rules as they were, and the operator is told.
import { hash } from "node:crypto"
import type { Logger } from "pino"
import { type Fetch, readBounded } from "../../client/exchange.ts"
import { everyScope, type Scope } from "../../core/access/scope.ts"
import type { StoredToken } from "../../core/access/stored-token.ts"
import { refuse } from "../../core/base/errors.ts"
import { createCertificateWriters } from "../../http/access/certificate-writer.ts"
import type { Access } from "../../http/access/gate.ts"
import { createIdentities } from "../../http/access/identity-token.ts"
import {
  createRemoteKeys,
  type FetchText,
  localKeys,
  parseKeySet,
} from "../../http/access/key-set.ts"
import { createTokenBook, type TokenBook } from "../../http/access/token-book.ts"
import type { Writer } from "../../http/access/writer.ts"
import { auditFile, recordAct } from "../../storage/files/audit-file.ts"
import { readTokenFile, tokenFile, tokenFileStamp } from "../../storage/files/token-file.ts"
import { readBytes, readText } from "../command/file.ts"
import { assertAnonymous, type ReadAccess, readAccess } from "./access-file.ts"
import type { AccessOptions } from "./options.ts"
import { createUses } from "./token-uses.ts"

interface ServedAccessOptions extends AccessOptions {
  /** The data directory. */
  readonly data: string
  /** What anyone may do unless it is said. */
  readonly byDefault: readonly Scope[]
  /** The audience of OpenID Connect tokens unless it is said. */
  readonly origin?: string | undefined
  /** Whether identities in certificates are verified. */
  readonly hasAuthorities: boolean
  readonly secrets?: (text: string) => Writer | undefined
  readonly fetch: () => Promise<Fetch>
  readonly logger: Pick<Logger, "info" | "warn" | "error">
}

export interface ServedAccess {
  readonly current: () => Access
  /** Who may write, for people. */
  describe(): string
  /** Writes the last uses down and looks no more. */
  close(): Promise<void>
}

const LOOK_MS = 1_000
/** The least time between two looks for tokens that are unknown. */
const LOOK_AGAIN_MS = 50
const WRITE_MS = 60_000
const FETCH_MS = 5_000
const LONGEST_ACCESS_FILE = 1_048_576
const LONGEST_KEYS = 256 * 1024

function fetchText(fetch: Fetch): FetchText {
  return async (url, longest) => {
    const signal = AbortSignal.timeout(FETCH_MS)
    const response = await fetch(url, {
      redirect: "manual",
      signal,
      headers: { accept: "application/json" },
    })
    if (response.status === 200) return await readBounded(response, longest, "key set")
    await response.body?.cancel()
    return refuse("malformed", `key set: expected 200, found ${response.status}`)
  }
}

/** Those that may be used with the options of this server; the others are told of and refused. */
function usable(
  tokens: readonly StoredToken[],
  { hasAuthorities, logger }: ServedAccessOptions,
): readonly StoredToken[] {
  if (hasAuthorities) return tokens
  const wrong = tokens.filter(
    ({ identities, revoked }) => identities !== undefined && revoked === undefined,
  )
  for (const { id, name } of wrong) {
    logger.error(
      { token: id, name },
      "this token is refused: identities are believed only with --certificate-authorities",
    )
  }
  return tokens.filter((token) => !wrong.includes(token))
}

/** The access file as it was read, with the hash of its text. */
type AccessFile = ReadAccess & { readonly sha256: string }

async function readFileOf(options: ServedAccessOptions): Promise<AccessFile> {
  const { access: file, origin, hasAuthorities, logger } = options
  if (file === undefined) return { issuers: [], certificates: [], sha256: "" }
  const text = await readText(file, "access file", LONGEST_ACCESS_FILE)
  const sha256 = hash("sha256", text, "hex")
  const read = await readAccess(text, {
    ...{ file, origin, hasAuthorities },
    async keysAt(place) {
      if ("file" in place) {
        return localKeys(
          parseKeySet(await readBytes(place.file, "key set", LONGEST_KEYS), place.file),
        )
      }
      const { url } = place
      return createRemoteKeys({
        ...{ url, now: Date.now, fetch: fetchText(await options.fetch()) },
        onTrouble: (err) => logger.error({ url, err }, "the keys of an issuer cannot be fetched"),
      })
    },
  })
  return { ...read, sha256 }
}

function anonymousScopes(
  file: ReadAccess,
  { anonymous, byDefault }: ServedAccessOptions,
): ReadonlySet<Scope> {
  if (anonymous !== undefined && file.anonymous !== undefined) {
    refuse(
      "malformed",
      "anonymous: expected it in the access file or as --anonymous, found it in both",
    )
  }
  return assertAnonymous(anonymous ?? file.anonymous ?? new Set(byDefault), "anonymous")
}

/** The tokens in force: read at the start, and again whenever their file has changed. */
function watchTokens(
  options: ServedAccessOptions,
  onUse: (id: string) => void,
  newer: () => TokenBook | undefined,
) {
  const file = tokenFile(options.data)
  let stamp = tokenFileStamp(file)
  let tokens = readTokenFile(file) ?? []
  let book = createTokenBook(usable(tokens, options), onUse, newer)
  let hadTokens = !book.isEmpty

  function read(): void {
    try {
      tokens = readTokenFile(file) ?? []
      book = createTokenBook(usable(tokens, options), onUse, newer)
      hadTokens ||= !book.isEmpty
      options.logger.info({ tokens: tokens.length }, "the tokens have changed")
    } catch (err) {
      book = unreadable
      hadTokens = true
      options.logger.error(
        { err },
        "the tokens cannot be read: every token is refused until they can be",
      )
    }
  }

  return {
    book: () => book,
    tokens: () => tokens,
    /** A header with a token is never passed over once there were tokens. */
    hadTokens: () => hadTokens,
    look(): boolean {
      const found = tokenFileStamp(file)
      if (found === stamp) return false
      stamp = found
      read()
      return true
    },
  }
}

/** In place of tokens that cannot be read. */
const unreadable = {
  isEmpty: false,
  writer: () => refuse("try-later", "tokens cannot be judged now; the operator was told"),
}

type Rules = Pick<Access, "anonymous" | "identities" | "certificates"> & {
  readonly isDefault: boolean
  /** Of the access file. */
  readonly sha256: string
}

/** The rules of the access file; refuses as {@link readAccess}. */
async function readRules(options: ServedAccessOptions): Promise<Rules> {
  const file = await readFileOf(options)
  const anonymous = anonymousScopes(file, options)
  const { issuers, certificates } = file
  const isDefault =
    anonymous.size === options.byDefault.length &&
    options.byDefault.every((each) => anonymous.has(each))
  return {
    anonymous,
    sha256: file.sha256,
    isDefault: isDefault && issuers.length === 0 && certificates.length === 0,
    ...(issuers.length > 0 && { identities: createIdentities(issuers, Date.now) }),
    ...(certificates.length > 0 && { certificates: createCertificateWriters(certificates) }),
  }
}

function listed(scopes: ReadonlySet<Scope>): string {
  return scopes.size === 0 ? "nothing" : everyScope.filter((scope) => scopes.has(scope)).join(", ")
}

/** Refuses what of tokens and rules cannot be read: a server does not start then. */
export async function openServedAccess(options: ServedAccessOptions): Promise<ServedAccess> {
  const { data, access: file, secrets, logger } = options
  const uses = createUses(tokenFile(data), Date.now, logger)
  const watched = watchTokens(options, uses.onUse, newer)
  let askedAt = 0
  let rules = await readRules(options)
  let current = put()

  function put(): Access {
    const tokens = watched.book()
    const { isDefault, sha256: _, ...said } = rules
    const isIdle = isDefault && !watched.hadTokens()
    return { isIdle, tokens, ...said, ...(secrets !== undefined && { secrets }) }
  }

  function look(): void {
    if (watched.look()) current = put()
  }

  /** A token may be younger than the last look: whoever has just been given one need not wait for the next. */
  function newer(): TokenBook | undefined {
    const now = Date.now()
    if (Math.abs(now - askedAt) < LOOK_AGAIN_MS) return undefined
    askedAt = now
    if (!watched.look()) return undefined
    current = put()
    return watched.book()
  }

  async function reread(): Promise<void> {
    if (file === undefined) return
    try {
      const found = await readRules(options)
      const { sha256 } = found
      const about = { file, sha256, anonymous: listed(found.anonymous) }
      // Before the rules are in force; keys of issuers may be others also where the file is as before.
      if (sha256 !== rules.sha256) {
        recordAct(auditFile(data), { event: "writers-changed", about })
      }
      rules = found
      current = put()
      logger.info(about, "the access file was read again")
    } catch (err) {
      logger.error({ err }, "the access file cannot be read: the rules stay as they were")
    }
  }

  /** One after the other, so that the newest file is the last that counts. */
  let reading = Promise.resolve()

  function hangUp(): void {
    look()
    reading = reading.then(reread)
  }

  const looking = setInterval(look, LOOK_MS).unref()
  const writing = setInterval(() => uses.write(watched.tokens()), WRITE_MS).unref()
  process.on("SIGHUP", hangUp)
  return {
    current: () => current,
    describe() {
      const { identities, certificates, anonymous } = rules
      const valid = watched.tokens().length
      return [
        `anyone may: ${listed(anonymous)}`,
        `tokens: ${valid}`,
        ...(identities === undefined ? [] : ["OpenID Connect tokens"]),
        ...(certificates === undefined ? [] : ["client certificates"]),
      ].join("; ")
    },
    async close() {
      clearInterval(looking)
      clearInterval(writing)
      process.removeListener("SIGHUP", hangUp)
      uses.write(watched.tokens())
    },
  }
}
