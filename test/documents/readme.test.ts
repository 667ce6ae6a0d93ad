// Runs the commands of README.md as they stand there, in one shell session against the development log
// that `npm start` runs. Only its address and its folder are other ones.
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { join, relative } from "node:path"
import { expect, onTestFinished, test } from "vitest"
import { grow } from "../scenarios/load.ts"
import { checkout, type Ended, type ServedLog, start, startServing } from "../scenarios/process.ts"

const { CI } = process.env
const PACKAGE = "express@5.1.0"
const readme = readFileSync(join(checkout, "README.md"), "utf8")

/** The blocks that a comment names, in their order. */
const blocks = [...readme.matchAll(/^<!-- (.+) -->\n```(?:ba)?sh\n([\s\S]+?)^```$/gm)].map(
  ([, name = "", commands = ""]) => ({ name, commands }),
)

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

/** All blocks as one script, which marks in both streams where each begins. */
function scriptOf(url: string, folder: string): string {
  const path = `${relative(checkout, folder)}/first`
  const parts = blocks.map(({ commands }) => {
    const placed = commands
      .replaceAll("http://127.0.0.1:3000", url)
      .replace("mkdir -p data/first && cd data/first", `mkdir -p ${path} && cd ${path}`)
    return `echo '${NEXT}'; echo '${NEXT}' >&2\n${placed}`
  })
  return [`trap 'echo "----- failed with $? -----"' ERR`, ...parts].join("\n")
}

function outcomesOf({ stdout, stderr }: Ended): Record<string, Outcome> {
  const [, ...outputs] = stdout.split(`${NEXT}\n`)
  const [, ...errors] = stderr.split(`${NEXT}\n`)
  return Object.fromEntries(
    blocks.map(({ name }, i) => {
      const output = outputs[i] ?? ""
      const failures = [...output.matchAll(FAILED)].map(([, code]) => Number(code))
      return [name, { stdout: output, stderr: errors[i] ?? "", failures }]
    }),
  )
}

/** Every command succeeds, and the output has this. */
function fine(output: RegExp): unknown {
  return expect.objectContaining({ failures: [], stdout: expect.stringMatching(output) })
}

/** The verification says that it is false, and why. */
function refused(reason: RegExp): unknown {
  return expect.objectContaining({ failures: [3], stderr: expect.stringMatching(reason) })
}

test("the commands of README.md do what it says", { timeout: 240_000 }, async (context) => {
  const folder = newDataFolder()
  // A run of CI must not do without.
  context.skip(!(await hasPackage(folder)) && CI !== "true", "npm reaches no registry")
  const { url, client } = await startDevelopmentLog(folder)
  // So that the proofs have something to prove.
  await grow(client, 10)
  const script = scriptOf(url, folder)
  const outcomes = outcomesOf(await start(["bash", "-c", script], { cwd: checkout }).ended)
  expect(outcomes).toEqual({
    "first entry": fine(/^express-5\.1\.0\.tgz: entry 10$/m),
    "verify offline": fine(/^verified: entry 10 of localhost$/m),
    "refused: artifact": refused(/^countersign: mismatch: .*digest/m),
    "refused: bundle": refused(/^countersign: bad-proof: .*expected size 11 .*found 111 /m),
    "refused: key": refused(/^countersign: bad-signature: .*under this key/m),
    fsck: fine(/^the log is whole\n[\s\S]*\nthe log is whole\n/),
    "curl: submit": fine(/^$/),
    "curl: verify": fine(/^the entry is in the tree\nVerified OK\n$/),
  })
})
