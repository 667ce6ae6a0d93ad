// The program: every command by name, and running it with its errors turned into a line and an exit code.
import type { Command } from "commander"
import { emptyProgram, runWords } from "./command/command-line.ts"
import { addCommands, type CalledWords } from "./command/command-list.ts"
import { EXIT_MONITOR_USAGE, EXIT_USAGE } from "./command/exit-code.ts"
import type { Terminal } from "./command/terminal.ts"

const commands = {
  descriptions: {
    init: "make the keys, the database and the head guard of a new log",
    serve: "run the log over HTTP",
    health: "ask a running server whether it is ready, and say it by the exit code",
    sign: "sign files and images, log the signatures and write bundles",
    submit: "log what is signed already, verify the receipts and write bundles",
    "fetch-bundle": "get the bundle of an entry out of a log, verified",
    attach: "give a log the signed bytes of entries of which it has only a digest",
    revoke: "log a revocation of a key, signed by the key itself",
    verify: "verify a bundle offline: artifact, signature, log entry, proof and checkpoint",
    search: "find entries of a log by what they contain",
    entry: "read one entry of a log and verify that the log has it",
    proof: "fetch and verify an inclusion or a consistency proof",
    checkpoint: "read and verify a log's newest checkpoint",
    evidence: "proven misbehaviour of logs and witnesses",
    heads: "the heads of logs that this verifier has seen, to compare with what others have seen",
    witness: "run a witness: cosign the checkpoints of logs",
    signer: "hold a log's keys in a process of their own, which remembers what it has signed",
    monitor: "follow logs: rebuild their trees, verify every entry, raise the alarm",
    bridge: "give a log what was signed elsewhere, and report what it does not have",
    watch: "write watch files, and look them through",
    trust: "write trusted_root.json and signing_config.json for Sigstore's clients",
    keys: "print the log's public keys, for verifiers to pin",
    "encrypt-keys": "write key files anew, under another passphrase or none",
    fsck: "recompute a log from its entries and compare everything",
    audit: "the administrative acts on a log, a witness or a monitor: verify, list",
    backup: "copy the database of a log, running or not, and check the copy",
    redact: "delete the attestation that a stopped log keeps with an entry",
    token: "make, list, replace and revoke the tokens of a log's or a monitor's writers",
    "search-index": "make the search index of a log again, or see how far it has come",
    "export-tiles": "write a log as static files, each checked against the checkpoint",
  },
  takes: {
    entry: "[options] <index>",
    proof: "[options] [index]",
    audit: "",
    evidence: "",
    heads: "",
    witness: "",
    signer: "",
    monitor: "",
    bridge: "",
    watch: "",
    token: "",
    "search-index": "",
  },
  load: {
    init: async () => (await import("./log/init.ts")).initCommand,
    serve: async () => (await import("./log/serve.ts")).serveCommand,
    health: async () => (await import("./serving/health.ts")).healthCommand,
    sign: async () => (await import("./sign/sign.ts")).signCommand,
    submit: async () => (await import("./sign/submit.ts")).submitCommand,
    "fetch-bundle": async () => (await import("./sign/fetch/fetch-bundle.ts")).fetchBundleCommand,
    attach: async () => (await import("./attach/attach.ts")).attachCommand,
    revoke: async () => (await import("./sign/revoke.ts")).revokeCommand,
    verify: async () => (await import("./verify/verify.ts")).verifyCommand,
    search: async () => (await import("./user/search.ts")).searchCommand,
    entry: async () => (await import("./user/entry.ts")).entryCommand,
    proof: async () => (await import("./user/proof.ts")).proofCommand,
    checkpoint: async () => (await import("./user/checkpoint.ts")).checkpointCommand,
    evidence: async () => (await import("./user/evidence.ts")).evidenceCommand,
    heads: async () => (await import("./user/heads.ts")).headsCommand,
    witness: async () => (await import("./witness/witness.ts")).witnessCommand,
    signer: async () => (await import("./signer/signer.ts")).signerCommand,
    monitor: async () => (await import("./monitor/monitor.ts")).monitorCommand,
    bridge: async () => (await import("./bridge/bridge.ts")).bridgeCommand,
    watch: async () => (await import("./watch/watch.ts")).watchCommand,
    trust: async () => (await import("./user/trust.ts")).trustCommand,
    keys: async () => (await import("./log/keys.ts")).keysCommand,
    "encrypt-keys": async () => (await import("./keys/encrypt-keys.ts")).encryptKeysCommand,
    fsck: async () => (await import("./log/fsck.ts")).fsckCommand,
    audit: async () => (await import("./audit/audit.ts")).auditCommand,
    backup: async () => (await import("./log/backup.ts")).backupCommand,
    redact: async () => (await import("./log/redact.ts")).redactCommand,
    token: async () => (await import("./access/token.ts")).tokenCommand,
    "search-index": async () => (await import("./log/search-index.ts")).searchIndexCommand,
    "export-tiles": async () => (await import("./log/export-tiles.ts")).exportTilesCommand,
  },
}

/**
 * The program as the words call it: every command by name, and the called one with its options. Commander
 * throws instead of ending the process and prints to the terminal, in all commands.
 */
export async function createProgram(terminal: Terminal, words: CalledWords): Promise<Command> {
  const program = emptyProgram("countersign", terminal)
    .description("An append-only transparency log for artifact signatures.")
    .addHelpText(
      "after",
      `
Exit codes: 0 fine, 1 failure, 2 usage, 3 what was to be verified is false, 5 this program cannot
judge it: not supported, not readable or too large. See docs/exit-codes.md.`,
    )
  await addCommands(program, commands, terminal, words)
  return program
}

/** Runs one command line (without node and the script) and gives its exit code. A bug is thrown. */
export function runProgram(words: readonly string[], terminal: Terminal): Promise<number> {
  const isFinder = words[0] === "monitor" || words[0] === "bridge"
  const usage = isFinder ? EXIT_MONITOR_USAGE : EXIT_USAGE
  return runWords(() => createProgram(terminal, words), words, terminal, usage)
}
