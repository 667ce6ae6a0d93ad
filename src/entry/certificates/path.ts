// Paths from a leaf to the roots of a pool by names and key identifiers (RFC 5280 section 6.1, RFC 4158), before any
// signature is verified. Bounded whatever a chain holds: issuers that the operator named come first, so that what a
// signer sent along can hide no path without its certificates.
import type { AuthorityPool } from "./authority.ts"
import type { X509 } from "./x509.ts"

/** The leaf, intermediates, a root. */
export type Path = readonly [leaf: X509, ...authorities: X509[]]

/** Authorities on one path. */
const LONGEST_PATH = 6
/** Certificates that are tried on the way to all paths. */
const MOST_STEPS = 128
const MOST_PATHS = 8

interface Search {
  readonly pool: AuthorityPool
  readonly intermediates: readonly X509[]
  readonly paths: Path[]
  steps: number
}

function mayHaveIssued(issuer: X509, { issuer: name, issuerKeyId }: X509): boolean {
  if (issuer.subject !== name) return false
  return issuerKeyId === undefined || issuer.keyId === undefined || issuer.keyId === issuerKeyId
}

function isExhausted({ steps, paths }: Search): boolean {
  return steps >= MOST_STEPS || paths.length >= MOST_PATHS
}

function extend(search: Search, path: Path): void {
  const last = path.at(-1) as X509
  for (const root of search.pool.roots) {
    if (isExhausted(search)) return
    if (mayHaveIssued(root, last)) search.paths.push([...path, root])
  }
  if (path.length >= LONGEST_PATH) return
  for (const next of search.intermediates) {
    if (isExhausted(search)) return
    search.steps += 1
    // A certificate that is there already would make a circle.
    if (mayHaveIssued(next, last) && !path.includes(next)) extend(search, [...path, next])
  }
}

/** Up to 8 paths by name, the shortest ways over named intermediates first; `sent` came with the leaf. */
export function pathsByName(leaf: X509, sent: readonly X509[], pool: AuthorityPool) {
  const search = { pool, intermediates: [...pool.intermediates, ...sent], paths: [], steps: 0 }
  extend(search, [leaf])
  return { paths: search.paths as readonly Path[], isExhausted: isExhausted(search) }
}
