// `countersign evidence verify`: checks a file of evidence offline, with nothing but the file and a key.
import { parseUtf8 } from "../../core/base/bytes.ts"
import { LONGEST_EVIDENCE } from "../../core/base/limits.ts"
import { formatVkey, parseVkey } from "../../core/note/note.ts"
import { type VerifiedEvidence, verifyEvidence } from "../../evidence/verification.ts"
import { commandGroup } from "../command/command-list.ts"
import { proven } from "../command/exit-code.ts"
import { readBytes } from "../command/file.ts"
import { defineCommand, jsonOption, parsed, printVerdict } from "../command/options.ts"
import type { Output } from "../command/output.ts"

function printVerified(output: Output, verified: VerifiedEvidence): void {
  const { id, kind, origin, claims, freezes } = verified
  const key = formatVkey(verified.convicted)
  const witnesses = verified.witnesses.map(formatVkey)
  output.result(
    `verified: ${kind} of ${origin}`,
    [
      ["id", id],
      ["key", key],
      ...witnesses.map((witness) => ["witness", witness] as const),
      ...claims.map((claim) => ["claim", claim] as const),
    ],
    { verified: true, id, kind, origin, key, witnesses, claims, freezes },
  )
}

/** Whose keys nobody has compared yet. */
function warn(output: Output, { witnesses }: VerifiedEvidence, isPinned: boolean): void {
  if (!isPinned) {
    output.remark(
      "the key is the one that the file names: compare it with one from elsewhere, or give --key",
    )
  }
  if (witnesses.length === 0) return
  output.remark("this rests on the clocks of the witnesses above: compare their keys as well")
}

const evidenceVerifyCommand = defineCommand({
  argument: ["<file>", "the evidence"],
  options: [
    parsed("--key <vkey>", "the key that it must convict, NAME+ID+KEY", parseVkey),
    jsonOption(),
  ],
  help: `
Example:
  countersign evidence verify fork.evidence --key "$(cat log.vkey)"

No network is used. Exits with 3 and the reason if the evidence does not hold or
convicts another key.`,
  async run({ key }, called, path: string) {
    await printVerdict(called, async (output) => {
      const bytes = await readBytes(path, "evidence", LONGEST_EVIDENCE)
      const verified = proven(() => verifyEvidence(parseUtf8(bytes, "evidence"), key))
      printVerified(output, verified)
      warn(output, verified, key !== undefined)
    })
  },
})

export const evidenceCommand = commandGroup(
  {
    descriptions: {
      verify: "verify a file of evidence offline; say what it proves, and against whom",
    },
    takes: { verify: "[options] <file>" },
    load: { verify: async () => evidenceVerifyCommand },
  },
  `
Example:
  countersign evidence verify fork.evidence`,
)
