// A witness for the bench: `countersign witness serve`, as it is built, in a process of its own.
import type { ChildProcess } from "node:child_process"
import { loadWitness, projectPath } from "./built.ts"
import { startNode } from "./processes.ts"
import { portOf, untilServing } from "./served-log.ts"

export interface ServedWitness {
  readonly child: ChildProcess
  readonly pid: number
  readonly port: number
  readonly vkey: string
}

export interface WitnessFiles {
  /** The folder for its data. */
  readonly data: string
  readonly name: string
  /** The file that names its logs. */
  readonly policy: string
}

/** Makes a witness and resolves when it serves. */
export async function serveWitness({ data, name, policy }: WitnessFiles): Promise<ServedWitness> {
  const { createWitnessFiles, witnessDirectory, parseOrigin } = await loadWitness()
  const [vkey = ""] = await createWitnessFiles(witnessDirectory(data), {
    name: parseOrigin(name),
    mlDsa: false,
    passphrase: undefined,
    time: Date.now(),
  })
  const words = ["witness", "serve", "--data", data, "--logs", policy, "--listen", "127.0.0.1:0"]
  const child = startNode([projectPath("dist/cli/main.js"), ...words], false)
  const port = portOf(await untilServing(child))
  return { child, pid: child.pid as number, port, vkey }
}
