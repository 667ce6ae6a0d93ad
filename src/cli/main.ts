#!/usr/bin/env node
// The entry point of `countersign`; everything but this process is in program.ts.
import { processTerminal } from "./command/terminal.ts"
import { runProgram } from "./program.ts"

const terminal = processTerminal()
let isUnexpected = false
try {
  terminal.fail(await runProgram(process.argv.slice(2), terminal))
} catch (reason) {
  // Node itself would tell it after all that is done at the end, and so not at all where that ends the process.
  isUnexpected = true
  process.stderr.write(`${reason instanceof Error ? reason.stack : String(reason)}\n`)
} finally {
  const { leaveKoffi } = await import("../storage/disk/c-library.ts")
  // The last of all that is done at the end: nothing may keep a process whose work is over.
  process.on("exit", leaveKoffi)
}
// Whatever is still open belongs to work that nobody waits for.
if (isUnexpected) process.exit(1)
