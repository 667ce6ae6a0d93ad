// The head guard as a file of its own with two slots: an advance writes the older one, so that the newer
// one stays whole if the power fails meanwhile. It does not notice if the file itself is put back to an
// older copy: never make it part of a backup. A newest slot that rots later looks like a torn write, and
// the guard then answers with the head before it, which opening the log moves forward again.
import { closeSync, fdatasyncSync, fsyncSync, openSync, readSync, writeSync } from "node:fs"
import { refuse, Trouble } from "../../core/base/errors.ts"
import type { HeadGuard } from "../../log/ports/guard.ts"
import type { LogIdentity, TimedHead } from "../../log/ports/store.ts"
import { diskTrouble, onDisk, syncNameOf, systemCode } from "../disk/durable-file.ts"
import { holdLock } from "../disk/process-lock.ts"
import { assertSuccessor } from "../rules/commit.ts"
import { parseIdentity } from "../rules/identity.ts"
import { formatSlot, parseSlot, SLOT_SIZE, type Slot } from "./guard-slot.ts"

const OWNER_ONLY = 0o600

interface Slots {
  readonly newest: Slot
  /** Which of the two slots the next advance overwrites. */
  readonly spare: 0 | 1
}

/**
 * Makes the guard of a new log, durable when this returns. Refuses `conflict` if there is a file at
 * `path`: a guard is never overwritten.
 */
export function createGuardFile(path: string, identity: LogIdentity, head: TimedHead): void {
  const checked = parseIdentity(identity)
  const slots = [1, 0].map((counter) => formatSlot({ counter, identity: checked, head }))
  const descriptor = openNew(path)
  onDisk(path, () => {
    try {
      slots.forEach((slot, position) => {
        writeSlot(path, descriptor, position, slot)
      })
      fsyncSync(descriptor)
    } finally {
      closeSync(descriptor)
    }
  })
  syncNameOf(path)
}

/**
 * Opens a guard and locks it against other processes until it is closed. Refuses `not-found` if there
 * is none, `conflict` if another process has it; throws Trouble `damaged` if neither slot can be read.
 */
export function openGuardFile(path: string): HeadGuard {
  const descriptor = openExisting(path)
  try {
    return guardOver(path, descriptor)
  } catch (reason) {
    closeSync(descriptor)
    throw reason
  }
}

function guardOver(path: string, descriptor: number): HeadGuard {
  const lock = holdLock(`${path}.lock`, `the head guard ${path}`)
  try {
    const { identity } = readSlots(path, descriptor).newest
    let failed = false
    let open = true

    function advance(slots: Slots, to: TimedHead): void {
      failed = true
      const slot = formatSlot({ counter: slots.newest.counter + 1, identity, head: to })
      onDisk(path, () => {
        writeSlot(path, descriptor, slots.spare, slot)
        fdatasyncSync(descriptor)
      })
      failed = false
    }

    return {
      identity,
      async read() {
        return readSlots(path, descriptor).newest.head
      },
      async advance(from, to) {
        if (failed) {
          throw new Trouble("disk", `${path}: an earlier write failed; end this process`)
        }
        const slots = readSlots(path, descriptor)
        assertSuccessor(slots.newest.head, from, to)
        advance(slots, to)
      },
      async close() {
        // A number that is closed twice may by then belong to another file.
        if (!open) return
        open = false
        closeSync(descriptor)
        lock.release()
      },
    }
  } catch (reason) {
    lock.release()
    throw reason
  }
}

function openNew(path: string): number {
  try {
    return openSync(path, "wx", OWNER_ONLY)
  } catch (reason) {
    if (systemCode(reason) !== "EEXIST") throw diskTrouble(path, reason)
    return refuse(
      "conflict",
      `expected no file at ${path}, found one: a head guard is never overwritten. If it belongs to ` +
        `no log that you still run, move it away`,
      { cause: reason },
    )
  }
}

function openExisting(path: string): number {
  try {
    return openSync(path, "r+")
  } catch (reason) {
    if (systemCode(reason) !== "ENOENT") throw diskTrouble(path, reason)
    return refuse(
      "not-found",
      `expected the head guard at ${path}, found no file. Give the path that the log was made with; ` +
        `a log whose guard is lost must not sign again`,
      { cause: reason },
    )
  }
}

function writeSlot(path: string, descriptor: number, position: number, slot: Uint8Array): void {
  const written = writeSync(descriptor, slot, 0, SLOT_SIZE, position * SLOT_SIZE)
  if (written !== SLOT_SIZE) {
    throw new Trouble("disk", `${path}: expected to write ${SLOT_SIZE} bytes, wrote ${written}`)
  }
}

function readSlot(path: string, descriptor: number, position: number): Slot | undefined {
  const bytes = new Uint8Array(SLOT_SIZE)
  const read = onDisk(path, () => readSync(descriptor, bytes, 0, SLOT_SIZE, position * SLOT_SIZE))
  return read === SLOT_SIZE ? parseSlot(bytes) : undefined
}

function readSlots(path: string, descriptor: number): Slots {
  const first = readSlot(path, descriptor, 0)
  const second = readSlot(path, descriptor, 1)
  if (first !== undefined && second !== undefined) return newerOf(path, first, second)
  if (first !== undefined) return { newest: first, spare: 1 }
  if (second !== undefined) return { newest: second, spare: 0 }
  throw new Trouble(
    "damaged",
    `${path} is not a head guard or both of its slots are damaged. Without it a rollback of the ` +
      `database cannot be told: recover the file from the disk, or start a new log under a new origin`,
  )
}

function newerOf(path: string, first: Slot, second: Slot): Slots {
  const sameLog = JSON.stringify(first.identity) === JSON.stringify(second.identity)
  if (!sameLog || first.counter === second.counter) {
    throw new Trouble("damaged", `${path}: the two slots of the head guard contradict each other`)
  }
  return first.counter > second.counter ? { newest: first, spare: 1 } : { newest: second, spare: 0 }
}
