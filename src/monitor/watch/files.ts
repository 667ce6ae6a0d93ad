// The files that a watch file names, as whoever reads it has them: the port to the file system.
import type { Hash } from "../../core/tree/hash.ts"
import type { Digester } from "../../entry/statement/foretelling.ts"

/** The text of a file; rejects if it cannot be read. */
export type WatchFileReader = (path: string) => Promise<string>

export interface WatchFiles {
  /** The path of the watch file itself, as `resolve` gives paths. */
  readonly path?: string
  /** The path of what a watch file at `base` calls `path`; the top one's base is the empty text. */
  resolve(path: string, base: string): string
  readonly text: WatchFileReader
  /** `algorithm:hex` of a file of any size, by SHA-256, SHA-384 and SHA-512. */
  digests(path: string): Promise<readonly string[]>
  /** The names in a folder, sorted; undefined for what is no folder. */
  folder(path: string): Promise<readonly string[] | undefined>
  /** What a signer's pipeline has posted, and where that is kept; undefined if nothing was. */
  posted?(signer: string): Promise<{ readonly file: string; readonly text: string } | undefined>
  /** The platform's hash of a log's leaf; the portable one by default. */
  readonly leaf?: (body: Uint8Array) => Hash
  /** The platform's digests; the portable ones by default, which are slow for thousands of images. */
  readonly digest?: Digester
}

/** Texts by name alone, without folders. */
export function filesOf(text: WatchFileReader): WatchFiles {
  return {
    text,
    resolve: (path) => path,
    digests: (path) => Promise.reject(new Error(`bug: no bytes of ${path}`)),
    folder: () => Promise.resolve(undefined),
  }
}
