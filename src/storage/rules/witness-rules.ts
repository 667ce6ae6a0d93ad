// What every store of a witness checks before it writes.
import { equalBytes } from "../../core/base/bytes.ts"
import { bug, refuse } from "../../core/base/errors.ts"
import { assertSize, EMPTY_HEAD, type Head } from "../../core/tree/hash.ts"
import type { Freeze, WitnessedHead } from "../../witness/store.ts"

/**
 * Whether `to` may take the place of what is held: that must be `from` and not newer. Throws a bug for a
 * step that would shrink the log or change its root.
 */
export function follows(held: WitnessedHead | undefined, from: Head, to: WitnessedHead): boolean {
  assertSize(to.size, "the size of a head")
  if (!Number.isSafeInteger(to.time) || to.time <= 0) bug(`a head cannot have the time ${to.time}`)
  if (to.size < from.size || (to.size === from.size && !equalBytes(to.root, from.root))) {
    bug(`the head of ${to.origin} cannot go from size ${from.size} to size ${to.size}`)
  }
  const { size, root } = held ?? EMPTY_HEAD
  return size === from.size && equalBytes(root, from.root) && to.time >= (held?.time ?? 0)
}

export function isStored(held: WitnessedHead, to: WitnessedHead): boolean {
  return held.size === to.size && held.time === to.time && held.note === to.note
}

/** Refuses `not-allowed` unless there is no freeze, or one that evidence was the cause of. */
export function assertMayUnfreeze(origin: string, cause: Freeze["cause"] | undefined): void {
  if (cause !== "rolled-back") return
  refuse(
    "not-allowed",
    `${origin} is frozen because this witness has signed more for it than it remembers: nothing makes ` +
      `its memory whole again. Make a new witness with new keys`,
  )
}
