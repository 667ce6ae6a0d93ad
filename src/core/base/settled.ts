// Waiting for a promise without its failure, which belongs to whoever else waits for it.

/** Resolves once the promise is settled, and marks its rejection as seen; never rejects. */
export async function settled(promise: Promise<unknown>): Promise<void> {
  await promise.catch(() => {})
}
