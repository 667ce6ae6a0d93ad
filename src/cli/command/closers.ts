// Opens what is made of several parts, and closes the parts again: last opened, first closed, also when
// opening fails halfway; a thread or a lock that stays would keep the process or the data.

export type Close = () => Promise<void> | void

async function closeAll(closers: readonly Close[]): Promise<void> {
  for (const close of closers.toReversed()) await close()
}

/** `open` adds a closer for each part that it has opened. */
export async function openAll<T extends object>(
  open: (closers: Close[]) => Promise<T>,
): Promise<T & { close(): Promise<void> }> {
  const closers: Close[] = []
  try {
    const opened = await open(closers)
    return { ...opened, close: () => closeAll(closers) }
  } catch (reason) {
    await closeAll(closers)
    throw reason
  }
}

/** What `work` gives; closes what it works on, whatever comes of it. */
export async function closing<R extends { close(): Promise<void> }, T>(
  resource: R,
  work: (resource: R) => Promise<T>,
): Promise<T> {
  try {
    return await work(resource)
  } finally {
    await resource.close()
  }
}
