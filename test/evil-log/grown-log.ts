// An evil log with entries that nothing is wrong with.
import { onTestFinished } from "vitest"
import { signedRequest } from "../http/served-log.ts"
import { type EvilLog, openEvilLog, type World } from "./evil-log.ts"

/** Appends entries whose signatures hold, one artifact each. */
export async function grow(world: World, ...artifacts: readonly string[]): Promise<void> {
  for (const artifact of artifacts) await world.submit(signedRequest(artifact))
}

/** Opens an evil log with so many entries until the test is over. */
export async function grownLog(size: number): Promise<EvilLog> {
  const evil = await openEvilLog()
  onTestFinished(evil.close)
  await Promise.all(
    Array.from({ length: size }, (_, i) => evil.honest.submit(signedRequest(`artifact ${i}`))),
  )
  return evil
}
