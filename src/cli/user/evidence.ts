// `countersign evidence verify`: checks a file of evidence offline, with nothing but the file and a key.
import { Command, InvalidArgumentError, Option } from "commander"
import { parseUtf8 } from "../../core/base/bytes.ts"
import { Refusal } from "../../core/base/errors.ts"
import { LONGEST_EVIDENCE } from "../../core/base/limits.ts"
import { formatVkey, parseVkey, type Vkey } from "../../core/note/note.ts"
import { type VerifiedEvidence, verifyEvidence } from "../../evidence/verification.ts"
import { Falsehood, proven } from "../command/exit-code.ts"
import { readBytes } from "../command/file.ts"
import { jsonOption } from "../command/log-options.ts"
import { createOutput, formatJson, type Output } from "../command/output.ts"
import type { Terminal } from "../command/terminal.ts"

interface VerifyOptions {
  readonly key?: Vkey
  readonly json?: boolean
}

function vkeyArgument(text: string): Vkey {
  try {
    return parseVkey(text)
  } catch (error) {
    throw error instanceof Refusal ? new InvalidArgumentError(error.message) : error
  }
}

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
  output.remark("this rests on the clocks of the witnesses above: compare their keys, too")
}

async function verifyFile(path: string, options: VerifyOptions): Promise<VerifiedEvidence> {
  const bytes = await readBytes(path, "evidence", LONGEST_EVIDENCE)
  return proven(() => verifyEvidence(parseUtf8(bytes, "evidence"), options.key))
}

function evidenceVerifyCommand(terminal: Terminal): Command {
  return new Command("verify")
    .description("verify a file of evidence offline and say what it proves against whom")
    .argument("<file>", "the evidence")
    .addOption(
      new Option("--key <vkey>", "the key that it must convict, NAME+ID+KEY").argParser(
        vkeyArgument,
      ),
    )
    .addOption(jsonOption())
    .addHelpText(
      "after",
      `
Example:
  countersign evidence verify fork.evidence --key "$(cat log.vkey)"

Nothing is asked of any network. Exits with 3 and the reason if the evidence does not hold or
convicts another key.`,
    )
    .action(async (path: string, options: VerifyOptions) => {
      const output = createOutput(terminal, options.json)
      try {
        const verified = await verifyFile(path, options)
        printVerified(output, verified)
        warn(output, verified, options.key !== undefined)
      } catch (error) {
        if (error instanceof Falsehood && options.json) {
          const { code, message } = error.cause
          terminal.stdout.write(`${formatJson({ verified: false, code, reason: message })}\n`)
        }
        throw error
      }
    })
}

export function evidenceCommand(terminal: Terminal): Command {
  return new Command("evidence")
    .description("proven misbehaviour of logs and witnesses")
    .addHelpText(
      "after",
      `
Example:
  countersign evidence verify fork.evidence`,
    )
    .addCommand(evidenceVerifyCommand(terminal))
}
