// The options of a server that say who may do what.

import { parseScopes, type Scope } from "../../core/access/scope.ts"
import { option, orEnvironment, parsed } from "../command/options.ts"
import { parseWords } from "./words.ts"

/** `none` for an empty list. */
function parseAnonymous(text: string): ReadonlySet<Scope> {
  return parseScopes(text.trim() === "none" ? [] : parseWords(text), "anonymous")
}

export const accessOptions = [
  option("--access <file>", "YAML: who may do what by OpenID Connect tokens or certificates"),
  orEnvironment(
    parsed(
      "--anonymous <scopes>",
      "what anyone may do without credentials, of submit, attach, evidence, heads, read; or none",
      parseAnonymous,
    ),
  ),
] as const

export interface AccessOptions {
  readonly access?: string
  readonly anonymous?: ReadonlySet<Scope>
}
