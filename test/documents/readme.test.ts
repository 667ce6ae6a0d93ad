// Runs the commands of README.md as they stand there: in one shell session against the development log
// that `npm start` runs, in another one with the log and the witnesses that it starts itself. Only
// addresses and folders are other ones.
import { spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { createServer, type Server } from "node:net"
import { join, relative } from "node:path"
import { expect, onTestFinished, test } from "vitest"
import { grow } from "../scenarios/log/load.ts"
import { checkout, type Ended, type ServedLog, start, startServing } from "../scenarios/process.ts"

const { CI } = process.env
const PACKAGE = "express@5.1.0"
const readme = readFileSync(join(checkout, "README.md"), "utf8")

/** Commands that a comment names. */
interface Block {
  readonly name: string
  readonly commands: string
}

/** In their order. */
const blocks: readonly Block[] = [
  ...readme.matchAll(/^<!-- (.+) -->\n```(?:ba)?sh\n([\s\S]+?)^```$/gm),
].map(([, name = "", commands = ""]) => ({ name, commands }))

/** Where a session of its own begins. */
const FOLDER = /^mkdir -p data\/(\w+) && cd data\/\1$/m

/** The blocks of the session that begins in `data/NAME`, up to the next one. */
function sessionIn(name: string): readonly Block[] {
  const nameOf = ({ commands }: Block): string | undefined => FOLDER.exec(commands)?.[1]
  const first = blocks.findIndex((block) => nameOf(block) === name)
  const next = blocks.findIndex((block, i) => i > first && nameOf(block) !== undefined)
  return blocks.slice(first, next < 0 ? undefined : next)
}

/** What a block wrote, and the exit codes of its commands that failed. */
interface Outcome {
  readonly stdout: string
  readonly stderr: string
  readonly failures: readonly number[]
}

/** A folder in the one that git ignores: below the checkout, where `npx countersign` is found. */
function newDataFolder(): string {
  mkdirSync(join(checkout, "data"), { recursive: true })
  const folder = mkdtempSync(join(checkout, "data", "readme-"))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Whether npm gets at the package of the README. */
async function hasPackage(folder: string): Promise<boolean> {
  const words = ["npm", "pack", "--silent", PACKAGE, "--pack-destination", folder]
  const { code, stderr } = await start(words, { cwd: checkout }).ended
  if (code !== 0) console.warn(`npm pack ${PACKAGE} ended with ${code}: ${stderr}`)
  return code === 0
}

/** What `npm start` runs, on a free port and over `folder`. */
async function startDevelopmentLog(folder: string): Promise<ServedLog> {
  const { scripts } = JSON.parse(readFileSync(join(checkout, "package.json"), "utf8")) as {
    readonly scripts: { readonly start: string }
  }
  const words = scripts.start.replace("./data", folder).replace(":3000", ":0").split(" ")
  expect(words[0]).toBe("node")
  const served = await startServing(words, { cwd: checkout })
  if ("client" in served) return served
  throw new Error(`npm start ends with ${served.code}:\n${served.stderr}`)
}

const NEXT = "----- next block -----"
const FAILED = /^----- failed with (\d+) -----\n/gm

/** What stands in the README, and what takes its place. */
type Address = readonly [written: string, actual: string]

/** Blocks as one script in `folder`, which marks in both streams where each begins. */
function scriptOf(session: readonly Block[], folder: string, [written, actual]: Address): string {
  const path = relative(checkout, folder)
  const parts = session.map(({ commands }) => {
    const placed = commands
      .replaceAll(written, actual)
      .replace(FOLDER, `mkdir -p ${path}/$1 && cd ${path}/$1`)
    return `echo '${NEXT}'; echo '${NEXT}' >&2\n${placed}`
  })
  return [`trap 'echo "----- failed with $? -----"' ERR`, ...parts].join("\n")
}

function outcomesOf(session: readonly Block[], { stdout, stderr }: Ended): Record<string, Outcome> {
  const [, ...outputs] = stdout.split(`${NEXT}\n`)
  const [, ...errors] = stderr.split(`${NEXT}\n`)
  return Object.fromEntries(
    session.map(({ name }, i) => {
      const output = outputs[i] ?? ""
      const failures = [...output.matchAll(FAILED)].map(([, code]) => Number(code))
      return [name, { stdout: output, stderr: errors[i] ?? "", failures }]
    }),
  )
}

/** Runs a session to its end. */
async function run(
  name: string,
  folder: string,
  address: Address,
): Promise<Record<string, Outcome>> {
  const session = sessionIn(name)
  const script = scriptOf(session, folder, address)
  return outcomesOf(session, await start(["bash", "-c", script], { cwd: checkout }).ended)
}

function listening(port: number): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once("error", () => resolve(undefined))
    server.listen(port, "127.0.0.1", () => resolve(server))
  })
}

