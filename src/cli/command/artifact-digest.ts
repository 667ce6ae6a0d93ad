// Digests of a file of any size: one pass, a constant amount of memory, the platform's own hashes.
import { createHash } from "node:crypto"
import { createReadStream } from "node:fs"
import type { ArtifactDigests } from "../../client/verify.ts"
import type { HashName } from "../../core/base/digest.ts"
import { onDisk } from "./file.ts"

const CHUNK = 1024 * 1024

/** What takes in the file, chunk by chunk. */
export interface Sink {
  update(chunk: Uint8Array): unknown
}

async function pour(path: string, sinks: readonly Sink[]): Promise<void> {
  const chunks: AsyncIterable<Uint8Array> = createReadStream(path, { highWaterMark: CHUNK })
  for await (const chunk of chunks) for (const sink of sinks) sink.update(chunk)
}

/** Lets the file run through all sinks at once; throws trouble ("disk"). */
export async function pourFile(path: string, sinks: readonly Sink[]): Promise<void> {
  await onDisk("artifact", path, pour(path, sinks))
}

/** The file's digests by these hashes; throws trouble ("disk"). */
export async function digestFile(
  path: string,
  names: readonly HashName[],
): Promise<ArtifactDigests> {
  const hashes = names.map((name) => ({ name, hash: createHash(name) }))
  await pourFile(
    path,
    hashes.map(({ hash }) => hash),
  )
  return Object.fromEntries(hashes.map(({ name, hash }) => [name, hash.digest()]))
}
