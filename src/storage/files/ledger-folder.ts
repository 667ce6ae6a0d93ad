// The ledgers that pipelines post to a monitor, one file for each signer: lines that are only ever appended, and that
// are on the disk before anyone is told. A line without its end was never answered for; it is cut off before the next.
import { hash } from "node:crypto"
import { type FileHandle, open } from "node:fs/promises"
import { join } from "node:path"
import { utf8 } from "../../core/base/bytes.ts"
import { refuse } from "../../core/base/errors.ts"
import { LONGEST_WATCH_LIST } from "../../core/base/limits.ts"
import { settled } from "../../core/base/settled.ts"
import { diskTrouble, makeFolder, readIfThere, syncNameOf } from "../disk/durable-file.ts"

interface Appended {
  /** Lines that were not there before. */
  readonly added: number
  readonly known: number
}

export interface LedgerFolder {
  /**
   * Appends those lines that the signer's ledger does not have; they are durable when it resolves. Refuses `too-large`
   * for a ledger that is full; rejects with Trouble ("disk").
   */
  append(signer: string, lines: readonly string[]): Promise<Appended>
  /** The whole lines that were posted; undefined if none were. */
  read(signer: string): Promise<string | undefined>
  /** Where the ledger of a signer is kept. */
  fileOf(signer: string): string
}

/** The longest name of a file; with room for the ending. */
const LONGEST_NAME = 240
const NEWLINE = 0x0a

interface OpenLedger {
  readonly file: FileHandle
  /** Of each line that is there a short hash. */
  readonly known: Set<string>
  size: number
}

function markOf(line: string): string {
  return hash("sha256", line, "base64url").slice(0, 20)
}

/** The bytes up to the end of the last whole line. */
function wholeLines(bytes: Uint8Array): Uint8Array {
  return bytes.subarray(0, bytes.lastIndexOf(NEWLINE) + 1)
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8")
}

/** Opens a ledger for appending, cut to its whole lines. */
async function openLedger(path: string): Promise<OpenLedger> {
  const found = await readIfThere(path)
  const whole = wholeLines(found ?? new Uint8Array(0))
  const file = await open(path, "a", 0o600)
  if (found === undefined) syncNameOf(path)
  else if (whole.length < found.length) await file.truncate(whole.length)
  const lines = textOf(whole).split("\n").slice(0, -1)
  return { file, known: new Set(lines.map(markOf)), size: whole.length }
}

async function write(ledger: OpenLedger, lines: readonly string[]): Promise<void> {
  const bytes = utf8(lines.map((line) => `${line}\n`).join(""))
  await ledger.file.appendFile(bytes)
  await ledger.file.sync()
  ledger.size += bytes.length
}

export function openLedgerFolder(folder: string): LedgerFolder {
  let last: Promise<unknown> = Promise.resolve()

  function fileOf(signer: string): string {
    const name = encodeURIComponent(signer)
    if (name.length > LONGEST_NAME) {
      refuse("too-large", `signer: expected a name of up to ${LONGEST_NAME} characters`)
    }
    return join(folder, `${name}.jsonl`)
  }

  async function appendTo(path: string, lines: readonly string[]): Promise<Appended> {
    makeFolder(folder)
    const ledger = await openLedger(path)
    try {
      const fresh = [...new Set(lines)].filter((line) => !ledger.known.has(markOf(line)))
      const length = fresh.reduce((sum, line) => sum + utf8(line).length + 1, 0)
      if (ledger.size + length > LONGEST_WATCH_LIST) {
        refuse(
          "too-large",
          `the ledger is full: expected up to ${LONGEST_WATCH_LIST} bytes in ${path}`,
        )
      }
      if (fresh.length > 0) await write(ledger, fresh)
      return { added: fresh.length, known: lines.length - fresh.length }
    } finally {
      await ledger.file.close()
    }
  }

  return {
    fileOf,
    async read(signer) {
      const path = fileOf(signer)
      try {
        const bytes = await readIfThere(path)
        return bytes && textOf(wholeLines(bytes))
      } catch (reason) {
        throw diskTrouble(path, reason)
      }
    },
    async append(signer, lines) {
      const path = fileOf(signer)
      const turn = settled(last).then(() => appendTo(path, lines))
      last = turn
      try {
        return await turn
      } catch (reason) {
        throw diskTrouble(path, reason)
      }
    },
  }
}
