// Keeps what shows that a log's own key signed two trees: a file of evidence where that is proven, else both
// notes as they are.
import { createHash } from "node:crypto"
import { mkdir } from "node:fs/promises"
import { join } from "node:path"
import { parseVkey } from "../../core/note/note.ts"
import type { Contradiction } from "../../log/held-head.ts"
import { onDisk, writeWhole } from "../command/file.ts"
import { forkUnder } from "../command/fork-evidence.ts"

/** Writes to `folder` and gives the paths. Throws trouble ("disk"). */
export async function keepContradiction(
  folder: string,
  contradiction: Contradiction,
  vkeys: readonly string[],
): Promise<readonly string[]> {
  const { held, own } = contradiction
  const evidence = forkUnder(vkeys.map(parseVkey), held, own, contradiction.proof)
  const id = createHash("sha256").update(held).digest("hex").slice(0, 16)
  const files: readonly (readonly [name: string, text: string])[] =
    evidence === undefined
      ? [
          [`${id}.held.note`, held],
          [`${id}.own.note`, own],
        ]
      : [[`${evidence.kind}-${evidence.id}.txt`, evidence.text]]
  await onDisk("evidence", folder, mkdir(folder, { recursive: true }))
  const paths: string[] = []
  for (const [name, text] of files) {
    const path = join(folder, name)
    await writeWhole(path, text, "evidence")
    paths.push(path)
  }
  return paths
}
