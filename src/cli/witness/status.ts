// `countersign witness status` says where a witness stands with each log; `countersign witness unfreeze` lets
// it cosign a log again that was proven to lie.
import { refuse, shown } from "../../core/base/errors.ts"
import { present } from "../../core/base/present.ts"
import { formatBase64 } from "../../core/base/text.ts"
import { parseOrigin } from "../../core/note/origin.ts"
import { auditFile, recordedly } from "../../storage/files/audit-file.ts"
import { openWitnessStore } from "../../storage/sqlite/witness/store.ts"
import type { Freeze } from "../../witness/store.ts"
import { dataOption, defineCommand, jsonOption, mandatory } from "../command/options.ts"
import type { Fields } from "../command/output.ts"
import {
  assertWitness,
  guardOption,
  readWitness,
  type WitnessDirectory,
  witnessDirectory,
} from "./directory.ts"

async function readStanding(directory: WitnessDirectory) {
  return await readWitness(directory, async ({ identity, ...reads }) => {
    const [logs, heads, freezes, kept] = await Promise.all([
      reads.logs(),
      reads.heads(),
      reads.freezes(),
      reads.evidence(),
    ])
    const standings = logs.map(({ origin }) => {
      const head = heads.find((candidate) => candidate.origin === origin)
      const frozen = freezes.find((freeze) => freeze.origin === origin)
      const evidence = kept.filter((one) => one.origin === origin).map((one) => one.evidence.id)
      const root = head === undefined ? {} : { root: formatBase64(head.root) }
      // Of a log that was never cosigned.
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

type Standing = Awaited<ReturnType<typeof readStanding>>

function fieldsOf({ logs }: Standing): Fields {
  return logs.map(({ origin, size, time, frozen }) => {
    const when = time === 0 ? "never cosigned" : `cosigned ${new Date(time * 1000).toISOString()}`
    return [origin, `size ${size}, ${when}${frozen === undefined ? "" : `, ${whyFrozen(frozen)}`}`]
  })
}

export const witnessStatusCommand = defineCommand({
  options: [dataOption("witness"), guardOption, jsonOption()],
  help: `
Example:
  countersign witness status --data /var/lib/witness --json

What is printed is compared with the guard, which shows an older copy of the data. A guard that
lies elsewhere is named with --guard.`,
  async run({ data, guard }, { output }) {
    const standing = await readStanding(witnessDirectory(data, guard))
    const { name, logs } = standing
    output.result(`witness ${name}, ${logs.length} logs`, fieldsOf(standing), standing)
  },
})

export const witnessUnfreezeCommand = defineCommand({
  options: [dataOption("witness"), mandatory("--origin <name>", "the log's name"), guardOption],
  help: `
Example:
  countersign witness unfreeze --data /var/lib/witness \\
    --guard /srv/guard/witness.example.com --origin log.example.com

The evidence is kept, and the same evidence does not freeze the log again. A log that was frozen
because the witness itself was put back to an older copy stays frozen.`,
  async run({ data, guard, origin }, { terminal }) {
    const directory = witnessDirectory(data, guard)
    assertWitness(directory)
    const store = await openWitnessStore(directory)
    try {
      const freezes = await store.freezes()
      if (freezes.every((freeze) => freeze.origin !== origin)) {
        refuse("not-found", `expected a frozen log ${shown(origin)}, found it not frozen`)
      }
      await recordedly(auditFile(data), { event: "unfrozen", about: { origin } }, () =>
        store.unfreeze(parseOrigin(origin)),
      )
    } finally {
      await store.close()
    }
    terminal.stdout.write(`${origin} may be cosigned again; the evidence is kept\n`)
  },
})
