// What a traced process did to the files below a folder, and what it said over sockets and to its standard output, in
// one order. Memory that is mapped to a file and rings of the kernel would not be seen, so they are refused.
import { resolve } from "node:path"
import { descriptorOf, readCalls, type SystemCall } from "./system-calls.ts"

export type Operation =
  | { readonly kind: "write"; readonly path: string; readonly at: number; readonly bytes: Buffer }
  | { readonly kind: "cut"; readonly path: string; readonly length: number }
  | { readonly kind: "sync"; readonly path: string }
  | { readonly kind: "make"; readonly path: string; readonly isFolder: boolean }
  | { readonly kind: "link"; readonly path: string; readonly to: string }
  | { readonly kind: "rename"; readonly path: string; readonly to: string }
  | { readonly kind: "remove"; readonly path: string }
  | { readonly kind: "said"; readonly text: string }

/** The calls that change files, and those by which a process speaks. */
export const TRACED = [
  ["openat", "open", "creat", "rename", "renameat", "renameat2", "link", "linkat"],
  ["unlink", "unlinkat", "mkdir", "mkdirat", "rmdir", "pwrite64", "pwritev", "pwritev2"],
  ["write", "writev", "ftruncate", "truncate", "fallocate", "fsync", "fdatasync", "lseek"],
  ["copy_file_range", "sync_file_range", "sendfile", "io_uring_setup", "mmap"],
].flat()

const SHORTEST_SAID = 16
const DELETED = " (deleted)"

interface TraceOf {
  readonly trace: string
  readonly root: string
  readonly sizes: Map<string, number>
}

interface OpenFile {
  readonly path: string
  readonly appends: boolean
  readonly isSynchronous: boolean
  at: number
}

/** SQLite makes the index of its write-ahead log again; nothing in it lasts. */
export function isIndexOfWal(path: string): boolean {
  return path.endsWith("-shm") || path.endsWith(`-shm${DELETED}`)
}

function numbers(words: string): number[] {
  const [, after = words] = words.split(/^[^>]*>/)
  return (after.match(/-?\d+/g) ?? []).map(Number)
}

/**
 * Gives each operation of one trace to `tell`; throws for what it cannot follow. `sizes` are those of the files that are
 * there already, by path, and afterwards of those that are there then.
 */
export async function readOperations(
  { trace, root, sizes }: TraceOf,
  tell: (operation: Operation) => void,
): Promise<void> {
  const open = new Map<number, OpenFile>()
  const isOurs = (path: string): boolean =>
    (path === root || path.startsWith(`${root}/`)) && !isIndexOfWal(path)

  function write(path: string, at: number, bytes: Buffer, file: OpenFile | undefined): void {
    if (bytes.length === 0) return
    tell({ kind: "write", path, at, bytes })
    sizes.set(path, Math.max(sizes.get(path) ?? 0, at + bytes.length))
    if (file?.isSynchronous === true) tell({ kind: "sync", path })
  }

  function cut(path: string, length: number): void {
    tell({ kind: "cut", path, length })
    sizes.set(path, length)
  }

  /** The absolute paths that a call names. */
  function pathsOf({ words, strings }: SystemCall): string[] {
    const bases = [...words.matchAll(/(?:AT_FDCWD|\d+)<(?:\\x[0-9a-f]{2})*>/g)].map(
      ([found]) => descriptorOf(found).path,
    )
    return strings.map((name, i) => resolve(bases[i] ?? "/", name.toString()))
  }

  function opened(call: SystemCall): void {
    const [named = ""] = pathsOf(call)
    const path = call.resultPath ?? named
    open.delete(call.result)
    if (!isOurs(path)) return
    const { words } = call
    const isNew = words.includes("O_CREAT") && !sizes.has(path)
    if (isNew) tell({ kind: "make", path, isFolder: false })
    const appends = words.includes("O_APPEND")
    const isSynchronous = /O_D?SYNC/.test(words)
    open.set(call.result, { path, appends, isSynchronous, at: 0 })
    if (words.includes("O_TRUNC") && (sizes.get(path) ?? 0) > 0) cut(path, 0)
    if (!sizes.has(path)) sizes.set(path, 0)
  }

  function wrote(call: SystemCall): void {
    const { number, path } = descriptorOf(call.words)
    const bytes = Buffer.concat(call.strings).subarray(0, call.result)
    if (!isOurs(path)) {
      const isSpoken = number === 1 || /^(socket|TCP|TCPv6|UNIX|pipe)/.test(path)
      if (isSpoken && bytes.length >= SHORTEST_SAID)
        tell({ kind: "said", text: bytes.toString("latin1") })
      return
    }
    const file = open.get(number)
    if (call.name.startsWith("pwrite")) {
      write(path, numbers(call.words).at(-1) as number, bytes, file)
      return
    }
    if (file === undefined) throw new Error(`${path} was written before it was opened`)
    const at = file.appends ? (sizes.get(path) ?? 0) : file.at
    file.at = at + bytes.length
    write(path, at, bytes, file)
  }

  function moved(call: SystemCall): void {
    const [path = "", to = ""] = pathsOf(call)
    if (!isOurs(path) && !isOurs(to)) return
    if (call.words.includes("RENAME_EXCHANGE")) throw new Error("renameat2 exchanged two files")
    tell({ kind: "rename", path, to })
    const size = sizes.get(path)
    if (size !== undefined) sizes.set(to, size)
    sizes.delete(path)
  }

  function onDescriptor(call: SystemCall): void {
    const { number, path } = descriptorOf(call.words)
    if (!isOurs(path)) return
    const file = open.get(number)
    if (call.name === "lseek" && file !== undefined) file.at = call.result
    if (call.name === "fsync" || call.name === "fdatasync") tell({ kind: "sync", path })
    if (call.name === "ftruncate") cut(path, numbers(call.words)[0] ?? 0)
    if (call.name === "mmap" && /PROT_WRITE.*MAP_SHARED/.test(call.words))
      throw new Error(`${path} is mapped to memory: what is written there is not seen`)
    if (/^(fallocate|copy_file_range|sendfile)$/.test(call.name))
      throw new Error(`${call.name} of ${path} is not followed`)
  }

  function named(call: SystemCall): void {
    const [path = "", to = ""] = pathsOf(call)
    if (call.name.startsWith("mkdir") && isOurs(path)) tell({ kind: "make", path, isFolder: true })
    else if (call.name.startsWith("link") && isOurs(to)) {
      tell({ kind: "link", path, to })
      sizes.set(to, sizes.get(path) ?? 0)
    } else if (/^(unlink|rmdir)/.test(call.name) && isOurs(path)) {
      tell({ kind: "remove", path })
      sizes.delete(path)
    } else if (call.name === "truncate" && isOurs(path)) cut(path, numbers(call.words)[0] ?? 0)
  }

  await readCalls(trace, (call) => {
    if (call.name === "io_uring_setup") throw new Error("a ring of the kernel is not followed")
    if (call.result < 0 || call.isInjected) return
    if (/^(openat|open|creat)$/.test(call.name)) opened(call)
    else if (/^p?writev?(64|2)?$/.test(call.name)) wrote(call)
    else if (call.name.startsWith("rename")) moved(call)
    else if (/^(link|unlink|rmdir|mkdir|truncate)/.test(call.name)) named(call)
    else onDescriptor(call)
  })
}

/** A path as the kernel names it once its file is removed, without that remark. */
export function withoutRemark(path: string): {
  readonly path: string
  readonly isRemoved: boolean
} {
  const isRemoved = path.endsWith(DELETED)
  return { path: isRemoved ? path.slice(0, -DELETED.length) : path, isRemoved }
}
