// What all checks of a run have in common: one log, its trust files, and the services beside it.
import type { ClosedLog } from "./closed-log.ts"
import type { Fulcio } from "./fulcio.ts"
import type { KeylessFiles } from "./keyless-files.ts"
import type { Registry } from "./registry.ts"
import type { ServedLog } from "./served-log.ts"
import type { TimestampAuthority } from "./timestamp-authority.ts"
import type { TrustFiles } from "./trust-files.ts"

export interface Stand {
  readonly log: ServedLog
  /** Another log, which takes nothing from strangers. */
  readonly closed: ClosedLog
  readonly files: TrustFiles
  /** Undefined if the program cannot be had. */
  readonly registry: Registry | undefined
  readonly timestamps: TimestampAuthority
  /** Certificates for identities, and what clients need to know of it. */
  readonly fulcio: Fulcio
  readonly keyless: KeylessFiles
}

/** The two Rekor APIs. */
export const apiVersions = [2, 1] as const
export type ApiVersion = (typeof apiVersions)[number]

/** Throws if the two are not the same. */
export function expectSame(found: unknown, expected: unknown, what: string): void {
  const [one, other] = [JSON.stringify(found), JSON.stringify(expected)]
  if (one !== other) throw new Error(`${what}: expected ${other}, found ${one}`)
}

/** Throws unless the text matches. */
export function expectMatch(text: string, pattern: RegExp, what: string): RegExpExecArray {
  const match = pattern.exec(text)
  if (match !== null) return match
  throw new Error(`${what}: expected ${pattern}, found ${JSON.stringify(text.slice(0, 400))}`)
}
