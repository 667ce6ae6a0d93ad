// The servers that are attacked, each with what an honest client asks of it meanwhile: a log, a witness that cosigns
// that log, a monitor that follows it.
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import type { Attack, Filled } from "../attack.ts"
import type { Questions } from "../measuring/question.ts"
import { fillLog } from "./filling.ts"
import { endProcess, runProgram, type Served, serve } from "./processes.ts"
import type { Program } from "./program.ts"

export interface Target {
  readonly served: Served
  readonly filled: Filled
  readonly vkeys: readonly string[]
  readonly questions: Questions
  end(): Promise<void>
}

export interface Ground {
  readonly dist: string
  readonly program: Program
  readonly folder: string
  readonly entries: number
  readonly largeBundles: number
}

const FEW_ENTRIES = 600

interface Head {
  readonly checkpoint: string
  readonly keys: readonly string[]
}

function policyOf({ keys }: Head): string {
  return `${keys.map((key) => `log ${key}\n`).join("")}quorum none\n`
}

/** What any server answers, and what this one does besides. */
function probes(...more: readonly string[]): Questions["health"] {
  return ["/livez", "/readyz", ...more].map((path) => ({ path }))
}

async function headOf({ url }: Served): Promise<Head> {
  const answer = await fetch(`${url}/v1/tree-head`)
  return (await answer.json()) as Head
}

/** The targets of a run; the logs are filled once, when they are first needed. */
export function createTargets(ground: Ground) {
  const { dist, program, folder } = ground
  const listen = ["--listen", "0.0.0.0:0"]
  const serveLog = (data: string) => serve(dist, ["serve", "--data", data, ...listen])
  let large: Promise<Filled> | undefined
  let small: Promise<Filled> | undefined
  let made = 0

  async function openLog(): Promise<Target> {
    const data = join(folder, "large")
    large ??= fillLog(program, {
      folder: data,
      largeBundles: ground.largeBundles,
      entries: ground.entries,
    })
    const filled = await large
    const served = await serveLog(data)
    const { keys } = await headOf(served)
    const questions = {
      health: probes("/healthz"),
      honest: { path: `/v1/entries/${filled.largeBundles * 256}/proof` },
      isLog: true,
    }
    return { served, filled, vkeys: keys, questions, end: () => endProcess(served) }
  }

  async function openSmallLog() {
    const data = join(folder, "small")
    small ??= fillLog(program, { folder: data, largeBundles: 0, entries: FEW_ENTRIES })
    const filled = await small
    const log = await serveLog(data)
    made += 1
    return { filled, log, head: await headOf(log), place: join(folder, `made-${made}`) }
  }

  async function openWitness(): Promise<Target> {
    const { filled, log, head, place } = await openSmallLog()
    await endProcess(log)
    const policy = `${place}.policy`
    writeFileSync(policy, policyOf(head))
    const name = "witness.example"
    await runProgram(dist, ["witness", "init", "--data", place, "--name", name])
    const words = ["witness", "serve", "--data", place, "--logs", policy]
    const served = await serve(dist, [...words, ...listen])
    const body = (old: number) => `old ${old}\n\n${head.checkpoint}`
    await fetch(`${served.url}/add-checkpoint`, { method: "POST", body: body(0) })
    const questions = {
      health: probes(),
      isLog: false,
      // The newest head once more: it is cosigned, and durable, each time.
      honest: { path: "/add-checkpoint", body: body(FEW_ENTRIES) },
    }
    return { served, filled, vkeys: head.keys, questions, end: () => endProcess(served) }
  }

  async function openMonitor(): Promise<Target> {
    const { filled, log, head, place } = await openSmallLog()
    const policy = `${place}.policy`
    writeFileSync(policy, policyOf(head))
    const init = ["monitor", "init", "--data", place, "--policy", policy, "--expect-empty"]
    await runProgram(dist, init)
    const words = ["monitor", "run", "--data", place, "--log", log.url, "--interval", "5"]
    const served = await serve(dist, [...words, ...listen])
    const questions = {
      health: probes(),
      isLog: false,
      honest: { path: "/heads", body: head.checkpoint, type: "text/plain" },
    }
    const end = async () => {
      await endProcess(served)
      await endProcess(log)
    }
    return { served, filled, vkeys: head.keys, questions, end }
  }

  const openers = { log: openLog, witness: openWitness, monitor: openMonitor }
  return { open: (target: Attack["target"]): Promise<Target> => openers[target]() }
}
