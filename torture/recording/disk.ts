// A disk that may lose power: of each file and folder it keeps what was synced, and any part of what came afterwards.
// Names are kept by folders: a file that was synced may be without its name until its folder is synced.
import { basename, dirname } from "node:path"
import type { Dice } from "../dice.ts"
import { type Operation, withoutRemark } from "./operations.ts"

/** How much of what was not synced has reached the disk. */
export type Remains = "none" | "all" | "subset" | "torn"

const SECTOR = 512

type Change = { readonly at: number; readonly bytes: Buffer } | { readonly length: number }

interface Renaming {
  readonly removes?: string
  readonly sets?: { readonly name: string; readonly node: number }
}

interface FileNode {
  readonly kind: "file"
  durable: Buffer
  pending: Change[]
}

interface FolderNode {
  readonly kind: "folder"
  readonly durable: Map<string, number>
  pending: Renaming[]
  /** As running processes see it. */
  readonly live: Map<string, number>
}

/** What lies below the folder: bytes of files by their paths in it, `undefined` for folders. */
export type DiskState = ReadonlyMap<string, Buffer | undefined>

/** The durable bytes with some changes, in their order. */
function withChanges(durable: Buffer, changes: readonly Change[]): Buffer {
  if (changes.length === 0) return durable
  const ends = changes.map((change) =>
    "length" in change ? change.length : change.at + change.bytes.length,
  )
  const room = Buffer.alloc(Math.max(durable.length, ...ends))
  durable.copy(room)
  let length = durable.length
  for (const change of changes) {
    if ("length" in change) {
      if (change.length < length) room.fill(0, change.length, length)
      length = change.length
      continue
    }
    length = Math.max(length, change.at + change.bytes.length)
    change.bytes.copy(room, change.at)
  }
  return room.subarray(0, length)
}

/** A write as the sectors of the file that it touches. */
function sectorsOf(change: Change): Change[] {
  if ("length" in change || change.bytes.length <= SECTOR) return [change]
  const { at, bytes } = change
  const pieces: Change[] = []
  for (let from = 0; from < bytes.length; ) {
    const to = Math.min(bytes.length, from + SECTOR - ((at + from) % SECTOR))
    pieces.push({ at: at + from, bytes: bytes.subarray(from, to) })
    from = to
  }
  return pieces
}

function renamed(names: Map<string, number>, { removes, sets }: Renaming): void {
  if (removes !== undefined) names.delete(removes)
  if (sets !== undefined) names.set(sets.name, sets.node)
}

export interface Disk {
  apply(operation: Operation): void
  /** How many changes are not durable. */
  pending(): number
  state(remains: Remains, dice: Dice): DiskState
}

