// The time of an entry, as a log tells it in two ways: with the entry, and signed in Rekor v1's promise. What was told
// once must be told for ever. Promises are verified with the log's ECDSA key as the log shows it.
import { createPublicKey, type KeyObject, verify } from "node:crypto"
import type { Asking } from "./asking.ts"

interface Told {
  readonly time: string
  readonly integratedTime: number | undefined
}

interface RekorEntry {
  readonly body: string
  readonly integratedTime: number
  readonly logID: string
  readonly logIndex: number
  readonly verification?: { readonly signedEntryTimestamp?: string }
}

export interface Times {
  /** Gives what contradicts what was told before, or does not verify. */
  look(url: string, indexes: readonly number[]): Promise<readonly string[]>
}

/** Whether the promise is signed by the key: over the members that Rekor names, sorted. */
function isKept(entry: RekorEntry, key: KeyObject): boolean {
  const { body, integratedTime, logID, logIndex, verification } = entry
  const signed = JSON.stringify({ body, integratedTime, logID, logIndex })
  const signature = Buffer.from(verification?.signedEntryTimestamp ?? "", "base64")
  return verify("sha256", Buffer.from(signed), key, signature)
}

export function createTimes({ ask }: Asking): Times {
  const told = new Map<number, Told>()
  let key: KeyObject | undefined

  async function lookAt(url: string, index: number): Promise<string | undefined> {
    const entry = await ask(`${url}/v1/entries/${index}`)
    if (entry.status !== 200) return `entry ${index}: expected it, found ${entry.status}`
    const { time } = JSON.parse(String(entry.body)) as { readonly time: string }
    const rekor = await ask(`${url}/api/v1/log/entries?logIndex=${index}`)
    const answered = rekor.status === 200 ? JSON.parse(String(rekor.body)) : {}
    const [promise] = Object.values(answered) as RekorEntry[]
    if (promise !== undefined && key !== undefined && !isKept(promise, key)) {
      return `entry ${index}: its promise does not verify`
    }
    const integratedTime = promise?.integratedTime
    const before = told.get(index)
    told.set(index, before ?? { time, integratedTime })
    if (before === undefined) return undefined
    if (before.time !== time || before.integratedTime !== integratedTime) {
      return `entry ${index}: its time was ${before.time} and is ${time}`
    }
    return undefined
  }

  return {
    async look(url, indexes) {
      if (key === undefined) {
        const { status, body } = await ask(`${url}/api/v1/log/publicKey`)
        if (status === 200) key = createPublicKey(String(body))
      }
      const found: string[] = []
      // Those that were looked at before are looked at again, a few each time.
      const again = [...told.keys()].filter((index) => index % 7 === found.length % 7).slice(0, 2)
      for (const index of [...indexes, ...again]) {
        const broken = await lookAt(url, index)
        if (broken !== undefined) found.push(broken)
      }
      return found
    },
  }
}