/** Whether these ports are free, all of them at once. */
async function areFree(ports: readonly number[]): Promise<boolean> {
  const servers = await Promise.all(ports.map(listening))
  for (const server of servers) server?.close()
  return !servers.includes(undefined)
}

/** All digits but the last one of ports that end in 0 to 3; nobody is given them who asks for any. */
async function freePorts(): Promise<number> {
  for (let tens = 1_100 + (process.pid % 1_000); tens < 3_200; tens++) {
    if (await areFree([0, 1, 2, 3].map((digit) => 10 * tens + digit))) return tens
  }
  throw new Error("there are no free ports")
}

/** Every command succeeds, and the output has this. */
function fine(output: RegExp): unknown {
  return expect.objectContaining({ failures: [], stdout: expect.stringMatching(output) })
}

/** The command that says what is false ends with this code, and says why. */
function ends(code: number, output: Partial<Record<"stdout" | "stderr", RegExp>>): unknown {
  const texts = Object.entries(output).map(([name, text]) => [name, expect.stringMatching(text)])
  return expect.objectContaining({ failures: [code], ...Object.fromEntries(texts) })
}

/** The verification says that it is false, and why. */
function refused(reason: RegExp): unknown {
  return ends(3, { stderr: reason })
}

// As `npm ci` does at its end.
spawnSync(process.execPath, ["tools/link-bin.js"], { cwd: checkout })

test("the commands of README.md do what it says", { timeout: 240_000 }, async (context) => {
  const folder = newDataFolder()
  // A run of CI must not do without.
  context.skip(!(await hasPackage(folder)) && CI !== "true", "npm reaches no registry")
  const { url, client } = await startDevelopmentLog(folder)
  // So that the proofs have something to prove.
  await grow(client, 10)
  const outcomes = await run("first", folder, ["http://127.0.0.1:3000", url])
  expect(outcomes).toEqual({
    "first entry": fine(/^express-5\.1\.0\.tgz: entry 10$/m),
    "verify offline": fine(/^verified: entry 10 of localhost$/m),
    "refused: artifact": refused(/^countersign: mismatch: .*digest/m),
    "refused: bundle": refused(/^countersign: bad-proof: .*expected size 11 .*found 111 /m),
    "refused: key": refused(/^countersign: bad-signature: .*under this key/m),
    "verify: more": fine(
      /^(?:verified: entry 10 of localhost\n(?: {2}.*\n)+){2}verified: release\/express-5\.1\.0\.tgz: entry 10 .*\n1 verified, 0 false/,
    ),
    "verify: program": fine(/^entry 10 of localhost, by proof$/m),
    fsck: fine(/^the log is whole\n[\s\S]*\nthe log is whole\n/),
    "curl: submit": fine(/^$/),
    "curl: verify": fine(/^the entry is in the tree\nVerified OK\n$/),
  })
})

test("its witnesses cosign, and its monitor finds the stranger", { timeout: 240_000 }, async () => {
  const ports = await freePorts()
  const outcomes = await run("witnessed", newDataFolder(), ["127.0.0.1:301", `127.0.0.1:${ports}`])
  expect(outcomes).toEqual({
    "witnesses: make": fine(/^made the log localhost in log$[\s\S]*^made a monitor of localhost$/m),
    "witnesses: serve": fine(/^localhost\n0\n[\s\S]*(?:^— w[123]\.localhost \S+\n){2}/m),
    "witnesses: submit": fine(
      /^artifact\.txt: entry 0$[\s\S]*^verified: entry 0 of localhost$[\s\S]*cosigned by/m,
    ),
    "monitor: clean": fine(/^ {2}open findings +0$/m),
    "monitor: unknown signer": ends(2, {
      stdout: /^[0-9a-f]{16} PROVEN unknown-signer\n.*\n {2}summary +entry 1 is about artifact /m,
    }),
    evidence: fine(
      /^presents: unexpected-entry in localhost$[\s\S]*The log localhost holds entry 1:/m,
    ),
  })
})
