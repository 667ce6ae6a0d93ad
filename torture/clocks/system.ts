// A log and the witness that cosigns it, each under a clock of its own, with an observer outside whose clock is true.
import { execFileSync } from "node:child_process"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { setTimeout } from "node:timers/promises"
import { createAsking } from "../auditing/asking.ts"
import { createAuditor } from "../auditing/auditor.ts"
import { type FakedServer, fakedServer } from "./faked.ts"

/** How far a time may be ahead of the true one: what is believed at once, and the second that cosignatures have. */
const BOUND_MS = 62_000
const ASKED_AT_ONCE = 32
const MOST_BROKEN = 20
const WELL_LIMIT_MS = 20_000
/** Load and observer are one client. */
const UNLIMITED = ["--limit", "submit=off proof=off key=off heads=off cosign=off"]

export type System = Awaited<ReturnType<typeof openSystem>>

async function keysOf(log: FakedServer): Promise<readonly string[]> {
  const answer = await fetch(`${log.url}/v1/tree-head`)
  return ((await answer.json()) as { readonly keys: readonly string[] }).keys
}

/** The times in the witness's lines of a checkpoint, in Unix milliseconds. */
function cosignedTimes(note: string): readonly number[] {
  const lines = [...note.matchAll(/^\u2014 witness\.example ([A-Za-z0-9+/=]+)$/gm)]
  return lines.map(([, line = ""]) =>
    Number(Buffer.from(line, "base64").readBigUInt64BE(4) * 1_000n),
  )
}

export async function openSystem(program: string, folder: string) {
  const run = (...words: string[]) =>
    execFileSync(process.execPath, [join(program, "dist/cli/main.js"), ...words], {
      stdio: ["ignore", "pipe", "inherit"],
      timeout: 60_000,
    })
  const place = (name: string) => join(folder, name)
  run("init", "--data", place("log"), "--origin", "log.example")
  run("witness", "init", "--data", place("witness"), "--name", "witness.example")
  const policy = place("log.policy")
  const log = fakedServer(
    program,
    [
      ...["serve", "--data", place("log"), "--policy", policy, "--publish-every-ms", "100"],
      ...UNLIMITED,
    ],
    place("log.clock"),
  )
  const witness = fakedServer(
    program,
    [
      ...["witness", "serve", "--data", place("witness"), "--logs", place("logs.policy")],
      ...UNLIMITED,
    ],
    place("witness.clock"),
  )
  writeFileSync(policy, "quorum none\n")
  await log.start()
  const keys = await keysOf(log)
  await log.end("SIGTERM")
  const lines = keys.map((key) => `log ${key}\n`).join("")
  writeFileSync(place("logs.policy"), `${lines}quorum none\n`)
  await witness.start()
  const status = await (await fetch(witness.url)).text()
  const vkey = /^witness\.example\+\S+$/m.exec(status)?.[0] ?? ""
  writeFileSync(policy, `${lines}witness w ${vkey} ${witness.url}\nquorum w\n`)
  await log.start()

  const asking = createAsking(ASKED_AT_ONCE)
  const auditor = createAuditor(keys[1] ?? "")
  /** When each entry was acknowledged, by the true clock. */
  const acknowledged = new Map<number, number>()
  let newestCosigned = 0
  let cosigned = 0

  async function timeOf(index: number): Promise<number> {
    const { body } = await asking.ask(`${log.url}/v1/entries/${index}`)
    return Date.parse((JSON.parse(String(body)) as { readonly time: string }).time)
  }

  return {
    log,
    witness,
    asking,
    entries: () => acknowledged.size,
    cosigned: () => cosigned,
    acknowledged(answer: unknown) {
      auditor.acknowledged(answer)
      const { index } = answer as { readonly index: number }
      if (!acknowledged.has(index)) acknowledged.set(index, Date.now())
    },
    /** Looks at the published checkpoint; gives what is wrong with its times. */
    async lookAtCheckpoint(): Promise<readonly string[]> {
      const { status: found, body } = await asking.ask(`${log.url}/checkpoint`)
      if (found !== 200) return []
      auditor.head(String(body))
      const broken: string[] = []
      for (const time of cosignedTimes(String(body))) {
        cosigned += 1
        if (time < newestCosigned) broken.push(`a cosignature's time ran back to ${time}`)
        if (time > Date.now() + BOUND_MS) broken.push(`a cosignature's time ran away to ${time}`)
        newestCosigned = Math.max(newestCosigned, time)
      }
      return broken
    },
    /** Times of all entries, in order, and all that was acknowledged. */
    async audit(): Promise<readonly string[]> {
      const head = await fetch(`${log.url}/v1/tree-head`)
      const { size } = (await head.json()) as { readonly size: number }
      const broken: string[] = []
      let before = 0
      for (let at = 0; at < size; at += ASKED_AT_ONCE) {
        const count = Math.min(ASKED_AT_ONCE, size - at)
        const times = await Promise.all(Array.from({ length: count }, (_, i) => timeOf(at + i)))
        times.forEach((time, i) => {
          const most = (acknowledged.get(at + i) ?? Date.now()) + BOUND_MS
          if (time < before) broken.push(`entry ${at + i}: its time ran back to ${time}`)
          if (!(time <= most)) broken.push(`entry ${at + i}: its time ran away to ${time}`)
          before = time
        })
      }
      return [...broken.slice(0, MOST_BROKEN), ...(await auditor.audit(log.url))]
    },
    /** Waits until all is well again under true clocks; gives what is not. */
    async untilWell(): Promise<readonly string[]> {
      const until = Date.now() + WELL_LIMIT_MS
      let found = ""
      while (Date.now() < until) {
        const answers = await Promise.all(
          [log, witness].map(({ url }) => asking.ask(`${url}/readyz`).catch(() => undefined)),
        )
        found = answers.map((answer) => String(answer?.body ?? "no answer")).join("; ")
        if (answers.every((answer) => answer?.status === 200)) return []
        await setTimeout(100)
      }
      return [`under true clocks it does not come to be ready again: ${found}`]
    },
    async close() {
      const ends = [await log.end("SIGTERM"), await witness.end("SIGTERM")]
      asking.close()
      auditor.close()
      return ends.filter((end) => end !== undefined)
    },
  }
}
