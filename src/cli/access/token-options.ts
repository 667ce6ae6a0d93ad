// What the token commands share: the data directory, how long a token lasts, and how a new one is drawn and handed out.
import { hash, randomBytes } from "node:crypto"
import { existsSync, rmSync } from "node:fs"
import { join } from "node:path"
import type { StoredToken } from "../../core/access/stored-token.ts"
import { formatToken, ID_BYTES, SECRET_BYTES, tokenId } from "../../core/access/token.ts"
import { refuse, shown } from "../../core/base/errors.ts"
import { auditFile, recordedly } from "../../storage/files/audit-file.ts"
import { editTokenFile, tokenFile } from "../../storage/files/token-file.ts"
import { writeKeyFile } from "../command/key-files.ts"
import { jsonOption, mandatory, optional } from "../command/options.ts"
import type { Output } from "../command/output.ts"
import type { Terminal } from "../command/terminal.ts"

export const tokenOptions = [
  mandatory("--data <dir>", "the data directory of the log or the monitor"),
  jsonOption(),
] as const

export const outOption = optional(
  "--out <file>",
  "write the token into a new file that only you can read, and do not show it",
)

/** The directory, if there is a log or a monitor in it; refuses `not-found`. */
export function assertDataDirectory(path: string): string {
  if (["log.db", "monitor.db"].some((name) => existsSync(join(path, name)))) return path
  return refuse("not-found", `expected the data of a log or a monitor in ${path}, found none`)
}

const UNITS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 }
const LONGEST = 3_650 * 86_400_000

/** `30m`, `12h` or `90d` in milliseconds; refuses `malformed` for anything else, and above ten years. */
export function parseSpan(text: string): number {
  const [, count = "", unit = ""] = /^([0-9]{1,6})([mhd])$/.exec(text) ?? []
  const span = Number(count) * (UNITS[unit] ?? 0)
  if (span > 0 && span <= LONGEST) return span
  return refuse(
    "malformed",
    `expected a time such as 12h or 90d, up to 3650d, found ${shown(text)}`,
  )
}

/** A time that may not end: infinity for `never`. */
export function parseLife(text: string): number {
  return text === "never" ? Number.POSITIVE_INFINITY : parseSpan(text)
}

/** When a token of that life ends; undefined if it does not. */
export function endOf(created: number, life: number): number | undefined {
  return Number.isFinite(life) ? created + life : undefined
}

/** A token that nobody has had before, and what is kept of it. */
export function drawToken(
  details: Omit<StoredToken, "id" | "sha256">,
  known: readonly StoredToken[],
): { readonly text: string; readonly stored: StoredToken } {
  const id = tokenId(randomBytes(ID_BYTES))
  if (known.some((token) => token.id === id)) return drawToken(details, known)
  const text = formatToken(id, randomBytes(SECRET_BYTES))
  return { text, stored: { id, ...details, sha256: hash("sha256", text, "hex") } }
}

interface NewFile {
  readonly out: string | undefined
  readonly text: string
}

/**
 * Puts the token into its file before `edit` makes it valid: one that could not be handed out would end the one before
 * it, and nobody had it. The file is gone again if `edit` fails. Refuses `conflict` for a file that is there.
 */
export async function withTokenFile(
  { out, text }: NewFile,
  edit: () => Promise<void>,
): Promise<void> {
  if (out === undefined) return await edit()
  if (existsSync(out)) {
    refuse("conflict", `--out: expected no file of that name yet, found ${out}: give another name`)
  }
  writeKeyFile(out, `${text}\n`)
  try {
    await edit()
  } catch (error) {
    rmSync(out, { force: true })
    throw error
  }
}

export interface Edit {
  readonly data: string
  readonly event: "token-created" | "token-rotated" | "token-revoked"
  readonly about: Readonly<Record<string, string | number>>
  edit(tokens: readonly StoredToken[]): readonly StoredToken[]
}

/** Changes the tokens of a data directory, with an act in its audit log before anything is changed. */
export async function editTokens({ data, event, about, edit }: Edit): Promise<void> {
  await recordedly(auditFile(data), { event, about }, () => editTokenFile(tokenFile(data), edit))
}

export function scopesText({ scopes }: Pick<StoredToken, "scopes">): string {
  return [...scopes].join(",")
}

export function dayOf(time: number | undefined): string {
  return time === undefined ? "never" : new Date(time).toISOString().slice(0, 10)
}

/** The tokens that an ID or a name stands for; refuses `not-found`. */
export function namedTokens(tokens: readonly StoredToken[], word: string): readonly StoredToken[] {
  const found = tokens.filter(({ id, name }) => id === word || name === word)
  if (found.length > 0) return found
  // Whoever gives the token itself has put it where others may read it.
  const given = word.startsWith("cst_") ? "a token; give its name or its ID" : shown(word)
  return refuse("not-found", `expected the name or the ID of a token, found ${given}`)
}

export function isValid({ revoked, expires }: StoredToken, now: number): boolean {
  return revoked === undefined && (expires === undefined || now < expires)
}

interface Handing {
  readonly text: string
  readonly stored: StoredToken
  readonly out: string | undefined
  readonly isJson: boolean
}

/** Hands out a new token: alone on standard output, or by the name of the file that it is in. */
export function handOut(
  { text, stored, out, isJson }: Handing,
  terminal: Terminal,
  output: Output,
): void {
  const { id, name, expires } = stored
  if (isJson) {
    const token = out === undefined ? { token: text } : { file: out }
    output.result("", [], {
      id,
      name,
      scopes: [...stored.scopes],
      ...token,
      expires: expires ?? null,
    })
    return
  }
  const where = out === undefined ? "it is not shown again" : `it is in ${out}`
  output.remark(`token ${id} of ${name} (${scopesText(stored)}; ends: ${dayOf(expires)}): ${where}`)
  if (out === undefined) terminal.stdout.write(`${text}\n`)
}
