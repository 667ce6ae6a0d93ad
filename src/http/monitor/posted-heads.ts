// Which followed log has signed a head that somebody posted, and what of the note is kept: the lines of known keys that
// hold. Everybody may post, so what costs little comes first, and no line is verified again that was lately.
import { hash } from "node:crypto"
import { LONGEST_KEPT_NOTE } from "../../core/base/limits.ts"
import type { ListedHead } from "../../core/note/head-list.ts"
import {
  formatNote,
  formatVkey,
  isSignatureOf,
  isWitnessKey,
  lineOf,
  type NoteSignature,
  type SignatureRule,
  type Vkey,
} from "../../core/note/note.ts"
import { createMemory } from "../../evidence/memory.ts"
import type { PinnedKeys } from "../../monitor/promises/mailbox.ts"

/** A followed log with the keys whose signature lines are kept. */
export interface ServedMonitorLog extends PinnedKeys {
  readonly witnesses: readonly Vkey[]
}

/** A {@link SignatureRule} that is waited for. */
export type PatientRule = (...line: Parameters<SignatureRule>) => Promise<boolean>

interface SignedHead {
  readonly log: ServedMonitorLog
  /** With one line of the log at least, and no line that does not hold. */
  readonly note: string
}

const MOST_REMEMBERED = 4_096

/** A rule that remembers the newest of its verdicts, but not that one could not be found. */
export function createRemembering(holds: PatientRule): PatientRule {
  const verdicts = createMemory<Promise<boolean>>(MOST_REMEMBERED)
  return async (vkey, text, signature) => {
    const line = `${formatVkey(vkey)} ${Buffer.from(signature).toString("base64")} ${text}`
    const name = hash("sha256", line, "base64")
    try {
      return await verdicts.get(name, () => holds(vkey, text, signature))
    } catch (reason) {
      verdicts.forget(name)
      throw reason
    }
  }
}

/** The keys that convict the log by a head of this name: any under its own names, under others those of no witness. */
function keysFor({ origin, vkeys }: ServedMonitorLog, name: string): readonly Vkey[] {
  return name === origin ? vkeys : vkeys.filter((vkey) => !isWitnessKey(vkey))
}

const byCost = (a: Vkey, b: Vkey): number => a.type - b.type

export function createHeadReading(logs: readonly ServedMonitorLog[], holds: PatientRule) {
  /** The lines of these keys up to the first that does not hold, cheap ones first, and whether that is all of them. */
  async function holding({ note }: ListedHead, vkeys: readonly Vkey[]) {
    const lines: NoteSignature[] = []
    for (const vkey of vkeys.toSorted(byCost)) {
      const line = lineOf(vkey, note.signatures)
      if (line === undefined) continue
      if (!(await holds(vkey, note.text, line.signature))) return { lines, isAll: false }
      lines.push(line)
    }
    return { lines, isAll: lines.length > 0 }
  }

  /** Whether the lines of known keys are few enough to be kept. */
  function isShort({ note: { text, signatures } }: ListedHead, log: ServedMonitorLog): boolean {
    const known = [...log.vkeys, ...log.witnesses]
    const kept = signatures.filter((line) => known.some((vkey) => isSignatureOf(vkey, line)))
    return kept.length > 0 && formatNote(text, kept).length <= LONGEST_KEPT_NOTE
  }

  async function signed(listed: ListedHead, log: ServedMonitorLog): Promise<string | undefined> {
    if (!isShort(listed, log)) return undefined
    const own = await holding(listed, keysFor(log, listed.head.origin))
    // SPEC: a known key's bad signature spoils the note, whatever else verifies.
    if (!own.isAll) return undefined
    const others = await holding(listed, log.witnesses)
    const kept = new Set([...own.lines, ...others.lines])
    return formatNote(
      listed.note.text,
      listed.note.signatures.filter((line) => kept.has(line)),
    )
  }

  /** The log whose key signed a head, and the note; the log of that name first, for each key may sign any name. */
  return async (listed: ListedHead): Promise<SignedHead | undefined> => {
    const { origin: name } = listed.head
    const named = logs.filter(({ origin }) => origin === name)
    for (const log of [...named, ...logs.filter(({ origin }) => origin !== name)]) {
      const note = await signed(listed, log)
      if (note !== undefined) return { log, note }
    }
    return undefined
  }
}
