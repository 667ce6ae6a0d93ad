// The program: every command by name, and running it with its errors turned into a line and an exit code.
import { readFileSync } from "node:fs"
import { Command, CommanderError } from "commander"
import { EXIT_FINE, EXIT_MONITOR_USAGE, EXIT_USAGE, exitCodeOf } from "./command/exit-code.ts"
import { addCommands, type CalledWords, type ListedCommand } from "./command/listed-command.ts"
import { createOutput } from "./command/output.ts"
import type { Terminal } from "./command/terminal.ts"

const commands: readonly ListedCommand[] = [
  {
    name: "init",
    description: "make the keys, the database and the head guard of a new log",
    load: async () => (await import("./log/init.ts")).initCommand,
  },
  {
    name: "serve",
    description: "run the log over HTTP",
    load: async () => (await import("./log/serve.ts")).serveCommand,
  },
  {
    name: "submit",
    description: "log signatures, verify the receipts and write bundles",
    load: async () => (await import("./user/submit.ts")).submitCommand,
  },
  {
    name: "revoke",
    description: "log that a key is revoked, signed by the key itself",
    load: async () => (await import("./user/revoke.ts")).revokeCommand,
  },
  {
    name: "verify",
    description: "verify a bundle offline: artifact, signature, log entry, proof and checkpoint",
    load: async () => (await import("./user/verify.ts")).verifyCommand,
  },
  {
    name: "search",
    description: "find entries of a log by what they say",
    load: async () => (await import("./user/search.ts")).searchCommand,
  },
  {
    name: "entry",
    takes: "[options] <index>",
    description: "read one entry of a log and verify that it is there",
    load: async () => (await import("./user/entry.ts")).entryCommand,
  },
  {
    name: "proof",
    takes: "[options] [index]",
    description: "fetch and verify an inclusion or a consistency proof",
    load: async () => (await import("./user/proof.ts")).proofCommand,
  },
  {
    name: "checkpoint",
    description: "read and verify a log's newest checkpoint",
    load: async () => (await import("./user/checkpoint.ts")).checkpointCommand,
  },
  {
    name: "evidence",
    takes: "",
    description: "proven misbehaviour of logs and witnesses",
    load: async () => (await import("./user/evidence.ts")).evidenceCommand,
  },
  {
    name: "heads",
    takes: "",
    description: "what this verifier has seen of logs, to be compared with what others have seen",
    load: async () => (await import("./user/heads.ts")).headsCommand,
  },
  {
    name: "witness",
    takes: "",
    description: "run a witness: cosign the checkpoints of logs",
    load: async () => (await import("./witness/witness.ts")).witnessCommand,
  },
  {
    name: "monitor",
    takes: "",
    description: "follow logs: rebuild their trees, verify every entry, raise the alarm",
    load: async () => (await import("./monitor/monitor.ts")).monitorCommand,
  },
  {
    name: "trust",
    description: "write trusted_root.json and signing_config.json for Sigstore's clients",
    load: async () => (await import("./user/trust.ts")).trustCommand,
  },
  {
    name: "keys",
    description: "print the log's public keys, for verifiers to pin",
    load: async () => (await import("./log/keys.ts")).keysCommand,
  },
  {
    name: "fsck",
    description: "recompute a log from its entries and compare everything",
    load: async () => (await import("./log/fsck.ts")).fsckCommand,
  },
  {
    name: "backup",
    description: "copy the database of a log, running or not, and check the copy",
    load: async () => (await import("./log/backup.ts")).backupCommand,
  },
  {
    name: "redact",
    description: "delete the attestation that a stopped log keeps with an entry",
    load: async () => (await import("./log/redact.ts")).redactCommand,
  },
  {
    name: "export-tiles",
    description: "write a log as static files, each checked against the checkpoint",
    load: async () => (await import("./log/export-tiles.ts")).exportTilesCommand,
  },
]

/** package.json lies two folders above this file, in the sources and in what is built of them. */
function readVersion(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8")
  const { version } = JSON.parse(text) as { readonly version: string }
  return version
}

/**
 * The program as the words call it: every command by name, and the called one with its options. Commander
 * throws instead of ending the process and prints to the terminal, in all commands.
 */
export async function createProgram(terminal: Terminal, words: CalledWords): Promise<Command> {
  const program = new Command("countersign")
    .description("An append-only transparency log for artifact signatures.")
    .version(readVersion())
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.stdout.write(text),
      writeErr: (text) => terminal.stderr.write(text),
    })
    .addHelpText(
      "after",
      `
Exit codes: 0 fine, 1 failure, 2 usage, 3 what was to be verified is false.`,
    )
  await addCommands(program, commands, terminal, words)
  return program
}

/** Runs one command line (without node and the script) and gives its exit code. A bug is thrown. */
export async function runProgram(words: readonly string[], terminal: Terminal): Promise<number> {
  try {
    const program = await createProgram(terminal, words)
    await program.parseAsync(words, { from: "user" })
    return EXIT_FINE
  } catch (error) {
    const code = exitCodeOf(error, words[0] === "monitor" ? EXIT_MONITOR_USAGE : EXIT_USAGE)
    if (code === undefined) throw error
    // Commander has printed its own errors already.
    if (error instanceof Error && !(error instanceof CommanderError)) {
      createOutput(terminal, false).remark(error.message)
    }
    return code
  }
}
