// `countersign token rotate`: a token with the name, scopes and limits of another one, which ends soon.

import type { StoredToken } from "../../core/access/stored-token.ts"
import { refuse } from "../../core/base/errors.ts"
import { present } from "../../core/base/present.ts"
import { readTokenFile, tokenFile } from "../../storage/files/token-file.ts"
import { defineCommand, parsed, preset } from "../command/options.ts"
import {
  assertDataDirectory,
  dayOf,
  drawToken,
  type Edit,
  editTokens,
  endOf,
  handOut,
  isValid,
  namedTokens,
  outOption,
  parseLife,
  parseSpan,
  scopesText,
  tokenOptions,
  withTokenFile,
} from "./token-options.ts"

const DEFAULT_OVERLAP = "7d"

/** The newest valid one; refuses `not-found`. */
function rotatable(tokens: readonly StoredToken[], word: string, now: number): StoredToken {
  const valid = namedTokens(tokens, word).filter((token) => isValid(token, now))
  const newest = valid.toSorted((a, b) => b.created - a.created).at(0)
  return (
    newest ??
    refuse(
      "not-found",
      "expected a valid token, found one that was revoked or has expired: create another",
    )
  )
}

/** The end of a token that was to end at `expires`. */
function endWith({ expires }: StoredToken, end: number): number {
  return Math.min(expires ?? Number.POSITIVE_INFINITY, end)
}

/** As long as the one before was valid, unless it is said. */
function lifeOf({ created, expires }: StoredToken): number {
  return expires === undefined ? Number.POSITIVE_INFINITY : Math.max(expires - created, 60_000)
}

export const tokenRotateCommand = defineCommand({
  argument: ["<token>", "its name or its ID"],
  options: [
    ...tokenOptions,
    preset(
      "--overlap <time>",
      "how long the old one stays valid",
      parseSpan,
      parseSpan(DEFAULT_OVERLAP),
      DEFAULT_OVERLAP,
    ),
    parsed(
      "--expires <time>",
      "how long the new one is valid (default: as long as the old one was)",
      parseLife,
    ),
    outOption,
  ],
  help: `
Both tokens are valid meanwhile. One that may be known to others is to be revoked instead.

Example:
  countersign token rotate --data ./data ci --overlap 2d --out ci-next.token`,
  async run(options, { terminal, output }, word: string) {
    const data = assertDataDirectory(options.data)
    const now = Date.now()
    const known = readTokenFile(tokenFile(data)) ?? []
    const before = rotatable(known, word, now)
    const life = options.expires ?? lifeOf(before)
    const { id: _, sha256: __, expires: ___, revoked: ____, ...kept } = before
    const details = { ...kept, created: now, ...present({ expires: endOf(now, life) }) }
    const { text, stored } = drawToken(details, known)
    const edit: Edit = {
      ...{ data, event: "token-rotated" },
      about: {
        id: stored.id,
        before: before.id,
        name: stored.name,
        scopes: scopesText(stored),
        expires: dayOf(stored.expires),
      },
      edit(tokens) {
        const { id } = rotatable(tokens, before.id, now)
        const ended = tokens.map((token) =>
          token.id === id ? { ...token, expires: endWith(token, now + options.overlap) } : token,
        )
        return [...ended, stored]
      },
    }
    await withTokenFile({ out: options.out, text }, () => editTokens(edit))
    handOut({ text, stored, out: options.out, isJson: options.json === true }, terminal, output)
  },
})
