// Damaged requests over all doors of a log, a witness and a monitor: none may end the server, be answered 5xx or not at
// all, cost memory without bound, or leave anything stored that was refused.
import { createDice, type Dice } from "../dice.ts"
import type { FaultResult, FaultRun, Harness } from "../fault.ts"
import { damaged, damagedBytes, pick } from "../fuzzing/damage.ts"
import { bytesOf, type FuzzRequest, reframed } from "../fuzzing/request.ts"
import { type FuzzedServer, startServers } from "../fuzzing/servers.ts"
import { type Answer, createWire } from "../fuzzing/wire.ts"
import { residentBytes } from "../stand/processes.ts"

const AT_ONCE = 24
const MOST_MEMORY = 400 * 1024 * 1024
const MOST_SHOWN = 20
const WATCH_MS = 500
/** One in so many is damaged in its framing, and is sent over a connection of its own. */
const FRAMING = 12
/** The log has most of the doors. */
const SHARES = { log: 0.7, witness: 0.15, monitor: 0.15 } as const

interface Sent {
  readonly bytes: Uint8Array
  readonly isWhole: boolean
  readonly isHead: boolean
}

/** What of HTTP decides how long a request or its answer is: with damage there nothing can be expected. */
function isFramed({ method, headers, path }: FuzzRequest): boolean {
  const names = headers.map(([name]) => name.toLowerCase())
  const lengths = headers.filter(([name]) => name === "content-length").map(([, value]) => value)
  const isKnown = /^(GET|POST|PUT|DELETE|HEAD|OPTIONS|PATCH)$/.test(method)
  const isPlain = !["transfer-encoding", "expect", "connection", "upgrade"].some((each) =>
    names.includes(each),
  )
  return (
    isKnown &&
    isPlain &&
    lengths.length <= 1 &&
    /^[0-9]*$/.test(lengths[0] ?? "0") &&
    /^[!-~]+$/.test(path)
  )
}

function drawn(dice: Dice, seeds: readonly FuzzRequest[]): Sent {
  let drawn = pick(dice, seeds)
  const isHead = false
  for (let left = 1 + dice(3); left > 0; left--) drawn = damaged(dice, drawn)
  if (dice(FRAMING) === 0)
    return { bytes: damagedBytes(dice, bytesOf(drawn)), isWhole: false, isHead }
  const whole = reframed(drawn)
  const hasLength = whole.headers.some(([name]) => name === "content-length")
  // A body that no header announces would be read as the next request.
  const sent = hasLength ? whole : { ...whole, body: new Uint8Array() }
  return { bytes: bytesOf(sent), isWhole: isFramed(sent), isHead: sent.method === "HEAD" }
}

/** The indexes that an answer says are new. */
function newIndexes({ status, body }: Answer): readonly string[] {
  const isBatch = status === 200 && body.includes('"status":201')
  if (status !== 201 && !isBatch) return []
  const lines = isBatch ? body.split("\n").filter((line) => line.includes('"status":201')) : [body]
  return lines.flatMap((line) => /"(?:logIndex|index)":"?([0-9]+)/.exec(line)?.[1] ?? [])
}

function shown(bytes: Uint8Array): string {
  return JSON.stringify(Buffer.from(bytes.subarray(0, 3_000)).toString("latin1"))
}

async function fuzz(server: FuzzedServer, run: FaultRun, times: number): Promise<FaultResult> {
  const { served, seeds } = server
  const statuses = new Map<number, number>()
  const broken: string[] = []
  const added = new Set<string>()
  const before = (await server.stored?.()) ?? 0
  const idle = residentBytes(served.pid) ?? 0
  let peak = idle
  let done = 0
  let isGone = false
  served.child.once("exit", (code, signal) => {
    isGone = true
    broken.push(`the ${server.name} ended with ${code ?? signal}`)
  })
  const watch = setInterval(() => {
    peak = Math.max(peak, residentBytes(served.pid) ?? 0)
  }, WATCH_MS)

  function judge({ bytes, isWhole }: Sent, answer: Answer): void {
    const { status } = answer
    statuses.set(status, (statuses.get(status) ?? 0) + 1)
    for (const index of newIndexes(answer)) added.add(index)
    const isWrong = (status >= 500 && status !== 503) || (isWhole && status === -1)
    if (isWrong && broken.length < MOST_SHOWN) {
      broken.push(`${server.name}: ${status} for ${shown(bytes)}: ${answer.body.slice(0, 300)}`)
    }
  }

  async function send(dice: Dice): Promise<void> {
    const wire = createWire(served.port)
    const apart = createWire(served.port)
    while (done < times && !isGone) {
      done += 1
      if (done % 20_000 === 0) run.progress(`${server.name}: ${done} of ${times}`)
      const sent = drawn(dice, seeds)
      const { bytes, isWhole, isHead } = sent
      judge(sent, await (isWhole ? wire : apart).send(bytes, isWhole, isHead))
    }
    wire.close()
    apart.close()
  }

  await Promise.all(Array.from({ length: AT_ONCE }, (_, i) => send(createDice(run.seed + i))))
  clearInterval(watch)
  if (!isGone) {
    const health = await fetch(`${served.url}/livez`)
    if (health.status !== 200)
      broken.push(`the ${server.name} is not alive afterwards: ${health.status}`)
    const grown = ((await server.stored?.()) ?? 0) - before
    // A connection may be cut before its answer is read: such entries were not refused.
    const unread = (statuses.get(0) ?? 0) + (statuses.get(-1) ?? 0)
    if (grown > added.size + unread)
      broken.push(`${grown} entries are new, ${added.size} were answered so`)
  }
  if (peak - idle > MOST_MEMORY) broken.push(`the ${server.name} took ${peak - idle} bytes more`)
  served.child.removeAllListeners("exit")
  const counts = [...statuses]
    .sort(([a], [b]) => a - b)
    .map(([status, count]) => [`status ${status}`, count])
  const memory = {
    "MB more at most": Math.round((peak - idle) / 1024 / 1024),
    "entries added": added.size,
  }
  return {
    fault: `${server.name}: damaged requests`,
    times: done,
    checked: "alive, no 5xx, each answered, memory, entries",
    broken,
    figures: { ...Object.fromEntries(counts), ...memory },
  }
}

export const harness: Harness = {
  name: "doors",
  counts: "requests",
  times: 1_000_000,
  async run(run) {
    const { servers, end } = await startServers(run.program, run.folder)
    const isWanted = ({ name }: FuzzedServer) =>
      run.only.length === 0 || run.only.some((start) => name.startsWith(start))
    try {
      const results: FaultResult[] = []
      for (const server of servers.filter(isWanted)) {
        results.push(await fuzz(server, run, Math.ceil(run.times * SHARES[server.name])))
      }
      return results
    } finally {
      await end()
    }
  },
}
