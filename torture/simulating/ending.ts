// The end of a life: everything that was ever acknowledged must be there.
import type { Database } from "./database.ts"
import { leafOf } from "./own-tree.ts"
import type { Ground, Running } from "./process.ts"

/** Everything that was acknowledged is where it was said to be. */
export async function holdAll(
  { world, observer }: Ground,
  { log }: Running,
  database: Database,
  messages: ReadonlyMap<number, string>,
): Promise<void> {
  let isDone = false
  const reading = (async () => {
    for (const [index, leaf] of observer.acknowledged) {
      const entry = await log?.entry(index)
      if (entry === undefined || leafOf(entry.body) !== leaf) world.broken(`entry ${index} is lost`)
    }
  })()
  reading.then(
    () => {
      isDone = true
    },
    (reason: unknown) => world.broken(`an entry cannot be read: ${reason}`),
  )
  while (!isDone && world.found.length === 0 && (await world.step()));
  for (const [index, leaf] of observer.acknowledged) {
    if (observer.tree.leaves[index] !== leaf) world.broken(`entry ${index} is not in the tree`)
  }
  for (const [sequence, bytes] of messages) {
    const kept = database.messages[sequence - 1]?.bytes
    if (kept === undefined || Buffer.from(kept).toString("hex") !== bytes) {
      world.broken(`message ${sequence} is lost`)
    }
  }
}
