#!/usr/bin/env node
// The client under test of Sigstore's conformance suite: `client.js verify-bundle …` runs the built `countersign verify`
// and ends as that does. COUNTERSIGN_PUBLIC_ROOT is the trusted root for bundles that come without one.
import { spawnSync } from "node:child_process"
import { projectPath } from "../running/project.ts"
import { countersignWords } from "./protocol.ts"

try {
  const publicRoot = process.env["COUNTERSIGN_PUBLIC_ROOT"]
  const words = countersignWords(process.argv.slice(2), { publicRoot })
  const program = projectPath("dist/cli/main.js")
  const { status } = spawnSync(process.execPath, [program, ...words], { stdio: "inherit" })
  process.exitCode = status ?? 1
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 2
}
