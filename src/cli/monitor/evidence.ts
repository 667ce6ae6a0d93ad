// `countersign monitor evidence`: gives out the proofs that a monitor keeps, each a file for anyone to check.
import type { Command } from "commander"
import { refuse, shown } from "../../core/base/errors.ts"
import { evidenceText, type KeptEvidence, keptEvidence } from "../../monitor/findings/evidence.ts"
import type { DocumentReads } from "../../monitor/state/documents.ts"
import { jsonOption } from "../command/options.ts"
import { createOutput } from "../command/output.ts"
import type { Terminal } from "../command/terminal.ts"
import { monitorDirectory, openMonitorState } from "./directory.ts"

interface EvidenceOptions {
  readonly data: string
  readonly key?: string
  readonly json?: boolean
}

/** The one file whose ID begins like this; refuses `not-found`. */
function textOf(documents: DocumentReads, beginning: string): string {
  const found = keptEvidence(documents).filter(({ id }) => id.startsWith(beginning))
  const [only] = found
  if (only === undefined || found.length > 1) {
    return refuse(
      "not-found",
      `expected the ID of one kept evidence file, found ${shown(beginning)} for ${found.length}`,
    )
  }
  return evidenceText(documents, only.id) ?? ""
}

function line({ id, kind, size }: KeptEvidence): string {
  return `${id} ${kind} ${size} bytes`
}

export function monitorEvidenceCommand(command: Command, terminal: Terminal): void {
  command
    .argument("[id]", "the ID, or how it begins")
    .requiredOption("--data <dir>", "the monitor's data directory")
    .option("--key <file>", "the monitor's own key (default: in DIR)")
    .addOption(jsonOption())
    .addHelpText(
      "after",
      `
Example:
  countersign monitor evidence --data ./monitor
  countersign monitor evidence bafebf66 --data ./monitor > fork.evidence`,
    )
    .action(async (id: string | undefined, { data, key, json }: EvidenceOptions) => {
      const state = await openMonitorState(monitorDirectory(data, key), "read")
      try {
        if (id !== undefined) {
          terminal.stdout.write(textOf(state.documents, id))
          return
        }
        const output = createOutput(terminal, json)
        for (const kept of keptEvidence(state.documents)) output.result(line(kept), [], { ...kept })
      } finally {
        await state.close()
      }
    })
}
