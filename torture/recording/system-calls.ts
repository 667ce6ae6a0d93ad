// Reads what strace wrote with `-f -y -xx`: one system call at a time, those that another thread interrupted at the
// moment they returned. Strings and paths stand there as \xNN, so bytes are exact.
import { createReadStream } from "node:fs"
import { createInterface } from "node:readline"

export interface SystemCall {
  readonly thread: number
  readonly name: string
  /** The arguments with each string taken out of its quotes. */
  readonly words: string
  readonly strings: readonly Buffer[]
  /** What it returned; -1 where it failed. */
  readonly result: number
  /** The path behind the descriptor that it returned. */
  readonly resultPath: string | undefined
  /** Whether strace made this up in the kernel's place. */
  readonly isInjected: boolean
}

const DESCRIPTOR = /(-?\d+|AT_FDCWD)<((?:\\x[0-9a-f]{2})*)>/

function bytesOf(hex: string): Buffer {
  return Buffer.from(hex.replaceAll("\\x", ""), "hex")
}

/** The descriptor and the path behind it that stand first in the arguments. */
export function descriptorOf(words: string): { readonly number: number; readonly path: string } {
  const [, number = "-1", path = ""] = DESCRIPTOR.exec(words) ?? []
  return { number: number === "AT_FDCWD" ? -1 : Number(number), path: bytesOf(path).toString() }
}

/** Throws for a string that strace has cut: it was told to write too few bytes. */
function takeStrings(text: string): {
  readonly words: string
  readonly strings: readonly Buffer[]
} {
  const strings: Buffer[] = []
  const parts: string[] = []
  let at = 0
  for (let open = text.indexOf('"'); open >= 0; open = text.indexOf('"', at)) {
    const close = text.indexOf('"', open + 1)
    if (text.startsWith("...", close + 1)) throw new Error("strace has cut a string")
    strings.push(bytesOf(text.slice(open + 1, close)))
    parts.push(text.slice(at, open))
    at = close + 1
  }
  parts.push(text.slice(at))
  return { words: parts.join("''"), strings }
}

function parseCall(thread: number, text: string): SystemCall | undefined {
  const open = text.indexOf("(")
  const end = text.lastIndexOf(" = ")
  if (open < 0 || end < open) return undefined
  const returned = text.slice(end + 3)
  const path = DESCRIPTOR.exec(returned)?.[2]
  return {
    thread,
    name: text.slice(0, open),
    ...takeStrings(text.slice(open + 1, end)),
    result: returned.startsWith("-1") ? -1 : Number.parseInt(returned, 10),
    resultPath: path === undefined ? undefined : bytesOf(path).toString(),
    isInjected: returned.endsWith("(INJECTED)"),
  }
}

const UNFINISHED = " <unfinished ...>"
const RESUMED = /^<\.\.\. [a-z0-9_]+ resumed>/

/** Tells each call that has returned, in the order of the returns. */
export async function readCalls(trace: string, tell: (call: SystemCall) => void): Promise<void> {
  const begun = new Map<number, string>()
  for await (const line of createInterface({ input: createReadStream(trace) })) {
    const space = line.indexOf(" ")
    const thread = Number(line.slice(0, space))
    const text = line.slice(space + 1).trimStart()
    if (text.endsWith(UNFINISHED)) {
      begun.set(thread, text.slice(0, -UNFINISHED.length))
      continue
    }
    const resumed = RESUMED.exec(text)
    const whole = resumed === null ? text : `${begun.get(thread)}${text.slice(resumed[0].length)}`
    const call = parseCall(thread, whole)
    if (call !== undefined) tell(call)
  }
}
