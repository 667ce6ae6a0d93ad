// What a monitor remembers beside its trees: small JSON texts by kind and key. Changes are gathered and
// become durable together, under the monitor's signature (state.ts).

/**
 * `policy`: the pinned policy file. `log`: a followed log, by origin. `gap`: an entry bundle that
 * could not be read in full and is asked for again. `head`: the newest head of a vantage point.
 * `witness`: the newest cosignature of a witness. `cosigned`: cosigned heads as time went by.
 * `pending-head`: a signed head that the tree does not reach yet. `suspicion`: what may heal.
 * `finding`, `evidence`: by their IDs. `alert`: what is still to be delivered. `claim`, `revocation`:
 * what entries said. `promise`: receipts that are still to be kept. `expectation`: what was shipped
 * and must appear. `canary`: the monitor's own test entries. `inbox`: heads posted by verifiers.
 */
export type DocumentKind =
  | "policy"
  | "log"
  | "gap"
  | "head"
  | "witness"
  | "cosigned"
  | "pending-head"
  | "suspicion"
  | "finding"
  | "evidence"
  | "alert"
  | "claim"
  | "revocation"
  | "promise"
  | "expectation"
  | "canary"
  | "inbox"

export interface DocumentReads {
  get(kind: DocumentKind, key: string): string | undefined
  /** Keys and values in the order of the keys. */
  list(kind: DocumentKind): readonly (readonly [key: string, value: string])[]
}

/** Reads see what was put before. Nothing is durable until the state is committed. */
export interface Documents extends DocumentReads {
  put(kind: DocumentKind, key: string, value: string): void
  remove(kind: DocumentKind, key: string): void
}
