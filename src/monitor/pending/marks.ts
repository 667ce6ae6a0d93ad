// Which of the 256 entries of a block are meant: one bit an entry.
const BLOCK = 256
const BYTES = BLOCK / 8

export type Marks = Uint8Array

export function noMarks(): Marks {
  return new Uint8Array(BYTES)
}

export function blockOf(index: number): number {
  return Math.floor(index / BLOCK)
}

export function mark(marks: Marks, index: number): void {
  const at = index % BLOCK
  marks[at >> 3] = (marks[at >> 3] ?? 0) | (1 << (at & 7))
}

export function unmark(marks: Marks, index: number): void {
  const at = index % BLOCK
  marks[at >> 3] = (marks[at >> 3] ?? 0) & ~(1 << (at & 7))
}

export function isMarked(marks: Marks, index: number): boolean {
  const at = index % BLOCK
  return ((marks[at >> 3] ?? 0) & (1 << (at & 7))) !== 0
}

export function isEmpty(marks: Marks): boolean {
  return marks.every((byte) => byte === 0)
}

export function countMarks(marks: Marks): number {
  let count = 0
  for (let byte of marks) for (; byte !== 0; byte &= byte - 1) count += 1
  return count
}

/** The indexes of the marked entries of a block, in order. */
export function markedIn(block: number, marks: Marks): readonly number[] {
  const found: number[] = []
  for (let at = 0; at < BLOCK; at++) {
    if (isMarked(marks, at)) found.push(block * BLOCK + at)
  }
  return found
}

/** Things by the block of the entry that each is about, in the order in which blocks come. */
export function byBlock<T>(
  things: Iterable<T>,
  indexOf: (thing: T) => number,
): ReadonlyMap<number, readonly T[]> {
  const blocks = new Map<number, T[]>()
  for (const thing of things) {
    const block = blockOf(indexOf(thing))
    const known = blocks.get(block)
    if (known === undefined) blocks.set(block, [thing])
    else known.push(thing)
  }
  return blocks
}
