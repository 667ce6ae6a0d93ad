// The head guard as a file of its own with two slots (two-slots.ts). It does not notice if the file itself is put back to an
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
import { type GuardContent, guardForm } from "./guard-slot.ts"
import { contradiction, newSlots, nextWrite, readSlots, type Slots } from "./two-slots.ts"

const OWNER_ONLY = 0o600

/**
 * Makes the guard of a new log, durable when this returns. Refuses `conflict` if there is a file at
 * `path`: a guard is never overwritten.
 */
export function createGuardFile(path: string, identity: LogIdentity, head: TimedHead): void {
  const checked = parseIdentity(identity)
  const { file } = newSlots(guardForm, { identity: checked, head })
  const descriptor = openNew(path)
  onDisk(path, () => {
    try {
      writeAt(path, descriptor, file, 0)
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
    const { identity } = guardSlots(path, descriptor).newest.content
    let failed = false
    let open = true

    function advance(slots: Slots<GuardContent>, to: TimedHead): void {
      failed = true
      const { write } = nextWrite(guardForm, slots, { identity, head: to })
      onDisk(path, () => {
        writeAt(path, descriptor, write.bytes, write.at)
        fdatasyncSync(descriptor)
      })
      failed = false
    }

    return {
      identity,
      async read() {
        return guardSlots(path, descriptor).newest.content.head
      },
      async advance(from, to) {
        if (failed) {
          throw new Trouble("disk", `${path}: an earlier write failed; end this process`)
        }
        const slots = guardSlots(path, descriptor)
        assertSuccessor(slots.newest.content.head, from, to)
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

function writeAt(path: string, descriptor: number, bytes: Uint8Array, at: number): void {
  const written = writeSync(descriptor, bytes, 0, bytes.length, at)
  if (written !== bytes.length) {
    throw new Trouble("disk", `${path}: expected to write ${bytes.length} bytes, wrote ${written}`)
  }
}

function guardSlots(path: string, descriptor: number): Slots<GuardContent> {
  const bytes = new Uint8Array(2 * guardForm.slotSize)
  const read = onDisk(path, () => readSync(descriptor, bytes, 0, bytes.length, 0))
  const slots = readSlots(guardForm, bytes.subarray(0, read))
  if (slots === undefined) {
    throw new Trouble(
      "damaged",
      `${path} is not a head guard or both of its slots are damaged. Without it a rollback of the ` +
        `database cannot be told: recover the file from the disk, or start a new log under a new origin`,
    )
  }
  const { newest, other = newest } = slots
  const [own, before] = [newest, other].map(({ content }) => JSON.stringify(content.identity))
  if (own !== before) contradiction(guardForm)
  return slots
}
