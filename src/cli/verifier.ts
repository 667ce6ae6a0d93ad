#!/usr/bin/env node
// The entry point of `countersign-verify`, which is `countersign verify` in a package of its own: without the server.
import { emptyProgram, runWords } from "./command/command-line.ts"
import { EXIT_USAGE } from "./command/exit-code.ts"
import { processTerminal } from "./command/terminal.ts"
import { verifyCommand } from "./verify/verify.ts"

const terminal = processTerminal()
const words = process.argv.slice(2)

async function createProgram() {
  const program = emptyProgram("countersign-verify", terminal)
  program.description("Verifies Sigstore bundles offline.")
  await verifyCommand(program, terminal, words)
  return program
}

terminal.fail(await runWords(createProgram, words, terminal, EXIT_USAGE))
