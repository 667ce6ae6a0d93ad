// Digests of artifacts: of a file of any size, in one pass, a constant amount of memory and by the platform's own
// hashes, and those that people write on a command line.
import { createHash } from "node:crypto"
import { createReadStream } from "node:fs"
import type { ArtifactDigests } from "../../client/artifact.ts"
import { digestLength, type HashName, hashNames } from "../../core/base/digest.ts"
import { refuse, shown } from "../../core/base/errors.ts"
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

const WRITTEN = /^(?:(?:[^\s@]+@)?([a-z0-9_-]+):)?([0-9a-f]+)$/i

/**
 * `algorithm:hex` in lower case, of a digest as people have it: in any case, the bare hex of a SHA-2 hash, or behind
 * the `@` of an image reference. Refuses `malformed`.
 */
export function readDigest(text: string): string {
  const [, name, hex = ""] = WRITTEN.exec(text) ?? []
  const hash =
    name === undefined
      ? hashNames.find((each) => hex.length === 2 * digestLength[each])
      : hashNames.find((each) => each === name.toLowerCase())
  const algorithm = hash ?? name
  const isWhole = hash === undefined || hex.length === 2 * digestLength[hash]
  if (algorithm !== undefined && isWhole) return `${algorithm}:${hex.toLowerCase()}`
  return refuse(
    "malformed",
    `digest: expected ALGORITHM:HEX such as sha256: and 64 hex digits, those digits alone, or IMAGE@sha256:HEX, found ${shown(text, 150)}`,
  )
}
