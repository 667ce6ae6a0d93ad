// The commands of examples/README.md as they stand there, against a development log. Only the log's address and the
// folder of its data are other ones; what would run until it is stopped is stopped.
import { spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { join, relative } from "node:path"
import { expect, onTestFinished, test } from "vitest"
import { signedRequest } from "../http/served-log.ts"
import {
  checkout,
  programCommand,
  type ServedLog,
  start,
  startServing,
} from "../scenarios/process.ts"

/** The commands below a heading. */
function commandsOf(heading: string): string {
  const readme = readFileSync(join(checkout, "examples/README.md"), "utf8")
  const [, below = ""] = readme.split(`\n## ${heading}\n`)
  return /^```sh\n([\s\S]+?)^```$/m.exec(below)?.[1] ?? ""
}

/** In the folder that git ignores, below the checkout, where `npx countersign` is found. */
function dataFolder(prefix: string): string {
  mkdirSync(join(checkout, "data"), { recursive: true })
  const folder = mkdtempSync(join(checkout, "data", prefix))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** What `npm start` runs. */
async function developmentLog(): Promise<{ readonly served: ServedLog; readonly data: string }> {
  const data = dataFolder("examples-")
  const words = ["serve", "--dev", "--data", data, "--listen", "127.0.0.1:0"]
  const served = await startServing([...programCommand, ...words], { cwd: checkout })
  if (!("client" in served)) throw new Error(`the log ends with ${served.code}:\n${served.stderr}`)
  return { served, data: relative(checkout, data) }
}

/** Runs commands until they have written this, and gives all that they had written by then, or till their end. */
async function writtenBy(commands: string, awaited?: RegExp): Promise<string> {
  let written = ""
  // Without colours, which some programs use wherever the environment speaks of CI.
  const plain = `exec 1>&2\nexport NO_COLOR=1\nunset FORCE_COLOR\n${commands}`
  const running = start(["bash", "-ec", plain], {
    cwd: checkout,
    onStderr(text) {
      written += text
      if (awaited?.test(written)) running.send("SIGKILL")
    },
  })
  await running.ended
  return written
}

// As `npm ci` does at its end.
spawnSync(process.execPath, ["tools/link-bin.js"], { cwd: checkout })

test("sign and verify in CI", async () => {
  const { served, data } = await developmentLog()
  const commands = commandsOf("Sign and verify in CI")
    .replace("http://127.0.0.1:3000", served.url)
    .replace("mkdir -p data/ci && cd data/ci", `mkdir -p ${data}/ci && cd ${data}/ci`)
    .replace("../../examples/", `${checkout}examples/`)
  expect(await writtenBy(commands)).toMatch(/^verified: entry 0 of localhost$/m)
})

test("verify in a browser", async () => {
  const page = relative(checkout, dataFolder("page-"))
  const commands = commandsOf("Verify in a browser")
    .replaceAll("data/page", page)
    .replace("npx vite preview", "npx vite preview --port 0")
  const serving = /http:\/\/localhost:\d+/
  expect(await writtenBy(commands, serving)).toMatch(serving)
})

test("follow a log", async () => {
  const { served, data } = await developmentLog()
  await served.client.submit(signedRequest("an artifact"))
  const commands = commandsOf("Follow a log")
    .replace("--data data", `--data ${data}`)
    .replaceAll("data/trusted_root.json", `${data}/trusted_root.json`)
    .replace("follow.js http://localhost:3000", `follow.js ${served.url}`)
  expect(await writtenBy(commands, /\n/)).toMatch(/^localhost 0 \{"apiVersion"/)
})
