// Adds lines to the text of a watch file and leaves all else as it is: comments, order, blank lines.

const VERSION = "countersign-watch/v1"

interface Edited {
  readonly text: string
  readonly added: readonly string[]
  /** Lines that the subject has already. */
  readonly known: readonly string[]
}

const isSaid = (line: string): boolean => line.trim() !== "" && !line.trim().startsWith("#")
const isIndented = (line: string): boolean => /^[ \t]/.test(line)

function isSubject(line: string, name: string): boolean {
  const [keyword, written, ...others] = line.trim().split(/[ \t]+/)
  return !isIndented(line) && keyword === "subject" && written === name && others.length === 0
}

/** The place behind the last line of the block that begins at `start`, comments between its lines included. */
function endOfBlock(lines: readonly string[], start: number): number {
  let end = start + 1
  for (let at = start + 1; at < lines.length; at++) {
    const line = lines[at] ?? ""
    if (isSaid(line) && !isIndented(line)) break
    if (isIndented(line) && line.trim() !== "") end = at + 1
  }
  return end
}

/** Adds lines to the block of a subject, which is begun at the end of the text if it is not there. */
export function addToSubject(before: string, name: string, wanted: readonly string[]): Edited {
  const text = before === "" ? `${VERSION}\n` : before
  const lines = text.split("\n")
  const start = lines.findIndex((line) => isSubject(line, name))
  if (start < 0) {
    const gap = text.endsWith("\n\n") ? "" : "\n"
    const block = [`subject ${name}`, ...wanted.map((line) => `  ${line}`), ""].join("\n")
    return { text: `${text}${gap}${block}`, added: wanted, known: [] }
  }
  const end = endOfBlock(lines, start)
  const there = new Set(lines.slice(start + 1, end).map((line) => line.trim()))
  const added = wanted.filter((line) => !there.has(line))
  const known = wanted.filter((line) => there.has(line))
  const whole = [...lines.slice(0, end), ...added.map((line) => `  ${line}`), ...lines.slice(end)]
  return { text: whole.join("\n"), added, known }
}
