// What is printed of many verdicts: a line of each in the order in which they were asked for, whenever they come, and a
// last one that counts them.
import type { Fields, Output } from "../command/output.ts"
import { verdictJson, verdictWords } from "./describe.ts"
import type { Counts, Outcome, Verdict } from "./verdict.ts"

/** What a verdict is about; what is not known of it is left out. */
export interface About {
  readonly bundle?: string
  /** Of a file of JSON lines, counted from 1. */
  readonly line?: number
  readonly artifact?: string
  readonly image?: string
}

interface Line {
  readonly about: About
  readonly verdict: Verdict
  /** For people, behind the verdict. */
  readonly more?: string
  /** For people, below it. */
  readonly fields?: Fields
  /** For programs. */
  readonly json?: object
}

export interface Report {
  /** Keeps a place for lines that may come later. */
  place(): Place
  counts(): Counts
  /** The last line. */
  end(): void
}

export interface Place {
  print(line: Line): void
  /** No more lines come here. */
  close(): void
}

const labels: Readonly<Record<Outcome, string>> = {
  verified: "verified",
  false: "false",
  unjudged: "not judged",
  failed: "failed",
  alone: "without counterpart",
}

const outcomes = Object.keys(labels) as readonly Outcome[]

function nameOf({ artifact, image, bundle = "" }: About): string {
  return artifact ?? image ?? bundle
}

function behind({ artifact, image, bundle, line }: About): string {
  if (bundle === undefined) return ""
  const at = line === undefined ? "" : `line ${line}`
  const isNamed = artifact === undefined && image === undefined
  const where = isNamed ? at : `${bundle}${at === "" ? "" : `, ${at}`}`
  return where === "" ? "" : ` (${where})`
}

function lineText({ about, verdict, more = "" }: Line): string {
  const { outcome } = verdict
  return `${labels[outcome]}: ${nameOf(about)}: ${verdictWords(verdict)}${more}${behind(about)}`
}

/** Takes the progress bar away before it prints. */
export function behindProgress(output: Output, end: () => void): Output {
  return {
    result(...words) {
      end()
      output.result(...words)
    },
    remark(text) {
      end()
      output.remark(text)
    },
  }
}

export function createReport(output: Output): Report {
  const counted: { [Each in Outcome]: number } = {
    verified: 0,
    false: 0,
    unjudged: 0,
    failed: 0,
    alone: 0,
  }
  /** Of each place the lines that wait; undefined once it is closed and printed. */
  const places: { readonly lines: Line[]; isClosed: boolean }[] = []

  function write(line: Line): void {
    const { about, verdict, json, fields = [] } = line
    output.result(lineText(line), fields, { ...verdictJson(verdict), ...about, ...json })
  }

  function flush(): void {
    for (let first = places[0]; first !== undefined; first = places[0]) {
      for (const line of first.lines.splice(0)) write(line)
      if (!first.isClosed) return
      places.shift()
    }
  }

  return {
    place() {
      const own = { lines: [] as Line[], isClosed: false }
      places.push(own)
      return {
        print(line) {
          counted[line.verdict.outcome] += 1
          own.lines.push(line)
          if (places[0] === own) flush()
        },
        close() {
          own.isClosed = true
          flush()
        },
      }
    },
    counts: () => counted,
    end() {
      const words = outcomes.map((outcome) => `${counted[outcome]} ${labels[outcome]}`)
      const { verified, false: isFalse, unjudged, failed, alone } = counted
      const counts = {
        verified,
        false: isFalse,
        notJudged: unjudged,
        failed,
        withoutCounterpart: alone,
      }
      output.result(words.join(", "), [], { counts })
    },
  }
}
