// What the monitor signs over its state: its sequence number, a digest over all documents, and size and
// root of every log, as the text of a C2SP signed note under the monitor's own key.
import { refuse } from "../../core/base/errors.ts"
import { formatBase64, parseBase64, parseDecimal } from "../../core/base/text.ts"
import { openNote, parseNote, type Vkey } from "../../core/note/note.ts"
import { type Origin, parseOrigin } from "../../core/note/origin.ts"
import { asHash, type Hash, type Head } from "../../core/tree/hash.ts"

const TITLE = "countersign-monitor-state/v1"

/** The monitor's own key; `sign` gives the whole note. */
export interface StateSigner {
  readonly vkey: Vkey
  sign(text: string): Promise<string>
}

export interface StateStatement {
  /** Grows by one with each commit. */
  readonly sequence: number
  readonly documents: Hash
  /** In the order of the origins. */
  readonly logs: readonly (readonly [Origin, Head])[]
}

export function formatStatement({ sequence, documents, logs }: StateStatement): string {
  const lines = logs.map(([origin, { size, root }]) => `${origin} ${size} ${formatBase64(root)}\n`)
  return `${TITLE}\n${sequence}\n${formatBase64(documents)}\n${lines.join("")}`
}

function hashOf(text: string): Hash {
  return asHash(parseBase64(text, "monitor state"), "monitor state")
}

function parseLog(line: string): readonly [Origin, Head] {
  const [origin = "", size = "", root = ""] = line.split(" ")
  return [parseOrigin(origin), { size: parseDecimal(size, "monitor state"), root: hashOf(root) }]
}

/**
 * The statement in a note that `vkey` signed. Refuses `malformed`, and `untrusted` or `bad-signature`
 * for a note that is not this monitor's.
 */
export function openStatement(note: string, vkey: Vkey): StateStatement {
  const parsed = parseNote(note)
  openNote(parsed, [vkey])
  const [title, sequence = "", documents = "", ...logs] = parsed.text.slice(0, -1).split("\n")
  const statement = {
    sequence: parseDecimal(sequence, "monitor state"),
    documents: hashOf(documents),
    logs: logs.map(parseLog),
  }
  if (title !== TITLE || formatStatement(statement) !== parsed.text) {
    refuse("malformed", `monitor state: expected a statement ${TITLE}, found another text`)
  }
  return statement
}
