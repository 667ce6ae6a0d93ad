// `countersign monitor evidence`: gives out the proofs that a monitor keeps, each a file for anyone to check.
import { refuse, shown } from "../../core/base/errors.ts"
import { evidenceText, keptEvidence } from "../../monitor/findings/evidence.ts"
import type { DocumentReads } from "../../monitor/state/documents.ts"
import { defineCommand, jsonOption } from "../command/options.ts"
import { monitorDirectory, readState, stateOptions } from "./directory.ts"

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

export const monitorEvidenceCommand = defineCommand({
  argument: ["[id]", "the ID, or how it begins"],
  options: [...stateOptions, jsonOption()],
  help: `
Example:
  countersign monitor evidence --data ./monitor
  countersign monitor evidence bafebf66 --data ./monitor > fork.evidence`,
  async run({ data, key, passphraseFile }, { terminal, output }, beginning: string | undefined) {
    await readState(monitorDirectory(data, key, passphraseFile), ({ documents }) => {
      if (beginning !== undefined) {
        terminal.stdout.write(textOf(documents, beginning))
        return
      }
      for (const kept of keptEvidence(documents)) {
        const { id, kind, effect, size } = kept
        output.result(`${id} ${kind} ${effect} ${size} bytes`, [], { ...kept })
      }
    })
  },
})
