// Watches the free space of the data directory, so that intake stops before the disk is full.
import { statfs } from "node:fs/promises"

interface FreeSpaceWatch {
  /** Why nothing should be accepted, or undefined. */
  obstacle(): string | undefined
  stop(): void
}

/** Looks once before it resolves and then every `everyMs`. */
export async function watchFreeSpace(
  path: string,
  least: number,
  everyMs: number,
): Promise<FreeSpaceWatch> {
  let reason: string | undefined

  async function look(): Promise<void> {
    const { bavail, bsize } = await statfs(path)
    const free = bavail * bsize
    reason = free < least ? `the disk has ${free} bytes left, ${least} are kept free` : undefined
  }

  await look()
  const timer = setInterval(() => {
    look().catch((error: unknown) => {
      reason = `the disk cannot be looked at: ${String(error)}`
    })
  }, everyMs)
  timer.unref()
  return {
    obstacle: () => reason,
    stop: () => clearInterval(timer),
  }
}
