// A disk that fills up under load and is freed again: a small tmpfs, mounted for the run, which needs root. The log with
// its watermark, which stops intake before, and without, so that writes fail; a witness; a monitor.
import { mkdirSync, rmSync } from "node:fs"
import { join } from "node:path"
import { createDice } from "../dice.ts"
import type { FaultResult, FaultRun, Harness } from "../fault.ts"
import { type Filled, fillLogDisk } from "../filling-up/log-disk.ts"
import { fillFollowerDisk } from "../filling-up/witness-disk.ts"

const faults = {
  "log with its watermark": (program: string, folder: string, dice: (end: number) => number) =>
    fillLogDisk({ program, folder: join(folder, "disk"), dice, watermark: true }),
  "log without a watermark": (program: string, folder: string, dice: (end: number) => number) =>
    fillLogDisk({ program, folder: join(folder, "disk"), dice, watermark: false }),
  witness: (program: string, folder: string, dice: (end: number) => number) =>
    fillFollowerDisk({ program, folder, disk: join(folder, "disk"), dice, which: "witness" }),
  monitor: (program: string, folder: string, dice: (end: number) => number) =>
    fillFollowerDisk({ program, folder, disk: join(folder, "disk"), dice, which: "monitor" }),
}

async function judge(fill: () => Promise<Filled>): Promise<Filled> {
  try {
    return await fill()
  } catch (reason) {
    const text = reason instanceof Error ? reason.message : String(reason)
    return { broken: [`not tried: ${text}`], acknowledged: 0, restarted: false }
  }
}

async function run({ program, folder, times, seed, only, progress }: FaultRun) {
  const dice = createDice(seed)
  const results: FaultResult[] = []
  for (const [fault, fill] of Object.entries(faults)) {
    if (only.length > 0 && !only.some((name) => fault.startsWith(name))) continue
    const broken: string[] = []
    let [acknowledged, restarted] = [0, 0]
    for (let i = 0; i < times; i++) {
      const place = join(folder, `${fault.replaceAll(/\W+/g, "-")}-${i}`)
      mkdirSync(place)
      const filled = await judge(() => fill(program, place, dice))
      rmSync(place, { recursive: true, force: true })
      broken.push(...filled.broken.map((each) => `${fault}, time ${i}, seed ${seed}: ${each}`))
      acknowledged += filled.acknowledged
      restarted += filled.restarted ? 1 : 0
      progress(`${fault}: ${i + 1}`)
    }
    const checked =
      "503 or 507 with a reason, not ready, nothing lost, goes on after space is freed"
    const figures = { acknowledged, "ended and started again": restarted }
    results.push({ fault: `full disk (tmpfs): ${fault}`, times, checked, broken, figures })
  }
  return results
}

export const harness: Harness = { name: "space", counts: "full disks of each kind", times: 20, run }
