// Two slots in one file, written in turn: the newer one stays whole if the power fails while the older one is
// overwritten. What is in a slot, and that it is whole, its form says; here is where slots lie, which one is the
// newer, and which one is written next. Leaves out the reading and writing itself.
import { equalBytes } from "../../core/base/bytes.ts"
import { refuse, Trouble, unlessRefused } from "../../core/base/errors.ts"

/**
 * What disks replace at a time, 4,096 bytes on those of today: slots begin at sectors and are written as whole
 * ones, or one torn write could take both of them.
 */
export const SECTOR = 4_096
const BLANK = 0x20

export interface Slot<Content> {
  /** Counts the writes of the file. */
  readonly counter: number
  readonly content: Content
}

/** How a slot is written: text that an operator can read, with the counter and a checksum. */
export interface SlotForm<Content> {
  /** What it is, for messages. */
  readonly name: string
  /** Bytes from one slot to the next: whole sectors. */
  readonly slotSize: number
  /** Which of the two slots the first write of a new file goes to. */
  readonly first: 0 | 1
  /** Without padding; at most `slotSize` bytes if the content is one that may be written. */
  format(slot: Slot<Content>): Uint8Array
  /** Reads what {@link format} gave, whatever follows it; undefined or a refusal for any other bytes. */
  parse(bytes: Uint8Array): Slot<Content> | undefined
}

export interface Slots<Content> {
  readonly newest: Slot<Content>
  /** The other one, if it can be read: the write before, or one that was torn. */
  readonly other?: Slot<Content>
  /** Which of the two the next write overwrites. */
  readonly spare: number
}

/** Bytes to be written at a place in the file. */
export interface SlotWrite {
  readonly bytes: Uint8Array
  readonly at: number
}

function parseSlot<Content>(form: SlotForm<Content>, bytes: Uint8Array): Slot<Content> | undefined {
  return unlessRefused(() => {
    const slot = form.parse(bytes)
    if (slot === undefined) return undefined
    // Printing it again checks the checksum, the padding of the last sector and every spelling in one comparison.
    const printed = paddedSlot(form, slot)
    return equalBytes(printed, bytes.subarray(0, printed.length)) ? slot : undefined
  })
}

/** Whole sectors; refuses `too-large` for what a slot has no room for. */
function paddedSlot<Content>(form: SlotForm<Content>, slot: Slot<Content>): Uint8Array {
  const text = form.format(slot)
  if (text.length > form.slotSize) {
    refuse("too-large", `${form.name}: expected up to ${form.slotSize} bytes, found ${text.length}`)
  }
  const bytes = new Uint8Array(Math.ceil(text.length / SECTOR) * SECTOR).fill(BLANK)
  bytes.set(text)
  return bytes
}

/** The slots in the bytes of a file; undefined if neither can be read. Throws Trouble `damaged` for two of one count. */
export function readSlots<Content>(
  form: SlotForm<Content>,
  file: Uint8Array,
): Slots<Content> | undefined {
  if (file.length !== 2 * form.slotSize) return undefined
  const [first, second] = [0, 1].map((i) => parseSlot(form, file.subarray(i * form.slotSize)))
  if (first !== undefined && second !== undefined) {
    if (first.counter === second.counter) contradiction(form)
    return first.counter > second.counter
      ? { newest: first, other: second, spare: 1 }
      : { newest: second, other: first, spare: 0 }
  }
  if (first !== undefined) return { newest: first, spare: 1 }
  return second && { newest: second, spare: 0 }
}

export function contradiction({ name }: Pick<SlotForm<unknown>, "name">): never {
  throw new Trouble("damaged", `the two slots of the ${name} contradict each other`)
}

/** The write that leaves the newest slot as it is. Refuses `too-large`. */
export function nextWrite<Content>(
  form: SlotForm<Content>,
  { newest, spare }: Slots<Content>,
  content: Content,
): { readonly slots: Slots<Content>; readonly write: SlotWrite } {
  const slot = { counter: newest.counter + 1, content }
  const write = { bytes: paddedSlot(form, slot), at: spare * form.slotSize }
  return { slots: { newest: slot, other: newest, spare: 1 - spare }, write }
}

/** A new file with one slot. Refuses `too-large`. */
export function newSlots<Content>(
  form: SlotForm<Content>,
  content: Content,
): { readonly slots: Slots<Content>; readonly file: Uint8Array } {
  const newest = { counter: 1, content }
  const file = new Uint8Array(2 * form.slotSize).fill(BLANK)
  file.set(paddedSlot(form, newest), form.first * form.slotSize)
  return { slots: { newest, spare: 1 - form.first }, file }
}
