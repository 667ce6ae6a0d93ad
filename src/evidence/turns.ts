// What anyone may ask for and what costs time is done one after the other, one client after the other, and never so much
// waits that it is worth anybody's while to send more. Leaves out what is done.
import { refuse } from "../core/base/errors.ts"

/** Does `work` of a client in its turn; refuses `try-later` if too much is waiting. Rejects as `work` does. */
type Turns = <T>(client: string, work: () => Promise<T>) => Promise<T>

/** Work that waits, of all clients and of each. */
const MOST_WAITING = 64
const MOST_OF_CLIENT = 8

/** One at a time; of those who wait, each client has its turn, whatever others have sent. */
export function createTurns(): Turns {
  const waiting = new Map<string, (() => Promise<void>)[]>()
  let count = 0
  let isBusy = false

  /** The oldest work of the client who has waited for a turn longest. */
  function next(): (() => Promise<void>) | undefined {
    const [first] = waiting
    if (first === undefined) return undefined
    const [client, works] = first
    const work = works.shift()
    waiting.delete(client)
    if (works.length > 0) waiting.set(client, works)
    count -= 1
    return work
  }

  async function run(): Promise<void> {
    isBusy = true
    for (let work = next(); work !== undefined; work = next()) await work()
    isBusy = false
  }

  return async (client, work) => {
    const works = waiting.get(client) ?? []
    if (count >= MOST_WAITING || works.length >= MOST_OF_CLIENT) {
      refuse("try-later", "too much of what others sent is being judged; try again in a second")
    }
    return new Promise((resolve, reject) => {
      works.push(async () => {
        try {
          resolve(await work())
        } catch (reason) {
          reject(reason)
        }
      })
      waiting.set(client, works)
      count += 1
      if (!isBusy) void run()
    })
  }
}
