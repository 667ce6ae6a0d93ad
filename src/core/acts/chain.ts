// The chain of an audit log, verified line by line: numbers without a gap, each line over the hash of the one
// before. A line that a crash cut off counts only if the next one owns up to it. Leaves out whether lines are
// missing at the end: only a head that was noted elsewhere shows that.
import { concat, parseUtf8, utf8 } from "../base/bytes.ts"
import { refuse, unlessRefused } from "../base/errors.ts"
import { type AuditHead, type ChainedAct, hashOfLine, noActs, parseAct } from "./act.ts"

/** What verifies a chain, given its lines in their order. */
interface ChainCheck {
  /** One line without its line feed. Refuses `mismatch` where the chain does not hold; names the line. */
  take(line: Uint8Array): ChainedAct | undefined
  /** After the last line. Refuses `mismatch` if the file ends in a line that is no act. */
  end(): AuditHead
}

/** The most bytes between two acts that one act owns up to. */
export const MOST_TORN = 65_536

/** Follows a chain from its first line; remembers one line. */
export function createChainCheck(): ChainCheck {
  let head = noActs
  let lines = 0
  let torn: Uint8Array | undefined

  function fail(what: string): never {
    return refuse("mismatch", `line ${lines}: ${what}`)
  }

  function keepTorn(line: Uint8Array): void {
    torn = torn === undefined ? line : concat(torn, utf8("\n"), line)
    if (torn.length > MOST_TORN) fail(`expected an act, found ${torn.length} bytes that are none`)
  }

  function assertOwned(act: ChainedAct): void {
    const isOwner = act.event === "torn-line"
    if (torn === undefined) {
      if (isOwner) fail("expected a damaged line before this one, found none")
      return
    }
    if (!isOwner || act.about?.["sha256"] !== hashOfLine(torn)) {
      fail("expected an act that owns up to the damaged line before it, found another")
    }
    torn = undefined
  }

  return {
    take(line) {
      lines += 1
      const act = unlessRefused(() => parseAct(parseUtf8(line, "act")))
      if (act === undefined) {
        keepTorn(line)
        return undefined
      }
      assertOwned(act)
      if (act.seq !== head.records + 1) fail(`expected act ${head.records + 1}, found ${act.seq}`)
      if (act.prev !== head.hash) fail("it does not follow the act before: one of them was changed")
      head = { records: act.seq, hash: hashOfLine(line) }
      return act
    },
    end() {
      if (torn === undefined) return head
      return fail("expected an act, found a line that is none")
    },
  }
}
