// Shares the bits of one file among processes, one a core. One that hangs or dies over a bit is itself a result: the
// bits behind that one go to another.
import { fork } from "node:child_process"
import { existsSync } from "node:fs"
import { availableParallelism } from "node:os"
import { fileURLToPath } from "node:url"
import { createFlipper, type FlipJob, type Flipped } from "./flipper.ts"
import { openSubject } from "./subjects.ts"

const CHILD = fileURLToPath(new URL("./child.js", import.meta.url))
/** No bit takes so long, also where much else runs. */
const HANG_MS = 60_000
/** Bits that are given to a process in one piece. */
const PIECE = 512

interface Told {
  readonly bit?: number
  readonly done?: Flipped
  readonly failed?: string
}

/** What became of the first bits; `at` is the one over which the process ended, if it did. */
interface Ended {
  readonly done?: Flipped
  readonly at?: number
  readonly how?: string
}

function runChild(job: FlipJob): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = fork(CHILD, { stdio: ["ignore", "ignore", "ignore", "ipc"], execArgv: [] })
    let at: number | undefined
    let how = "the process ended"
    const hang = setTimeout(() => {
      how = `no answer for ${HANG_MS / 1_000} s`
      child.kill("SIGKILL")
    }, HANG_MS)
    let result: Ended | undefined
    child.on("message", ({ bit, done, failed }: Told) => {
      hang.refresh()
      at = bit ?? at
      if (done !== undefined) result = { done }
      if (failed !== undefined) reject(new Error(failed))
    })
    child.once("exit", (code, signal) => {
      clearTimeout(hang)
      if (result !== undefined) resolve(result)
      else if (at === undefined) reject(new Error(`a flipping process ended with ${code}`))
      else resolve({ at, how: `${how} (${signal ?? code})` })
    })
    child.send(job)
  })
}

const NONE: Flipped = { refused: 0, unchanged: 0, wrong: [] }

export function added(a: Flipped, b: Flipped): Flipped {
  return {
    refused: a.refused + b.refused,
    unchanged: a.unchanged + b.unchanged,
    wrong: [...a.wrong, ...b.wrong],
  }
}

/** All bits of a piece, by as many processes as it takes. Only the bits before one that ended a process are judged again. */
async function flipPiece(job: FlipJob): Promise<Flipped> {
  const { done, at, how } = await runChild(job)
  if (done !== undefined) return done
  const place = job.bits.indexOf(at as number)
  const wrong = [`${job.subject}, ${job.file}, bit ${at}: ${how}`]
  const before = job.bits.slice(0, place)
  const behind = job.bits.slice(place + 1)
  const parts: Flipped[] = [{ ...NONE, wrong }]
  for (const bits of [before, behind]) {
    if (bits.length > 0) parts.push(await flipPiece({ ...job, bits }))
  }
  return parts.reduce(added)
}

/** Run from the sources there is no file for a process: then all is done in this one. */
async function flipHere({ bits, ...job }: FlipJob): Promise<Flipped> {
  const subject = await openSubject(job.subject, job.program)
  return await createFlipper(subject, job).flip(bits, () => {})
}

export async function flipAll(
  job: FlipJob,
  progress: (done: number, wrong: readonly string[]) => void,
): Promise<Flipped> {
  if (!existsSync(CHILD)) return await flipHere(job)
  let next = 0
  let total = NONE
  const flipOn = async (worker: number): Promise<void> => {
    while (next < job.bits.length) {
      const bits = job.bits.slice(next, next + PIECE)
      next += bits.length
      const part = await flipPiece({ ...job, bits, work: `${job.work}-${worker}` })
      total = added(total, part)
      progress(next, part.wrong)
    }
  }
  await Promise.all(Array.from({ length: availableParallelism() }, (_, worker) => flipOn(worker)))
  return total
}
