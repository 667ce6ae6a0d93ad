#!/usr/bin/env node
// The entry point of `countersign`; everything but this process is in program.ts.
import { processTerminal } from "./command/terminal.ts"
import { runProgram } from "./program.ts"

// A reader that has seen enough (`countersign … | head`) is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error
})

const terminal = processTerminal()
terminal.fail(await runProgram(process.argv.slice(2), terminal))
