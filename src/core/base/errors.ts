// The two kinds of error that may leave a function: a refusal (bad input or a wrong moment) and
// trouble (disk, network, damage). A broken invariant is neither: it throws a plain Error whose
// message begins with "bug:" and ends the process.

/** Every reason for which Countersign says no. Stable: programs may switch on it. */
export type RefusalCode =
  | "malformed"
  | "unsupported"
  | "too-large"
  | "bad-signature"
  | "bad-proof"
  | "mismatch"
  | "untrusted"
  | "unauthenticated"
  | "not-allowed"
  | "not-found"
  | "gone"
  | "beyond-tree"
  | "conflict"
  | "wrong-media-type"
  | "wrong-method"
  | "too-slow"
  | "rate-limited"
  | "misdirected"
  | "try-later"

/** Bad input or a wrong moment. The message says what was expected and what was found. */
export class Refusal extends Error {
  override readonly name = "Refusal"
  readonly code: RefusalCode
  constructor(code: RefusalCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/**
 * What went wrong outside of the program: `damaged` means that stored bytes contradict the tree, `search` that
 * only the search index is, which can be made again.
 */
export type TroubleCode = "damaged" | "disk" | "network" | "clock" | "busy" | "search"

/** Disk, network, clock or damaged data; made by the adapter that met it. */
export class Trouble extends Error {
  override readonly name = "Trouble"
  readonly code: TroubleCode
  constructor(code: TroubleCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** Throws a {@link Refusal}; an expression, so that it can end a `??` or a `?:`. */
export function refuse(code: RefusalCode, message: string, options?: ErrorOptions): never {
  throw new Refusal(code, message, options)
}

/** Refuses `too-large` for more than `most` of something. */
export function assertAtMost(most: number, found: number, what: string, unit: string): void {
  if (found > most) refuse("too-large", `${what}: expected up to ${most} ${unit}, found ${found}`)
}

/** What `work` gives; undefined if it refuses. Every other error is thrown on. */
export function unlessRefused<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch (error) {
    if (error instanceof Refusal) return undefined
    throw error
  }
}

/** Throws for a broken invariant of our own; nobody catches it, the process ends. */
export function bug(message: string): never {
  throw new Error(`bug: ${message}`)
}

/** Shortens untrusted text for an error message and makes control characters visible. */
export function shown(text: string, limit = 60): string {
  const cut = text.length > limit ? `${text.slice(0, limit)}…` : text
  return JSON.stringify(cut)
}
