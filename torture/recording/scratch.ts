// Where states of a disk are laid out: in memory where the machine lends some, since nothing of them has to last, and a
// disk that many share would be asked for a hundred syncs a second.
import { existsSync, mkdtempSync, rmSync } from "node:fs"
import { join } from "node:path"

const MEMORY = "/dev/shm"

const made = new Set<string>()
process.once("exit", () => {
  for (const folder of made) rmSync(folder, { recursive: true, force: true })
})

/** An empty folder, gone after `work` and with this process; below `folder` where memory lends none. */
export async function inScratch<T>(
  folder: string,
  work: (scratch: string) => Promise<T>,
): Promise<T> {
  const scratch = mkdtempSync(join(existsSync(MEMORY) ? MEMORY : folder, "countersign-"))
  made.add(scratch)
  try {
    return await work(scratch)
  } finally {
    rmSync(scratch, { recursive: true, force: true })
    made.delete(scratch)
  }
}
