// Looks at what is published while servers come and go: the log's cosigned checkpoint and what each witness holds, as
// any reader sees them. A published size never goes back; every head is kept by the auditor.
import { createHash } from "node:crypto"
import { setTimeout } from "node:timers/promises"
import { createAsking } from "../auditing/asking.ts"
import type { Auditor } from "../auditing/auditor.ts"
import type { MadeParty } from "../stand/made.ts"

const EVERY_MS = 150
const LIMIT_MS = 5_000

export interface Watching {
  /** What went back; taken out by who has told it. */
  readonly broken: string[]
  /** How many published heads were seen that differ. */
  readonly seen: number
  stop(): Promise<void>
}

function sizeOf(checkpoint: string): number {
  return Number(checkpoint.split("\n")[1])
}

export function watchPublished({ log, witnesses }: MadeParty, auditor: Auditor): Watching {
  const asking = createAsking(8)
  const broken: string[] = []
  const largest = new Map<string, number>()
  const [origin = ""] = log.vkey.split("+")
  const name = createHash("sha256").update(origin).digest("hex")
  const places = [
    `${log.url}/checkpoint`,
    ...witnesses.map(({ url }) => `${url}/${name}/checkpoint`),
  ]
  let seen = 0
  let isStopped = false

  async function look(place: string): Promise<void> {
    const { status, body } = await asking.ask(place, { limitMs: LIMIT_MS })
    if (status !== 200) return
    const checkpoint = String(body)
    const size = sizeOf(checkpoint)
    const before = largest.get(place) ?? -1
    if (size < before) broken.push(`${place}: showed size ${before} and then ${size}`)
    if (size !== before) seen += 1
    largest.set(place, size)
    auditor.head(checkpoint)
  }

  async function watch(place: string): Promise<void> {
    while (!isStopped) {
      // Whoever is being killed answers nobody.
      await look(place).catch(() => {})
      await setTimeout(EVERY_MS)
    }
  }

  const ended = Promise.all(places.map(watch))
  return {
    broken,
    get seen() {
      return seen
    },
    async stop() {
      isStopped = true
      await ended
      asking.close()
    },
  }
}
