// What a witness has signed, kept beside it so that it outlives any restart, and the two laws that all of
// it must obey: one tree, and no larger size at an earlier time.

import { formatBase64 } from "../../src/core/base/text.ts"
import type { NamedHead } from "../../src/core/note/cosignature.ts"
import type { Cosigner } from "../../src/witness/cosigning.ts"
import { testCosigner } from "./test-log.ts"

export interface SignedHead {
  readonly time: number
  readonly size: number
  readonly root: string
}

export interface Recorder {
  readonly signed: readonly SignedHead[]
  readonly cosigner: Cosigner
}

/** Signs nothing real: what counts is what it was asked to sign. */
export function createRecorder(): Recorder {
  const signed: SignedHead[] = []
  const cosigner: Cosigner = {
    vkey: testCosigner().vkey,
    async sign(time: number, _text: string, { size, root }: NamedHead) {
      signed.push({ time, size, root: formatBase64(root) })
      return new Uint8Array(64)
    },
  }
  return { signed, cosigner }
}

/** The roots of one tree, as text, by size. */
export type Tree = (size: number) => string

/** Sentences about what contradicts what; none is as it should be. */
export function contradictions(signed: readonly SignedHead[], trees: readonly Tree[]): string[] {
  const found: string[] = []
  if (!trees.some((tree) => signed.every(({ size, root }) => tree(size) === root))) {
    found.push(`no one tree has ${JSON.stringify(signed)}`)
  }
  // Sorted by size, times may only rise where sizes do.
  const sorted = [...signed].sort((a, b) => a.size - b.size || a.time - b.time)
  sorted.forEach((head, i) => {
    const before = sorted[i - 1]
    if (before !== undefined && before.size < head.size && head.time < before.time) {
      found.push(`size ${head.size} at ${head.time}, but ${before.size} at ${before.time}`)
    }
  })
  return found
}
