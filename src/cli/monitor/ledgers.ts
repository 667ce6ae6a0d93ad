// The ledgers that pipelines post to this monitor: who may, and where they are kept.

import { refuse } from "../../core/base/errors.ts"
import { LONGEST_PEM } from "../../core/base/limits.ts"
import { nativeHasher } from "../../crypto/tree-hasher.ts"
import type { ServedLedgers } from "../../http/monitor/ledger.ts"
import type { Watch } from "../../monitor/watch/watch.ts"
import type { LedgerFolder } from "../../storage/files/ledger-folder.ts"
import { readText } from "../command/file.ts"
import type { RunOptions } from "./options.ts"

const TOKEN = /^[\x21-\x7e]{20,256}$/
const MOST_TOKENS = 100

/** One token a line, so that a new one can be given out before the old one ends. Refuses `malformed`. */
async function readTokens(path: string): Promise<readonly string[]> {
  const text = await readText(path, "ledger token file", LONGEST_PEM)
  const tokens = text.split("\n").map((line) => line.trim())
  const found = tokens.filter((token) => token !== "" && !token.startsWith("#"))
  if (
    found.length === 0 ||
    found.length > MOST_TOKENS ||
    !found.every((each) => TOKEN.test(each))
  ) {
    refuse(
      "malformed",
      `${path}: expected 1 to ${MOST_TOKENS} tokens, one a line, of 20 to 256 characters without blanks, found others`,
    )
  }
  return found
}

/** What the monitor's door needs to take ledger lines; undefined if there are no signers that it could take them of. */
export async function openServedLedgers(
  { ledgerTokenFile, listen, watch: file }: RunOptions,
  ledgers: LedgerFolder,
  watch: () => Watch,
): Promise<ServedLedgers | undefined> {
  if (listen === undefined || file === undefined) {
    if (ledgerTokenFile === undefined) return undefined
    return refuse("malformed", "--ledger-token-file: expected --listen and --watch beside it")
  }
  return {
    tokens: ledgerTokenFile === undefined ? [] : await readTokens(ledgerTokenFile),
    append: ledgers.append,
    leaf: nativeHasher.leaf,
    signers: () => new Set(watch().signers.map(({ name }) => name)),
  }
}
