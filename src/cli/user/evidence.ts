// `countersign evidence verify`: checks a file of evidence offline, with nothing but the file and keys that are known
// from elsewhere. What convicts a key, and what presents something without accusing anybody, have different words.
import { parseUtf8 } from "../../core/base/bytes.ts"
import { Refusal } from "../../core/base/errors.ts"
import { LONGEST_EVIDENCE } from "../../core/base/limits.ts"
import { formatVkey, parseVkey } from "../../core/note/note.ts"
import { type VerifiedEvidence, verifyEvidence } from "../../evidence/verification.ts"
import { commandGroup } from "../command/command-list.ts"
import { Falsehood, proven } from "../command/exit-code.ts"
import { readStatement } from "../command/file.ts"
import { defineCommand, jsonOption, optional, parsed, printVerdict } from "../command/options.ts"
import type { Output } from "../command/output.ts"

function printVerified(output: Output, verified: VerifiedEvidence): void {
  const { id, kind, format, effect, origin, claims, freezes } = verified
  const key = formatVkey(verified.key)
  const witnesses = verified.witnesses.map(formatVkey)
  output.result(
    effect === "convicts" ? `convicts: ${kind} by ${origin}` : `presents: ${kind} in ${origin}`,
    [
      ["id", id],
      ["format", format],
      [effect === "convicts" ? "convicted key" : "key of the log", key],
      ...witnesses.map((witness) => ["witness", witness] as const),
      ...claims.map((claim) => ["claim", claim] as const),
    ],
    { verified: true, id, format, kind, effect, origin, key, witnesses, claims, freezes },
  )
}

/** Whose keys nobody has compared yet. */
function warn(output: Output, { witnesses, effect }: VerifiedEvidence, isPinned: boolean): void {
  if (effect === "presents") output.remark("nobody is accused: this shows what is there")
  if (!isPinned) {
    output.remark(
      "the key is the one that the file names: compare it with one from elsewhere, or give --key",
    )
  }
  if (witnesses.length === 0) return
  output.remark("this rests on the clocks of the witnesses above: compare their keys as well")
}

/** Refuses what only presents, where the caller acts on convictions. */
function assertConvicts({ effect, kind }: VerifiedEvidence): void {
  if (effect === "convicts") return
  const found = `expected evidence that convicts its key, found ${kind}, which presents something`
  throw new Falsehood(new Refusal("bad-proof", found))
}

const evidenceVerifyCommand = defineCommand({
  argument: ["<file>", "the evidence"],
  options: [
    parsed("--key <vkey>", "the key that it must be about, NAME+ID+KEY", parseVkey),
    optional("--witness <vkey...>", "witnesses whose clocks are trusted, all that are known"),
    optional("--convicts", "refuse what presents something and convicts nobody"),
    jsonOption(),
  ],
  help: `
Example:
  countersign evidence verify fork.evidence --key "$(cat log.vkey)"

No network is used. Evidence that convicts shows that the owner of the key has
broken a rule; evidence that presents shows what is in the log, and accuses
nobody. Both exit with 0 and say which they are, unless --convicts is given.
Exits with 3 and the reason if the evidence does not hold, or is about another
key, or with --convicts only presents; with 5 if it cannot be judged: a kind or
format that is not supported, a file that is no evidence or is too large.`,
  async run({ key, witness = [], convicts }, called, path: string) {
    const known = witness.map(parseVkey)
    await printVerdict(called, async (output) => {
      const bytes = await readStatement(path, "evidence", LONGEST_EVIDENCE)
      const text = () => parseUtf8(bytes, "evidence")
      const verified = proven(() => verifyEvidence(text(), key, undefined, known))
      if (convicts === true) assertConvicts(verified)
      printVerified(output, verified)
      warn(output, verified, key !== undefined)
    })
  },
})

export const evidenceCommand = commandGroup(
  {
    descriptions: {
      verify: "verify a file of evidence offline; say what it proves, and whether it convicts",
    },
    takes: { verify: "[options] <file>" },
    load: { verify: async () => evidenceVerifyCommand },
  },
  `
Example:
  countersign evidence verify fork.evidence`,
)
