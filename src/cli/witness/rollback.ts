// What becomes of a witness that has signed more than it remembers: the notes that show it are kept as files,
// and the process says what happened and ends.
import { existsSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { utf8 } from "../../core/base/bytes.ts"
import { digestOf } from "../../core/base/digest.ts"
import { Refusal } from "../../core/base/errors.ts"
import { formatHex } from "../../core/base/text.ts"
import { makeFolder, onDisk, syncNameOf } from "../../storage/disk/durable-file.ts"
import type { WitnessStatus } from "../../witness/witness.ts"
import type { WitnessDirectory } from "./directory.ts"

function keepNote(folder: string, note: string): string {
  const file = join(folder, `${formatHex(digestOf("sha256", utf8(note)))}.note`)
  makeFolder(folder)
  if (!existsSync(file)) onDisk(file, () => writeFileSync(file, note, { flush: true }))
  syncNameOf(file)
  return file
}

/** Keeps the notes and gives the refusal; undefined if there is no reason for one. */
export function keepRolledBack(
  { rolledBack }: WitnessDirectory,
  { logs }: WitnessStatus,
): Refusal | undefined {
  const found = logs.flatMap(({ frozen }) => (frozen?.cause === "rolled-back" ? [frozen] : []))
  if (found.length === 0) return undefined
  const files = found.map(({ origin, note }) => `${origin} (${keepNote(rolledBack, note)})`)
  return new Refusal(
    "conflict",
    `this witness has cosigned more than it remembers, so its data was put back to an older copy or ` +
      `someone else has its keys; it must not sign again. What shows it: ${files.join(", ")}. Bring ` +
      `back the newer data, or make a new witness with new keys and tell the logs`,
  )
}

export function assertNotRolledBack(directory: WitnessDirectory, status: WitnessStatus): void {
  const refusal = keepRolledBack(directory, status)
  if (refusal !== undefined) throw refusal
}
