// Checks who a log is when that is read back from a disk: a database or a head guard.
import { refuse, shown } from "../../core/base/errors.ts"
import { parseOrigin } from "../../core/note/origin.ts"
import type { LogIdentity } from "../../log/ports/store.ts"

const TREE_ID = /^[1-9][0-9]{0,18}$/
const LARGEST_TREE_ID = 2n ** 63n - 1n
const FINGERPRINT = /^[0-9a-f]{64}$/

interface IdentityText {
  readonly origin: string
  readonly treeId: string
  readonly keyFingerprints: readonly unknown[]
}

/** Refuses `malformed` unless every part is as {@link LogIdentity} says, with at least one key. */
export function parseIdentity(text: IdentityText): LogIdentity {
  const { treeId } = text
  if (!TREE_ID.test(treeId) || BigInt(treeId) > LARGEST_TREE_ID) {
    refuse("malformed", `tree ID: expected a decimal from 1 to 2^63-1, found ${shown(treeId)}`)
  }
  const keyFingerprints = text.keyFingerprints.map(parseFingerprint)
  if (keyFingerprints.length === 0) {
    refuse("malformed", "key fingerprints: expected at least one, found none")
  }
  return { origin: parseOrigin(text.origin), treeId, keyFingerprints }
}

function parseFingerprint(value: unknown): string {
  if (typeof value === "string" && FINGERPRINT.test(value)) return value
  return refuse(
    "malformed",
    `key fingerprint: expected 64 digits of lower-case hex, found ${shown(String(value))}`,
  )
}
