// A witness and a monitor whose disk fills up and is freed again while a log that they follow grows. A witness answers
// or ends with a reason, goes on afterwards, and never cosigns two trees; a monitor follows the log again.

import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { setTimeout } from "node:timers/promises"
import { createAsking } from "../auditing/asking.ts"
import { createAuditor } from "../auditing/auditor.ts"
import { createLoad } from "../auditing/load.ts"
import type { Dice } from "../dice.ts"
import { freePort, type MadeServer, makeLog, makeWitness } from "../stand/made.ts"
import { runWell, type Started, startProgram } from "../stand/started.ts"
import { fillToTheEnd, mountSmallDisk } from "./disk.ts"
import { comesTrue, type Filled } from "./log-disk.ts"

const DISK_MEBIBYTES = 24
const FULL_MS = 3_000

export interface FollowerOptions {
  readonly program: string
  readonly folder: string
  readonly disk: string
  readonly dice: Dice
  readonly which: "witness" | "monitor"
}

interface Follower {
  readonly words: readonly string[]
  /** The size that it has come to; undefined where it does not say. */
  size(): Promise<number | undefined>
}

async function makeMonitor(
  { program, disk }: FollowerOptions,
  log: MadeServer,
  policy: string,
): Promise<Follower> {
  const data = join(disk, "monitor")
  const init = ["monitor", "init", "--data", data, "--policy", policy, "--expect-empty"]
  await runWell(program, init)
  const port = await freePort()
  const asking = createAsking(1)
  return {
    words: [
      ...["monitor", "run", "--data", data, "--log", log.url, "--interval", "5"],
      ...["--listen", `127.0.0.1:${port}`],
    ],
    async size() {
      const { status, body } = await asking.ask(`http://127.0.0.1:${port}/status.json`)
      const found = /"size":\s?([0-9]+)/.exec(String(body))
      return status === 200 && found !== null ? Number(found[1]) : undefined
    },
  }
}

async function openWitness(
  { program, disk }: FollowerOptions,
  policy: string,
  sizeOfLog: () => Promise<number>,
): Promise<{ readonly follower: Follower; readonly line: string }> {
  const made = await makeWitness({ program, folder: disk, name: "witness" }, policy)
  const line = `witness w0 ${made.vkey} ${made.url}\ngroup all 1 w0\nquorum all\n`
  return { follower: { words: made.words, size: sizeOfLog }, line }
}

/** Serves on the full disk for a while; it may end with a reason. Gives what is wrong, and the one that runs then. */
async function overFull(
  program: string,
  words: readonly string[],
  first: Started,
  act: { readonly fill: () => void; readonly free: () => void },
) {
  act.fill()
  await Promise.race([setTimeout(FULL_MS), first.ended])
  const hasEnded = first.child.exitCode !== null || first.child.signalCode !== null
  const broken: string[] = []
  if (hasEnded) {
    const { code, said } = await first.ended
    const isSaid = /ENOSPC|SQLITE_FULL|full|space/i.test(said)
    if (!isSaid || code === 0) broken.push(`it ended with ${code}: ${said.slice(-1_500)}`)
  }
  act.free()
  if (!hasEnded) return { broken, server: first, restarted: false }
  const server = startProgram(program, words)
  if ((await server.serving) === undefined) broken.push(`no start: ${server.said().slice(-1_500)}`)
  return { broken, server, restarted: true }
}

export async function fillFollowerDisk(given: FollowerOptions): Promise<Filled> {
  const { program, folder, dice, which } = given
  const small = mountSmallDisk(given.disk, DISK_MEBIBYTES)
  const asking = createAsking(2)
  const started: Started[] = []
  try {
    const made = await makeLog({ program, folder, name: "log" })
    const policy = join(folder, "logs.policy")
    const own = `log ${made.vkey} ${made.url}\n`
    writeFileSync(policy, `${own}quorum none\n`)
    const published = async () => {
      const { status, body } = await asking.ask(`${made.url}/checkpoint`)
      return status === 200 ? Number(String(body).split("\n")[1]) : 0
    }
    const witness = which === "witness" ? await openWitness(given, policy, published) : undefined
    if (witness !== undefined) writeFileSync(`${policy}.witnesses`, own + witness.line)
    const more = witness === undefined ? [] : ["--policy", `${policy}.witnesses`]
    const log = startProgram(program, [...made.words, ...more])
    started.push(log)
    if ((await log.serving) === undefined) throw new Error(`no start: ${log.said()}`)
    const follower = witness?.follower ?? (await makeMonitor(given, made, policy))
    const first = startProgram(program, follower.words)
    started.push(first)
    if ((await first.serving) === undefined) throw new Error(`no start: ${first.said()}`)
    const auditor = createAuditor(made.vkey)
    const load = createLoad({
      ...{ url: made.url, writers: 4, seed: dice(2 ** 31) },
      onAnswer({ status, answer }) {
        if (status === 200 || status === 201) auditor.acknowledged(answer)
      },
    })
    const isPast = (size: number) => async () =>
      ((await follower.size().catch(() => 0)) ?? 0) >= size
    await comesTrue(isPast(20 + dice(100)))
    const { broken, server, restarted } = await overFull(program, follower.words, first, {
      fill() {
        small.fill(dice(64 * 1024))
        fillToTheEnd(small)
      },
      free: small.free,
    })
    started.push(server)
    await setTimeout(200)
    await load.stop()
    if (!(await comesTrue(isPast(auditor.size)))) {
      broken.push(`space was freed and it does not come to size ${auditor.size}`)
    }
    broken.push(...(await auditor.audit(made.url)))
    const ends = await Promise.all([server, log].map((each) => each.end()))
    for (const { code, said } of ends) {
      if (code !== 0) broken.push(`asked to end: ${code}: ${said.slice(-1_000)}`)
    }
    auditor.close()
    return { broken, acknowledged: auditor.size, restarted }
  } finally {
    await Promise.all(started.map((each) => each.kill()))
    asking.close()
    small.remove()
  }
}
