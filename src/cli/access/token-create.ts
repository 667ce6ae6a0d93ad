// `countersign token create`: a token for a writer.
import { parseScopes } from "../../core/access/scope.ts"
import { parseTokenName, type StoredToken } from "../../core/access/stored-token.ts"
import { refuse, shown } from "../../core/base/errors.ts"
import { present } from "../../core/base/present.ts"
import { parseDecimal } from "../../core/base/text.ts"
import { readTokenFile, tokenFile } from "../../storage/files/token-file.ts"
import { defineCommand, mandatory, parsed, preset } from "../command/options.ts"
import {
  assertDataDirectory,
  dayOf,
  drawToken,
  type Edit,
  editTokens,
  endOf,
  handOut,
  isValid,
  outOption,
  parseLife,
  parseSpan,
  scopesText,
  tokenOptions,
  withTokenFile,
} from "./token-options.ts"
import { parseWords } from "./words.ts"

const MOST_PER_MINUTE = 1_000_000
const FINGERPRINT = /^sha256:[0-9a-f]{64}$/
const DEFAULT_LIFE = "90d"

function parsePerMinute(text: string): number {
  const count = parseDecimal(text, "requests a minute")
  if (count >= 1 && count <= MOST_PER_MINUTE) return count
  return refuse("malformed", `expected 1 to ${MOST_PER_MINUTE} a minute, found ${text}`)
}

function parseFingerprints(text: string): readonly string[] {
  const keys = parseWords(text)
  const wrong = keys.find((key) => !FINGERPRINT.test(key))
  if (wrong === undefined && keys.length > 0) return keys
  return refuse(
    "malformed",
    `expected sha256: and 64 hex digits for each key, found ${shown(wrong ?? "")}`,
  )
}

function assertNew(tokens: readonly StoredToken[], name: string, now: number): void {
  if (!tokens.some((token) => token.name === name && isValid(token, now))) return
  refuse(
    "conflict",
    `expected a name without a valid token, found one of ${name}: rotate or revoke it`,
  )
}

export const tokenCreateCommand = defineCommand({
  options: [
    ...tokenOptions,
    mandatory("--name <name>", "whom it is for, as logs and limits name the writer"),
    mandatory("--scope <list>", "what it lets do: submit, attach, ledger, evidence, heads, read"),
    preset(
      "--expires <time>",
      "how long it is valid, such as 12h or 90d, or never",
      parseLife,
      parseSpan(DEFAULT_LIFE),
      DEFAULT_LIFE,
    ),
    parsed("--per-minute <n>", "how many requests a minute it may make", parsePerMinute),
    parsed("--allow-keys <list>", "add entries signed by these keys only", parseFingerprints),
    parsed(
      "--allow-identities <list>",
      "add entries signed by certificates of these identities only",
      (text) => parseWords(text.toLowerCase()),
    ),
    outOption,
  ],
  help: `
The token is shown once; only its hash is kept. The log takes --allow-identities only while it is served
with --certificate-authorities: without, anyone can make a certificate of any identity.

Example:
  countersign token create --data ./data --name ci-payments --scope submit,attach --expires 90d
  countersign token create --data ./data --name ci --scope submit --per-minute 600 --out ci.token`,
  async run(options, { terminal, output }) {
    const data = assertDataDirectory(options.data)
    const name = parseTokenName(options.name)
    const scopes = parseScopes(parseWords(options.scope), "--scope")
    if (scopes.size === 0) refuse("malformed", "--scope: expected at least one scope, found none")
    const created = Date.now()
    const details = {
      ...{ name, scopes, created },
      ...present({
        expires: endOf(created, options.expires),
        perMinute: options.perMinute,
        keys: options.allowKeys,
        identities: options.allowIdentities,
      }),
    }
    const known = readTokenFile(tokenFile(data)) ?? []
    assertNew(known, name, created)
    const { text, stored } = drawToken(details, known)
    const { id, expires } = stored
    const edit: Edit = {
      ...{ data, event: "token-created" },
      about: { id, name, scopes: scopesText(stored), expires: dayOf(expires) },
      edit(tokens) {
        assertNew(tokens, name, created)
        return [...tokens, stored]
      },
    }
    await withTokenFile({ out: options.out, text }, () => editTokens(edit))
    if (details.identities !== undefined) {
      output.remark("the log refuses this token unless it is served with --certificate-authorities")
    }
    handOut({ text, stored, out: options.out, isJson: options.json === true }, terminal, output)
  },
})
