// Waiting for what other processes do.

const LIMIT_MS = 60_000
const PAUSE_MS = 100

/** Waits until `isSo`; throws what was awaited if it takes too long. */
export async function until(what: string, isSo: () => Promise<boolean> | boolean): Promise<void> {
  for (const deadline = Date.now() + LIMIT_MS; !(await isSo()); ) {
    if (Date.now() > deadline) throw new Error(`expected ${what} in ${LIMIT_MS / 1000} seconds`)
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
  }
}
