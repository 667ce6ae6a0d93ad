// `countersign audit`: the audit log of a log, a witness or a monitor, verified and listed.
import { existsSync } from "node:fs"
import { type AuditHead, type ChainedAct, noActs } from "../../core/acts/act.ts"
import { Refusal, refuse, shown } from "../../core/base/errors.ts"
import { parseDecimal } from "../../core/base/text.ts"
import { auditFile, readActs } from "../../storage/files/audit-file.ts"
import { commandGroup } from "../command/command-list.ts"
import { verdictOf } from "../command/exit-code.ts"
import {
  dataOption,
  defineCommand,
  gathered,
  jsonOption,
  parsed,
  printVerdict,
} from "../command/options.ts"

const NOTED = /^([0-9]+):([0-9a-f]{64})$/

/** A head as /healthz shows it and somebody has noted it: `RECORDS:HASH`. */
function parseNoted(text: string): AuditHead {
  const [, records = "", hash = ""] = NOTED.exec(text) ?? []
  if (hash === "") refuse("malformed", `expected RECORDS:HASH, found ${shown(text)}`)
  return { records: parseDecimal(records, "records"), hash }
}

function fileIn(data: string): string {
  const path = auditFile(data)
  return existsSync(path) ? path : refuse("not-found", `expected an audit log, found no ${path}`)
}

/** Follows the chain to its end. What it refuses is a verdict about the file. */
async function follow(
  path: string,
  onAct: (act: ChainedAct, hash: string) => void,
): Promise<AuditHead> {
  const acts = readActs(path)
  try {
    for (;;) {
      const next = await acts.next()
      if (next.done === true) return next.value
      onAct(next.value.act, next.value.hash)
    }
  } catch (error) {
    throw error instanceof Refusal ? verdictOf(error) : error
  }
}

/** Throws a falsehood unless the chain went through every noted head. */
function assertNoted(noted: readonly AuditHead[], seen: ReadonlyMap<number, string>): void {
  const { size: records } = seen
  for (const { records: at, hash } of noted) {
    const found = at === 0 ? noActs.hash : seen.get(at)
    if (found === hash) continue
    const what = at > records ? `found ${records}: the end was cut off` : `found ${found}`
    throw verdictOf(new Refusal("mismatch", `expected act ${at} with the hash ${hash}, ${what}`))
  }
}

const auditVerifyCommand = defineCommand({
  options: [
    dataOption("log, witness or monitor"),
    parsed("--head <records:hash>", "a head noted earlier; may be repeated", gathered(parseNoted)),
    jsonOption(),
  ],
  help: `
Exit code 3 if the chain does not hold, or does not go through a head that was noted. Without a noted
head nobody can tell whether the newest acts were cut off, or the whole file was written anew: /healthz
of a log shows the newest head, and so do a witness's status page and a monitor's /status.json.

Example:
  countersign audit verify --data /var/lib/countersign --head 12:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08`,
  run: ({ data, head: noted = [] }, called) =>
    printVerdict(called, async (output) => {
      const seen = new Map<number, string>()
      const { records, hash } = await follow(fileIn(data), ({ seq }, each) => seen.set(seq, each))
      assertNoted(noted, seen)
      output.result(
        "the chain holds",
        [
          ["acts", records],
          ["head", `${records}:${hash}`],
          ["noted heads in it", noted.length],
        ],
        { verified: true, records, hash, notedHeads: noted.length },
      )
      const newest = Math.max(0, ...noted.map((each) => each.records))
      if (newest < records) {
        output.remark(
          `no noted head covers the acts after ${newest}: whether any were rewritten or cut off this file cannot tell`,
        )
      }
    }),
})

function aboutText({ about = {} }: ChainedAct): string {
  return Object.entries(about)
    .map(([name, value]) => ` ${name}=${value}`)
    .join("")
}

const auditListCommand = defineCommand({
  options: [dataOption("log, witness or monitor"), jsonOption()],
  help: `
Prints the acts up to the first place where the chain does not hold, and then exits with 3.

Example:
  countersign audit list --data /var/lib/countersign`,
  async run({ data }, { output }) {
    await follow(fileIn(data), (act, hash) => {
      const title = `${act.seq} ${act.time} ${act.event} by ${act.actor}${aboutText(act)}`
      output.result(title, [], { ...act, hash })
    })
  },
})

export const auditCommand = commandGroup(
  {
    descriptions: {
      verify: "verify the chain of acts, and that it goes through heads noted earlier",
      list: "print the acts, oldest first",
    },
    load: {
      verify: async () => auditVerifyCommand,
      list: async () => auditListCommand,
    },
  },
  `
Example:
  countersign audit verify --data /var/lib/countersign`,
)
