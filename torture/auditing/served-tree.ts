// The tree that a log serves, made again from its entry bundles (C2SP tlog-tiles) by an observer: the leaf hash of
// every entry, and the root at any size. What was read before is kept and need not be read again.
import type { Asking } from "./asking.ts"
import { createGrowing, leafHash } from "./merkle.ts"

const WIDTH = 256
const AT_ONCE = 8

/** `x001/x234/067` for 1,234,067. */
function tilePath(index: number): string {
  const digits = String(index)
  const groups = digits.padStart(Math.ceil(digits.length / 3) * 3, "0").match(/.{3}/g) ?? []
  return groups.map((group, i) => (i < groups.length - 1 ? `x${group}` : group)).join("/")
}

/** Throws unless the bytes are just `count` bodies. */
export function bodiesOf(bundle: Buffer, count: number): readonly Buffer[] {
  const bodies: Buffer[] = []
  let at = 0
  while (at + 2 <= bundle.length) {
    const end = at + 2 + bundle.readUInt16BE(at)
    if (end > bundle.length) throw new Error("an entry bundle that ends inside an entry")
    bodies.push(bundle.subarray(at + 2, end))
    at = end
  }
  if (at !== bundle.length || bodies.length !== count) {
    throw new Error(`an entry bundle: expected ${count} entries, found ${bodies.length}`)
  }
  return bodies
}

export interface ServedTree {
  readonly size: number
  leaf(index: number): Buffer | undefined
  /** The root of the first entries, as many as {@link TreeReading.readTo} has stopped at. */
  rootAt(size: number): Buffer | undefined
}

export interface TreeReading extends ServedTree {
  /**
   * Reads on up to `size` and keeps the roots at `stops`; rejects where a bundle is not served. Throws for an entry
   * that stands in the tree twice.
   */
  readTo(url: string, size: number, stops: ReadonlySet<number>): Promise<void>
}

export function createTreeReading({ ask }: Asking): TreeReading {
  const leaves: Buffer[] = []
  const places = new Map<string, number>()
  const roots = new Map<number, Buffer>()
  const growing = createGrowing()

  async function readBundle(url: string, index: number, size: number): Promise<readonly Buffer[]> {
    const count = Math.min(WIDTH, size - index * WIDTH)
    const path = `/tile/entries/${tilePath(index)}${count < WIDTH ? `.p/${count}` : ""}`
    const { status, body } = await ask(url + path)
    if (status !== 200) throw new Error(`${path}: expected an entry bundle, found ${status}`)
    return bodiesOf(body, count).map(leafHash)
  }

  function keep(leaf: Buffer): void {
    const name = leaf.toString("base64")
    const before = places.get(name)
    if (before !== undefined) {
      throw new Error(`one entry stands at ${before} and at ${leaves.length}`)
    }
    places.set(name, leaves.length)
    leaves.push(leaf)
    growing.add(leaf)
  }

  /** For heads of sizes that were passed before they were seen. */
  function growAgain(stops: ReadonlySet<number>): void {
    const missed = [...stops].filter((size) => size <= leaves.length && !roots.has(size))
    const again = createGrowing()
    for (const leaf of missed.length === 0 ? [] : leaves) {
      again.add(leaf)
      if (stops.has(again.size)) roots.set(again.size, again.root())
    }
  }

  return {
    get size() {
      return leaves.length
    },
    leaf: (index) => leaves[index],
    rootAt: (size) => roots.get(size),
    async readTo(url, size, stops) {
      if (growing.size === 0) roots.set(0, growing.root())
      const first = Math.floor(leaves.length / WIDTH)
      const last = Math.ceil(size / WIDTH)
      for (let index = first; index < last; index += AT_ONCE) {
        const indexes = Array.from({ length: Math.min(AT_ONCE, last - index) }, (_, i) => index + i)
        const bundles = await Promise.all(indexes.map((each) => readBundle(url, each, size)))
        bundles.flat().forEach((leaf, i) => {
          const at = index * WIDTH + i
          const known = leaves[at]
          if (known !== undefined) {
            if (!known.equals(leaf)) throw new Error(`the entry at ${at} was another one before`)
            return
          }
          keep(leaf)
          if (stops.has(growing.size)) roots.set(growing.size, growing.root())
        })
      }
      growAgain(stops)
    },
  }
}
