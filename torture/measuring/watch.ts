// Loaded into the server that is attacked, by --import: says how long its event loop was kept by one turn. Counts CPU time
// of the main thread (Linux), which a busy machine does not lengthen, and the delay of a timer, which it does. With a
// folder it also writes a CPU profile of each attack.
import { writeFileSync } from "node:fs"
import { Session } from "node:inspector/promises"
import { monitorEventLoopDelay } from "node:perf_hooks"
import { isMainThread } from "node:worker_threads"
import koffi from "koffi"

export interface Turns {
  /** Milliseconds: the longest one, by CPU time of the main thread; undefined where it is not told. */
  readonly longest: number | undefined
  /** Turns that took more CPU time than 20, 50 and 100 ms. */
  readonly over: readonly [over20: number, over50: number, over100: number]
  /** Milliseconds by which a timer was late. */
  readonly delayP99: number
  readonly delayMost: number
}

/** What the server is told. */
export type WatchAsked =
  | { readonly watch: "begin"; readonly profile: string | undefined }
  | { readonly watch: "end" }

const LOOK_EVERY_MS = 5
const BOUNDS = [20, 50, 100] as const

/** POSIX clock_gettime: what Linux calls CLOCK_THREAD_CPUTIME_ID. */
const THREAD_CPU_TIME = 3

/** A clock of the CPU time of the calling thread, in milliseconds; undefined where it is not told. */
function openCpuClock(): () => number | undefined {
  if (process.platform !== "linux") return () => undefined
  const read = koffi.load(null).func("int clock_gettime(int, _Out_ int64_t *)")
  const time = new BigInt64Array(2)
  return () => {
    read(THREAD_CPU_TIME, time)
    return Number(time[0]) * 1e3 + Number(time[1]) / 1e6
  }
}

function watchTurns(): () => Turns {
  const delays = monitorEventLoopDelay({ resolution: LOOK_EVERY_MS })
  const over: [number, number, number] = [0, 0, 0]
  const cpuTime = openCpuClock()
  let before = cpuTime()
  let longest = before === undefined ? undefined : 0
  const timer = setInterval(() => {
    const now = cpuTime()
    if (now === undefined || before === undefined) return
    const spent = now - before
    before = now
    longest = Math.max(longest ?? 0, spent)
    for (const [i, bound] of BOUNDS.entries()) if (spent > bound) over[i as 0 | 1 | 2] += 1
  }, LOOK_EVERY_MS)
  timer.unref()
  delays.enable()
  return () => {
    clearInterval(timer)
    delays.disable()
    const late = (nanoseconds: number) => Math.max(0, nanoseconds / 1e6 - LOOK_EVERY_MS)
    return { longest, over, delayP99: late(delays.percentile(99)), delayMost: late(delays.max) }
  }
}

async function startProfile(): Promise<() => Promise<object>> {
  const session = new Session()
  session.connect()
  await session.post("Profiler.enable")
  await session.post("Profiler.start")
  return async () => {
    const { profile } = await session.post("Profiler.stop")
    session.disconnect()
    return profile
  }
}

function watch(): void {
  let end: () => Promise<Turns>
  process.on("message", async (asked: WatchAsked) => {
    if (asked.watch === "end") return void process.send?.({ turns: await end() })
    const { profile } = asked
    const endProfile = profile === undefined ? undefined : await startProfile()
    const endTurns = watchTurns()
    end = async () => {
      const turns = endTurns()
      const text = JSON.stringify(await endProfile?.())
      if (profile !== undefined) writeFileSync(profile, text)
      return turns
    }
  })
  process.channel?.unref()
}

if (isMainThread && process.send !== undefined) watch()
