#!/usr/bin/env node
// The entry point of `countersign`; everything but this process is in program.ts.
import { processTerminal } from "./command/terminal.ts"
import { runProgram } from "./program.ts"

const terminal = processTerminal()
terminal.fail(await runProgram(process.argv.slice(2), terminal))
