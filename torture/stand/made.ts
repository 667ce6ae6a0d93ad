// A log and its witnesses as operators make them, by the command line, each at a port that stays its own.
import { writeFileSync } from "node:fs"
import type { AddressInfo } from "node:net"
import { createServer } from "node:net"
import { join } from "node:path"
import { runWell } from "./started.ts"

/** Nothing of one client is too much: the load and the observer are one client. */
export const UNLIMITED = [
  "--limit",
  "submit=off search=off proof=off key=off heads=off cosign=off evidence=off",
]

/** A port of loopback that nobody has. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

export interface MadeServer {
  readonly data: string
  readonly guard: string
  readonly url: string
  /** The Ed25519 key of its heads, or of its cosignatures. */
  readonly vkey: string
  /** The words that serve it. */
  readonly words: readonly string[]
}

/** The first key in what a command said whose type is one of these. */
function keyIn(said: string, type: number): string {
  const found = [...said.matchAll(/verifier key: (\S+)/g)].map(([, vkey = ""]) => vkey)
  const typeOf = (vkey: string) => Buffer.from(vkey.split("+").slice(2).join("+"), "base64")[0]
  const key = found.find((vkey) => typeOf(vkey) === type)
  if (key === undefined) throw new Error(`expected a verifier key, found: ${said}`)
  return key
}

export interface MakeOptions {
  readonly program: string
  readonly folder: string
  readonly name: string
  /** Beside the data by default. */
  readonly guard?: string
}

const ED25519 = 1
const COSIGNER = 4

/** Makes a log of the name NAME.example in FOLDER/NAME, its guard in FOLDER/NAME.guard unless it is said where. */
export async function makeLog({ program, folder, name, guard }: MakeOptions): Promise<MadeServer> {
  const data = join(folder, name)
  const cell = guard ?? join(folder, `${name}.guard`)
  const places = ["--data", data, "--guard", cell]
  const said = await runWell(program, ["init", ...places, "--origin", `${name}.example`])
  const port = await freePort()
  return {
    ...{ data, guard: cell, url: `http://127.0.0.1:${port}`, vkey: keyIn(said, ED25519) },
    words: ["serve", ...places, "--listen", `127.0.0.1:${port}`, ...UNLIMITED],
  }
}

/** Makes a witness; what it cosigns is said in the policy file. */
export async function makeWitness(
  { program, folder, name, guard }: MakeOptions,
  logs: string,
): Promise<MadeServer> {
  const data = join(folder, name)
  const cell = guard ?? join(folder, `${name}.guard`)
  const places = ["--data", data, "--guard", cell]
  const said = await runWell(program, ["witness", "init", ...places, "--name", `${name}.example`])
  const port = await freePort()
  const words = ["witness", "serve", ...places, "--logs", logs]
  return {
    ...{ data, guard: cell, url: `http://127.0.0.1:${port}`, vkey: keyIn(said, COSIGNER) },
    words: [...words, "--listen", `127.0.0.1:${port}`, ...UNLIMITED],
  }
}

export interface MadeParty {
  readonly log: MadeServer
  readonly witnesses: readonly MadeServer[]
}

/** A log and as many witnesses, all of which must cosign; the log's words name its policy. */
export async function makeParty(
  { program, folder }: Pick<MakeOptions, "program" | "folder">,
  count: number,
): Promise<MadeParty> {
  const log = await makeLog({ program, folder, name: "log" })
  const logs = join(folder, "logs.policy")
  const policy = join(folder, "witnesses.policy")
  const logLine = `log ${log.vkey} ${log.url}\n`
  writeFileSync(logs, `${logLine}quorum none\n`)
  const witnesses: MadeServer[] = []
  for (let i = 0; i < count; i++) {
    witnesses.push(await makeWitness({ program, folder, name: `witness-${i}` }, logs))
  }
  const lines = witnesses.map(({ vkey, url }, i) => `witness w${i} ${vkey} ${url}\n`)
  const names = witnesses.map((_, i) => `w${i}`).join(" ")
  const quorum = `group all ${count} ${names}\nquorum all\n`
  writeFileSync(policy, `${logLine}${lines.join("")}${quorum}`)
  return { log: { ...log, words: [...log.words, "--policy", policy] }, witnesses }
}