/** A disk with a durable folder at `root`, and in it what `before` lays there, durable as well. */
export function createDisk(root: string, before: DiskState = new Map()): Disk {
  const nodes: (FileNode | FolderNode)[] = []
  /** Files without a name that processes may still write to, by the names they had. */
  const removed = new Map<string, number>()

  function newNode(node: FileNode | FolderNode): number {
    nodes.push(node)
    return nodes.length - 1
  }
  const newFolder = () =>
    newNode({ kind: "folder", durable: new Map(), pending: [], live: new Map() })
  const top = newFolder()

  function nodeAt(path: string): number | undefined {
    if (path === root) return top
    const folder = folderAt(dirname(path))
    return folder?.live.get(basename(path))
  }

  function folderAt(path: string): FolderNode | undefined {
    if (path !== root && !path.startsWith(`${root}/`)) return undefined
    const number = nodeAt(path)
    const node = number === undefined ? undefined : nodes[number]
    return node?.kind === "folder" ? node : undefined
  }

  function fileAt(given: string): FileNode | undefined {
    const { path, isRemoved } = withoutRemark(given)
    const number = isRemoved ? removed.get(path) : nodeAt(path)
    const node = number === undefined ? undefined : nodes[number]
    return node?.kind === "file" ? node : undefined
  }

  function change(path: string, renaming: Renaming): void {
    const folder = folderAt(path)
    if (folder === undefined)
      throw new Error(`${path}: a folder that was there before is not known`)
    folder.pending.push(renaming)
    renamed(folder.live, renaming)
  }

  function make(path: string, isFolder: boolean): void {
    const node = isFolder
      ? newFolder()
      : newNode({ kind: "file", durable: Buffer.alloc(0), pending: [] })
    change(dirname(path), { sets: { name: basename(path), node } })
  }

  function remove(path: string): void {
    const node = nodeAt(path)
    if (node !== undefined) removed.set(path, node)
    change(dirname(path), { removes: basename(path) })
  }

  function move(path: string, to: string): void {
    const node = nodeAt(path)
    if (node === undefined) throw new Error(`${path} was renamed and is not known`)
    const removes = basename(path)
    const sets = { name: basename(to), node }
    const isWithin = dirname(path) === dirname(to)
    change(dirname(to), isWithin ? { removes, sets } : { sets })
    if (!isWithin) change(dirname(path), { removes })
  }

  function sync(path: string): void {
    const number = nodeAt(path)
    const node = fileAt(path) ?? (number === undefined ? undefined : nodes[number])
    if (node?.kind === "file") {
      node.durable = withChanges(node.durable, node.pending)
      node.pending = []
    } else if (node?.kind === "folder") {
      for (const renaming of node.pending) renamed(node.durable, renaming)
      node.pending = []
    }
  }

  function changeFile(path: string, made: Change): void {
    const file = fileAt(path)
    if (file === undefined) throw new Error(`${path} was written and is not known`)
    file.pending.push(made)
  }

  function kept<T>(changes: readonly T[], remains: Remains, dice: Dice): readonly T[] {
    if (remains === "none") return []
    return remains === "all" ? changes : changes.filter(() => dice(2) === 1)
  }

  function contentOf(file: FileNode, remains: Remains, dice: Dice): Buffer {
    const some = kept(file.pending, remains, dice)
    if (remains !== "torn") return withChanges(file.durable, some)
    return withChanges(file.durable, kept(some.flatMap(sectorsOf), remains, dice))
  }

  for (const [path, bytes] of [...before].sort(([a], [b]) => (a < b ? -1 : 1))) {
    make(`${root}/${path}`, bytes === undefined)
    sync(dirname(`${root}/${path}`))
    if (bytes === undefined) continue
    changeFile(`${root}/${path}`, { at: 0, bytes })
    sync(`${root}/${path}`)
  }

  return {
    apply(operation) {
      switch (operation.kind) {
        case "write":
          return changeFile(operation.path, operation)
        case "cut":
          return changeFile(operation.path, operation)
        case "sync":
          return sync(operation.path)
        case "make":
          return make(operation.path, operation.isFolder)
        case "rename":
          return move(operation.path, operation.to)
        case "remove":
          return remove(operation.path)
        case "link": {
          const node = nodeAt(operation.path)
          if (node === undefined) throw new Error(`${operation.path} was linked and is not known`)
          return change(dirname(operation.to), { sets: { name: basename(operation.to), node } })
        }
        case "said":
          return undefined
      }
    },
    pending: () => nodes.reduce((sum, { pending }) => sum + pending.length, 0),
    state(remains, dice) {
      const found = new Map<string, Buffer | undefined>()
      function walk(number: number, path: string): void {
        const node = nodes[number] as FileNode | FolderNode
        if (node.kind === "file") return void found.set(path, contentOf(node, remains, dice))
        if (path !== "") found.set(path, undefined)
        const names = new Map(node.durable)
        for (const renaming of kept(node.pending, remains, dice)) renamed(names, renaming)
        for (const [name, child] of names) walk(child, path === "" ? name : `${path}/${name}`)
      }
      walk(top, "")
      return found
    },
  }
}
