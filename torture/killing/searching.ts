// Acknowledged entries looked for over the log's search: each must be found by the digest that only it has, once the
// answer is complete up to it.
import { setTimeout } from "node:timers/promises"
import { type Answer, createAsking } from "../auditing/asking.ts"
import type { Dice } from "../dice.ts"

interface Found {
  readonly entries: readonly { readonly index: number }[]
  readonly completeUpTo: number
}

export interface Searching {
  /** An acknowledged entry, by what finds it. */
  keep(digest: string, index: number): void
  /** Looks for some of the newest and some of all; gives what is not found. */
  look(url: string): Promise<readonly string[]>
  close(): void
}

const KEPT = 4_096
const NEWEST = 2
const ANY = 2
const TRIES = 8
const REST_MS = 500

export function createSearching(dice: Dice): Searching {
  const asking = createAsking(4)
  const kept: { readonly digest: string; readonly index: number }[] = []
  let seen = 0

  /** An answer that there was none where there was none. */
  async function ask(url: string): Promise<Pick<Answer, "status" | "body">> {
    try {
      return await asking.ask(url)
    } catch (reason) {
      return { status: 0, body: Buffer.from(String(reason)) }
    }
  }

  async function isFound(url: string, digest: string, index: number): Promise<string | undefined> {
    let last = "no answer"
    for (let tries = 0; tries < TRIES; tries++) {
      const { status, body } = await ask(`${url}/v1/entries?digest=${digest}`)
      if (status !== 200) {
        last = `${status} ${String(body).slice(0, 200)}`
      } else {
        const { entries, completeUpTo } = JSON.parse(String(body)) as Found
        if (entries.some((entry) => entry.index === index)) return undefined
        if (completeUpTo > index) return `entry ${index}: not found by ${digest}`
        last = `complete up to ${completeUpTo}`
      }
      await setTimeout(REST_MS)
    }
    return `entry ${index}: the search never came to it: ${last}`
  }

  return {
    keep(digest, index) {
      // The last places are the newest; the others any, each as likely as the rest.
      seen += 1
      const place = kept.length < KEPT ? kept.length : dice(seen)
      if (place < KEPT) kept[place] = { digest, index }
    },
    async look(url) {
      const newest = kept.toSorted((a, b) => b.index - a.index).slice(0, NEWEST)
      const any = Array.from({ length: Math.min(ANY, kept.length) }, () => kept[dice(kept.length)])
      for (const each of [...newest, ...any]) {
        const broken = each && (await isFound(url, each.digest, each.index))
        // Who does not find one is not asked for the others.
        if (broken !== undefined) return [broken]
      }
      return []
    },
    close: asking.close,
  }
}
