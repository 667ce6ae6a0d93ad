// A small disk of its own for a run: tmpfs, which only root may mount. It is gone afterwards, whatever becomes of the
// run.
import { spawnSync } from "node:child_process"
import { mkdirSync, rmSync, statfsSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { atTheEnd } from "../stand/processes.ts"

export interface SmallDisk {
  readonly path: string
  /** Fills what is free but for so many bytes. */
  fill(leaving: number): void
  /** Takes away what filled it. */
  free(): void
  remove(): void
}

const CHUNK = 64 * 1024

export function mountSmallDisk(path: string, mebibytes: number): SmallDisk {
  mkdirSync(path, { recursive: true })
  const words = ["-t", "tmpfs", "-o", `size=${mebibytes}m`, "tmpfs", path]
  const { status, stderr } = spawnSync("mount", words, { encoding: "utf8" })
  if (status !== 0) throw new Error(`a disk of its own needs root: ${stderr}`)
  const filler = join(path, "filler")
  const unmount = (): void => void spawnSync("umount", ["-l", path])
  const forget = atTheEnd(unmount)
  return {
    path,
    fill(leaving) {
      const { bavail, bsize } = statfsSync(path)
      const bytes = Math.max(0, bavail * bsize - leaving)
      try {
        writeFileSync(filler, Buffer.alloc(bytes), { flag: "w" })
      } catch {
        // Others write as well: what there was is taken, to the last block.
      }
    },
    free: () => rmSync(filler, { force: true }),
    remove() {
      forget()
      unmount()
    },
  }
}

/** Fills to the last block, in small pieces, over and over, while others write. */
export function fillToTheEnd({ path }: SmallDisk): void {
  for (let i = 0; i < 10_000; i++) {
    try {
      writeFileSync(join(path, "filler"), Buffer.alloc(CHUNK), { flag: "a" })
    } catch {
      return
    }
  }
}
