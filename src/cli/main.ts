#!/usr/bin/env node
// The entry point of `countersign`; everything but this process is in program.ts.
import { processTerminal } from "./command/terminal.ts"
import { runProgram } from "./program.ts"

const terminal = processTerminal()
try {
  terminal.fail(await runProgram(process.argv.slice(2), terminal))
} finally {
  const { leaveKoffi } = await import("../storage/disk/c-library.ts")
  // The last of all that is done at the end: nothing may keep a process whose work is over.
  process.on("exit", leaveKoffi)
}
