// `countersign witness status` says where a witness stands with each log; `countersign witness unfreeze` lets
// it cosign a log again that was proven to lie.
import type { Command } from "commander"
import { refuse, shown } from "../../core/base/errors.ts"
import { present } from "../../core/base/present.ts"
import { formatBase64 } from "../../core/base/text.ts"
import { type Origin, parseOrigin } from "../../core/note/origin.ts"
import { openWitnessStore } from "../../storage/sqlite/witness/store.ts"
import type { Freeze } from "../../witness/store.ts"
import { dataOption, jsonOption } from "../command/options.ts"
import { createOutput, type Fields } from "../command/output.ts"
import type { Terminal } from "../command/terminal.ts"
import { assertWitness, type WitnessDirectory, witnessDirectory } from "./directory.ts"
import { readWitness } from "./reads.ts"

interface StatusOptions {
  readonly data: string
  readonly json?: boolean
}

interface UnfreezeOptions {
  readonly data: string
  readonly guard?: string
  readonly origin: string
}

interface LogStanding {
  readonly origin: Origin
  readonly size: number
  /** Base64; absent if the log was never cosigned. */
  readonly root?: string
  /** Unix seconds; 0 for never. */
  readonly time: number
  readonly frozen?: Freeze
  /** The IDs of the evidence against it. */
  readonly evidence: readonly string[]
}

interface Standing {
  readonly name: string
  readonly logs: readonly LogStanding[]
}

async function readStanding(directory: WitnessDirectory): Promise<Standing> {
  return await readWitness(directory, async ({ identity, ...reads }) => {
    const [logs, heads, freezes, kept] = await Promise.all([
      reads.logs(),
      reads.heads(),
      reads.freezes(),
      reads.evidence(),
    ])
    const standings = logs.map(({ origin }): LogStanding => {
      const head = heads.find((candidate) => candidate.origin === origin)
      const frozen = freezes.find((freeze) => freeze.origin === origin)
      const evidence = kept.filter((one) => one.origin === origin).map((one) => one.evidence.id)
      const root = head === undefined ? {} : { root: formatBase64(head.root) }
      const { size, time } = head ?? { size: 0, time: 0 }
      return { origin, size, ...root, time, ...present({ frozen }), evidence }
    })
    return { name: identity.origin, logs: standings }
  })
}

function whyFrozen(frozen: Freeze): string {
  return frozen.cause === "proven"
    ? `frozen by evidence ${frozen.evidence}`
    : "frozen for good: the witness was put back to an older copy"
}

function fieldsOf({ logs }: Standing): Fields {
  return logs.map(({ origin, size, time, frozen }) => {
    const when = time === 0 ? "never cosigned" : `cosigned ${new Date(time * 1000).toISOString()}`
    return [origin, `size ${size}, ${when}${frozen === undefined ? "" : `, ${whyFrozen(frozen)}`}`]
  })
}

export function witnessStatusCommand(command: Command, terminal: Terminal): void {
  command
    .addOption(dataOption("witness"))
    .addOption(jsonOption())
    .addHelpText(
      "after",
      `
Example:
  countersign witness status --data /var/lib/witness --json`,
    )
    .action(async ({ data, json }: StatusOptions) => {
      const standing = await readStanding(witnessDirectory(data))
      const title = `witness ${standing.name}, ${standing.logs.length} logs`
      createOutput(terminal, json).result(title, fieldsOf(standing), standing)
    })
}

export function witnessUnfreezeCommand(command: Command, terminal: Terminal): void {
  command
    .addOption(dataOption("witness"))
    .requiredOption("--origin <name>", "the log's name")
    .option("--guard <file>", "where the guard is kept (default: DIR/guard/state)")
    .addHelpText(
      "after",
      `
Example:
  countersign witness unfreeze --data /var/lib/witness \\
    --guard /srv/guard/witness.example.com --origin log.example.com

The evidence is kept, and the same evidence does not freeze the log again. A log that was frozen
because the witness itself was put back to an older copy stays frozen.`,
    )
    .action(async ({ data, guard, origin }: UnfreezeOptions) => {
      const directory = witnessDirectory(data, guard)
      assertWitness(directory)
      const store = await openWitnessStore(directory)
      try {
        const freezes = await store.freezes()
        if (freezes.every((freeze) => freeze.origin !== origin)) {
          refuse("not-found", `expected a frozen log ${shown(origin)}, found it not frozen`)
        }
        await store.unfreeze(parseOrigin(origin))
      } finally {
        await store.close()
      }
      terminal.stdout.write(`${origin} may be cosigned again; the evidence is kept\n`)
    })
}
