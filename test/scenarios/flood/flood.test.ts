// The attacks of `torture` that fill a server's memory, shortly, against the built program: meanwhile it answers others,
// and what it takes beyond what it has anyway stays below a bound. All else about them is measured by `npm run torture`.
import { join } from "node:path"
import { expect, onTestFinished, test } from "vitest"
import { type Attack, getRequest } from "../../../torture/attack.ts"
import { attacks as searches } from "../../../torture/attacks/searches.ts"
import { attacks as slowReaders } from "../../../torture/attacks/slow-readers.ts"
import { attacks as unread } from "../../../torture/attacks/unread.ts"
import { ask } from "../../../torture/measuring/question.ts"
import { residentBytes } from "../../../torture/stand/processes.ts"
import { loadProgram } from "../../../torture/stand/program.ts"
import { createTargets, type Target } from "../../../torture/stand/targets.ts"
import { createWires } from "../../../torture/stand/wires.ts"
import { newFolder } from "../../storage/folder.ts"
import { checkout } from "../process.ts"

const MEBIBYTE = 1024 * 1024
const MOST_ABOVE_IDLE = 300 * MEBIBYTE
const ANSWERS_MEANWHILE = 25
/** How long an answer may take says how busy the machine is, which is not what is tested. */
const PATIENCE_MS = 60_000
const dist = join(checkout, "dist")

/** The most bytes that the server had while it was attacked and asked after its health. */
async function peakUnder(attack: Attack, target: Target): Promise<number> {
  const { served, filled, vkeys, questions } = target
  const { port, url, pid } = served
  const wires = createWires(port)
  const stop = new AbortController()
  const stopped = new Promise<void>((resolve) => {
    stop.signal.addEventListener("abort", () => resolve())
  })
  const pause = async (milliseconds: number) => {
    const late = new Promise<void>((resolve) => setTimeout(resolve, milliseconds).unref())
    await Promise.race([late, stopped])
  }
  const host = "127.0.0.1"
  const stand = {
    ...{ url, host, port, answered: () => {}, begin: () => {}, pause, filled, vkeys },
  }
  const attacked = attack.run({ ...stand, open: wires.open }, stop.signal)
  const [probe = questions.honest] = questions.health.slice(-1)
  let peak = 0
  try {
    for (let i = 0; i < ANSWERS_MEANWHILE; i++) {
      const { status } = await ask(port, probe, PATIENCE_MS)
      expect(status, attack.name).toBe(200)
      peak = Math.max(peak, residentBytes(pid) ?? 0)
    }
  } finally {
    stop.abort()
    await attacked
    wires.closeAll()
  }
  return peak
}

/** What the attacks send is what the server answers: a refusal would cost it nothing. */
async function expectAnswered(port: number): Promise<void> {
  const wires = createWires(port)
  const wire = await wires.open({ reads: true })
  wire.write(getRequest("/docs/redoc.js"))
  await expect.poll(wire.received, { timeout: PATIENCE_MS }).toBeGreaterThan(500_000)
  wires.closeAll()
}

async function hold(target: Attack["target"], all: readonly Attack[]): Promise<void> {
  const program = await loadProgram(dist)
  const targets = createTargets({
    ...{ dist, program, folder: newFolder(), entries: 4_096, largeBundles: 5 },
  })
  const opened = await targets.open(target)
  onTestFinished(() => opened.end())
  const { served, questions } = opened
  for (let i = 0; i < 10; i++) await ask(served.port, questions.honest)
  const idle = residentBytes(served.pid) ?? 0
  expect(idle).toBeGreaterThan(0)
  await expectAnswered(served.port)
  const above: Record<string, number> = {}
  for (const attack of all.filter((it) => it.target === target)) {
    above[attack.name] = (await peakUnder(attack, opened)) - idle
  }
  // One server withstands them one after the other: what is left of one counts for the next.
  for (const [name, bytes] of Object.entries(above)) {
    expect(bytes, `${name}: ${JSON.stringify(above)}`).toBeLessThan(MOST_ABOVE_IDLE)
  }
  expect(Object.keys(above)).not.toEqual([])
  expect(await ask(served.port, questions.honest)).toMatchObject({
    status: expect.toSatisfy((status: number) => status < 300),
  })
}

const isLinux = process.platform === "linux"
const all = [...unread, ...searches, ...slowReaders]

test.runIf(isLinux)(
  "a log under unread pipelines, slow readers and searches answers and keeps its memory",
  () => hold("log", all),
  300_000,
)

test.runIf(isLinux).each(["witness", "monitor"] as const)(
  "a %s under unread pipelines answers and keeps its memory",
  (target) => hold(target, all),
  180_000,
)
