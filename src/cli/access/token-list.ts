// `countersign token list`: what is kept of each token; never its secret, nor the hash of it.
import type { StoredToken } from "../../core/access/stored-token.ts"
import {
  type LastUses,
  readLastUses,
  readTokenFile,
  tokenFile,
} from "../../storage/files/token-file.ts"
import { defineCommand } from "../command/options.ts"
import type { Fields } from "../command/output.ts"
import { assertDataDirectory, dayOf, isValid, scopesText, tokenOptions } from "./token-options.ts"

function stateOf(token: StoredToken, now: number): string {
  if (token.revoked !== undefined) return `revoked on ${dayOf(token.revoked)}`
  return isValid(token, now) ? "valid" : "expired"
}

function fieldsOf(token: StoredToken, uses: LastUses, now: number): Fields {
  const { keys, identities, perMinute } = token
  return [
    ["name", token.name],
    ["state", stateOf(token, now)],
    ["scopes", scopesText(token)],
    ["created", dayOf(token.created)],
    ["expires", dayOf(token.expires)],
    ["last used", uses.get(token.id) ?? "never"],
    ...(perMinute === undefined ? [] : [["a minute", perMinute] as const]),
    ...(keys ?? []).map((key) => ["key", key] as const),
    ...(identities ?? []).map((identity) => ["identity", identity] as const),
  ]
}

function jsonOf({ sha256: _, ...token }: StoredToken, uses: LastUses, isGood: boolean): object {
  return { ...token, scopes: [...token.scopes], lastUsed: uses.get(token.id), isValid: isGood }
}

export const tokenListCommand = defineCommand({
  options: [...tokenOptions],
  help: `
The day of the last use is written once a minute, while the server runs.

Example:
  countersign token list --data ./data --json`,
  async run({ data: path }, { output }) {
    const file = tokenFile(assertDataDirectory(path))
    const uses = readLastUses(file)
    const now = Date.now()
    const tokens = readTokenFile(file) ?? []
    for (const token of tokens) {
      output.result(token.id, fieldsOf(token, uses, now), jsonOf(token, uses, isValid(token, now)))
    }
    if (tokens.length === 0)
      output.remark("there are no tokens; make one with: countersign token create")
  },
})
