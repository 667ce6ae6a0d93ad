// A monitor that goes once over a log: whatever failed meanwhile, it ended, it still has what it had followed, and its next
// round is a clean one that follows to the end.
import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { newEntry, submit } from "../recording/entries.ts"
import { logWords, ORIGIN } from "../recording/log-run.ts"
import { type Running, runToEnd, startProgram, untilServing } from "../recording/tracing.ts"
import { writePolicy } from "../recording/witness-run.ts"
import type { Subject } from "./subject.ts"

const END_MS = 30_000
const SIZE = 40

/** `folder` is where the log is made that is followed. */
export function onceMonitor(program: string, folder: string): Subject {
  const policy = join(folder, "followed.policy")
  let log: Running | undefined
  let url = ""

  async function follow(): Promise<void> {
    const place = join(folder, "followed")
    mkdirSync(place)
    const files = ["--data", join(place, "data"), "--guard", join(place, "guard", "head")]
    const { stdout } = await runToEnd(program, ["init", ...files, "--origin", ORIGIN])
    writePolicy(
      policy,
      [...stdout.matchAll(/^verifier key: (.*)$/gm)].map(([, vkey = ""]) => vkey),
    )
    log = startProgram(program, logWords(place))
    const found = await untilServing(log)
    if (typeof found !== "string") throw new Error(`the log ended: ${found.stderr}`)
    url = found
    await submit(url, Array.from({ length: SIZE }, newEntry))
  }

  const words = (place: string) => [
    ...["monitor", "run", "--data", join(place, "data"), "--log", url, "--once"],
  ]

  async function followed(place: string): Promise<number> {
    const status = ["monitor", "status", "--data", join(place, "data"), "--json"]
    const { stdout } = await startProgram(program, status).within(END_MS)
    const [, size = "0"] = /"size":(\d+)/.exec(stdout) ?? []
    return Number(size)
  }

  async function audit(place: string, isDone: boolean): Promise<readonly string[]> {
    const broken: string[] = []
    if (isDone && (await followed(place)) < SIZE) broken.push("it has forgotten what it followed")
    const { code, stderr } = await startProgram(program, words(place)).within(END_MS)
    if (code !== 0) broken.push(`its next round ended with ${code}: ${stderr}`)
    else if ((await followed(place)) < SIZE) broken.push("its next round did not follow to the end")
    return broken
  }

  return {
    name: "monitor",
    checked: "ended, forgot nothing, its next round is clean and follows to the end",
    async prepare(place) {
      await follow()
      const init = ["monitor", "init", "--data", join(place, "data"), "--policy", policy]
      await runToEnd(program, [...init, "--expect-empty"])
    },
    async work(place, under) {
      const { code, hung } = await startProgram(program, words(place), under).within(END_MS)
      const broken = hung ? ["hangs: the round did not end"] : []
      return { broken, audit: () => audit(place, code === 0) }
    },
    async close() {
      log?.send("SIGKILL")
      await log?.within(END_MS)
    },
  }
}
