// A log whose disk fills up under load and is freed again, with the watermark that stops intake before, and without.
import { setTimeout } from "node:timers/promises"
import { createAsking } from "../auditing/asking.ts"
import { type Auditor, createAuditor } from "../auditing/auditor.ts"
import { createLoad, type LoadAnswer } from "../auditing/load.ts"
import type { Dice } from "../dice.ts"
import { makeLog } from "../stand/made.ts"
import { runToEnd, type Started, startProgram } from "../stand/started.ts"
import { fillToTheEnd, mountSmallDisk, type SmallDisk } from "./disk.ts"

const DISK_MEBIBYTES = 32
const WATERMARK = 6 * 1024 * 1024
const WRITERS = 8
const WAIT_MS = 60_000
const LOOK_MS = 50

export interface Filled {
  readonly broken: readonly string[]
  readonly acknowledged: number
  /** Whether it ended when the disk was full and was started again. */
  readonly restarted: boolean
}

interface Watched {
  readonly watermark: boolean
  readonly auditor: Auditor
  readonly statuses: Map<number, number>
  readonly unexplained: string[]
}

/** Where a write has failed, what was taken may or may not be logged: 500 says so, and the log ends. */
function isUnknown({ watermark }: Watched, status: number, text: string): boolean {
  return !watermark && status === 500 && text.includes('"code":"trouble"')
}

function keep(watched: Watched, { status, answer }: LoadAnswer): void {
  const { auditor, statuses, unexplained } = watched
  statuses.set(status, (statuses.get(status) ?? 0) + 1)
  if (status === 200 || status === 201) auditor.acknowledged(answer)
  else if (status !== 0) {
    const text = JSON.stringify(answer)
    if (isUnknown(watched, status, text)) return
    const isPlanned = status === 503 || status === 507
    if (!isPlanned || !/disk|space|full|entries|free/i.test(text)) {
      if (unexplained.length < 3) unexplained.push(`an answer ${status}: ${text.slice(0, 300)}`)
    }
  }
}

/** Waits until what is asked gives true; says whether it came to that. */
export async function comesTrue(asked: () => Promise<boolean> | boolean): Promise<boolean> {
  const until = performance.now() + WAIT_MS
  while (performance.now() < until) {
    if (await asked()) return true
    await setTimeout(LOOK_MS)
  }
  return false
}

async function statusOf(url: string): Promise<number> {
  const asking = createAsking(1)
  try {
    const { status } = await asking.ask(`${url}/readyz`, { limitMs: 5_000 })
    return status
  } catch {
    return 0
  } finally {
    asking.close()
  }
}

export interface FillOptions {
  readonly program: string
  readonly folder: string
  readonly dice: Dice
  readonly watermark: boolean
}

/** The log on the full disk: what it must be, and whether it has ended. */
async function isFullWell(
  log: Started,
  url: string,
  watermark: boolean,
): Promise<{ readonly broken: readonly string[]; readonly hasEnded: boolean }> {
  const hasEnded = () => log.child.exitCode !== null || log.child.signalCode !== null
  const isSeen = await comesTrue(async () => hasEnded() || (await statusOf(url)) === 503)
  if (!isSeen) return { broken: ["the disk is full and readiness says yes"], hasEnded: hasEnded() }
  // Before it has read what fails it may be asked once more: an end follows at once.
  await setTimeout(500)
  if (!hasEnded()) return { broken: [], hasEnded: false }
  const { code, said } = await log.ended
  const tail = said.slice(-1_500)
  const broken = [
    ...(watermark ? [`it ended although intake stops before: ${code}: ${tail}`] : []),
    ...(/ENOSPC|SQLITE_FULL|full|space/i.test(said) ? [] : [`it ended without a reason: ${tail}`]),
  ]
  return { broken, hasEnded: true }
}

/** One time: fills, frees, holds everything to what was acknowledged. Rejects where nothing can be tried. */
export async function fillLogDisk(given: FillOptions): Promise<Filled> {
  const { program, folder, dice, watermark } = given
  const disk: SmallDisk = mountSmallDisk(folder, DISK_MEBIBYTES)
  const started: Started[] = []
  const start = (words: readonly string[]): Started => {
    const each = startProgram(program, words)
    started.push(each)
    return each
  }
  try {
    const made = await makeLog({ program, folder, name: "log" })
    const least = ["--min-free-bytes", String(watermark ? WATERMARK : 0)]
    const words = [...made.words, ...least]
    let log = start(words)
    if ((await log.serving) === undefined) throw new Error(`no start: ${log.said()}`)
    const auditor = createAuditor(made.vkey)
    const watched: Watched = { watermark, auditor, statuses: new Map(), unexplained: [] }
    const load = createLoad({
      ...{ url: made.url, writers: WRITERS, seed: dice(2 ** 31) },
      onAnswer: (answer) => keep(watched, answer),
    })
    await comesTrue(() => watched.auditor.size > 20 + dice(100))
    if (watermark) disk.fill(WATERMARK - dice(WATERMARK / 2))
    else {
      disk.fill(dice(512 * 1024))
      if (dice(2) === 0) fillToTheEnd(disk)
    }
    const { broken: onFull, hasEnded } = await isFullWell(log, made.url, watermark)
    const broken: string[] = [...onFull]
    disk.free()
    if (hasEnded) {
      log = start(words)
      if ((await log.serving) === undefined) broken.push(`no start: ${log.said().slice(-1_500)}`)
    }
    const before = watched.auditor.size
    if (!(await comesTrue(async () => (await statusOf(made.url)) === 200))) {
      broken.push("space was freed and it does not become ready")
    } else if (!(await comesTrue(() => watched.auditor.size > before))) {
      broken.push("space was freed and it takes nothing")
    }
    await load.pause()
    broken.push(...(await watched.auditor.audit(made.url)), ...watched.unexplained)
    await load.stop()
    const end = await log.end()
    if (end.code !== 0) broken.push(`asked to end: ${end.code}: ${end.said.slice(-1_500)}`)
    const fsck = await runToEnd(program, ["fsck", "--data", made.data])
    if (fsck.code !== 0) broken.push(`fsck: ${fsck.said.slice(-1_500)}`)
    watched.auditor.close()
    return { broken, acknowledged: watched.auditor.size, restarted: hasEnded }
  } finally {
    await Promise.all(started.map((each) => each.kill()))
    disk.remove()
  }
}
