// Records a witness: made, served, and asked for cosignatures until it is killed; and what of it must be there after a
// loss of power: every head that it has cosigned, under a guard that is not behind it.
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import type { DiskState } from "./disk.ts"
import { ask } from "./entries.ts"
import { headOf } from "./ledger.ts"
import { ORIGIN, type Shown } from "./log-run.ts"
import { layOut, type Recording, readRecording } from "./recording.ts"
import { runToEnd, startProgram, tracing, untilServing } from "./tracing.ts"

export const WITNESS = "witness.example"
const END_MS = 60_000

/** A head that a witness has cosigned. */
export interface Cosigned {
  readonly size: number
  readonly root: string
}

export function witnessWords(folder: string, policy: string): readonly string[] {
  const files = ["--data", join(folder, "data"), "--guard", join(folder, "guard", "state")]
  return ["witness", "serve", ...files, "--logs", policy, "--listen", "127.0.0.1:0"]
}

/** Makes a witness and gives its verifier keys. */
export async function makeWitness(
  program: string,
  folder: string,
  under: readonly string[] = [],
): Promise<readonly string[]> {
  const files = ["--data", join(folder, "data"), "--guard", join(folder, "guard", "state")]
  const { stdout } = await runToEnd(
    program,
    ["witness", "init", ...files, "--name", WITNESS],
    under,
  )
  return stdout.match(new RegExp(`${WITNESS}\\+\\S+`, "g")) ?? []
}

/** A policy that names this log and nobody else. */
export function writePolicy(file: string, vkeys: readonly string[]): string {
  writeFileSync(file, `${vkeys.map((vkey) => `log ${vkey}\n`).join("")}quorum none\n`)
  return file
}

/** Asks for a cosignature of what follows size `old`. */
export async function askForCosignature(url: string, old: number, { checkpoint, proof }: Shown) {
  const lines = proof.map((hash) => `${hash}\n`).join("")
  return await ask(`${url}/add-checkpoint`, `old ${old}\n${lines}\n${checkpoint}`, "text/plain")
}

const LINE = new RegExp(`${WITNESS.replace(".", "\\.")} ([A-Za-z0-9+/=]{40,})`)

interface WitnessRunOptions {
  readonly program: string
  readonly name: string
  readonly folder: string
  /** The log's, with the checkpoints that it shows, rising. */
  readonly vkeys: readonly string[]
  readonly shown: readonly Shown[]
}

export async function recordWitness(options: WitnessRunOptions): Promise<Recording<Cosigned>> {
  const { program, folder, name, vkeys, shown } = options
  const traces = [join(folder, "..", `${name}-made.trace`), join(folder, "..", `${name}.trace`)]
  const [made = "", served = ""] = traces
  await makeWitness(program, folder, tracing(made))
  const policy = writePolicy(join(folder, "..", `${name}.policy`), vkeys)
  const witness = startProgram(program, witnessWords(folder, policy), tracing(served))
  const url = await untilServing(witness)
  if (typeof url !== "string") throw new Error(`the witness ended: ${url.stderr}`)
  const cosigned = new Map<string, Cosigned>()
  let old = 0
  for (const each of shown) {
    const { status, text } = await askForCosignature(url, old, each)
    const [, line] = LINE.exec(text) ?? []
    if (status !== 200 || line === undefined) throw new Error(`not cosigned: ${status} ${text}`)
    cosigned.set(line, headOf(each.checkpoint))
    old = each.size
  }
  witness.kill()
  await witness.within(END_MS)
  const { events, ends } = await readRecording(traces, { root: folder }, (said) => {
    const [, line = ""] = LINE.exec(said) ?? []
    const found = cosigned.get(line)
    cosigned.delete(line)
    return found
  })
  return { name, root: folder, before: new Map(), events, from: ends[0] ?? 0 }
}

export type WitnessProgram = Awaited<ReturnType<typeof loadWitnessProgram>>

export async function loadWitnessProgram(program: string) {
  async function from<Module>(name: string): Promise<Module> {
    const module: Module = await import(pathToFileURL(`${program}/dist/${name}.js`).href)
    return module
  }
  const [store, guard] = await Promise.all([
    from<typeof import("../../src/storage/sqlite/witness/store.ts")>(
      "storage/sqlite/witness/store",
    ),
    from<typeof import("../../src/storage/files/guard-file.ts")>("storage/files/guard-file"),
  ])
  return { ...store, ...guard }
}

interface WitnessJudging {
  readonly program: WitnessProgram
  readonly folder: string
  /** What was cosigned by now, rising. */
  readonly cosigned: readonly Cosigned[]
}

/** What is broken in a state. */
export async function judgeWitnessState(
  { program, folder, cosigned }: WitnessJudging,
  state: DiskState,
): Promise<readonly string[]> {
  layOut(state, folder)
  try {
    const files = { database: join(folder, "data/witness.db"), guard: join(folder, "guard/state") }
    const guard = await program.openGuardFile(files.guard)
    const { size: changes } = await guard.read()
    await guard.close()
    const store = await program.openWitnessStore(files)
    const heads = await store.heads()
    await store.close()
    const head = heads.find(({ origin }) => origin === ORIGIN)
    const found = { size: head?.size ?? 0, root: Buffer.from(head?.root ?? []).toString("hex") }
    return judge(found, changes, cosigned)
  } catch (reason) {
    return [`it does not start: ${reason instanceof Error ? reason.message : String(reason)}`]
  }
}

function judge(found: Cosigned, changes: number, cosigned: readonly Cosigned[]): string[] {
  const broken: string[] = []
  const last = cosigned.at(-1) ?? { size: 0, root: "" }
  if (found.size < last.size) broken.push(`cosigned was size ${last.size}, found ${found.size}`)
  const same = cosigned.find(({ size }) => size === found.size)
  if (same !== undefined && same.root !== found.root)
    broken.push(`cosigned was ${same.root} at size ${same.size}, found ${found.root}`)
  if (changes < cosigned.length)
    broken.push(`${cosigned.length} heads were cosigned, the guard counts ${changes} changes`)
  return broken
}
