// What scrypt (RFC 7914) may cost: a key file names its own price, and whoever writes it could make that a year and
// all of the memory.
import { refuse } from "../../core/base/errors.ts"

interface ScryptCost {
  readonly N: number
  readonly r: number
  readonly p: number
}

/** In bytes: twice what the costliest of cosign's settings needs (N = 131072, r = 8). */
const MOST_MEMORY = 256 * 1024 * 1024
/** N times r times p: four times that setting; some seconds. */
const MOST_WORK = 2 ** 22

/** What scrypt needs, with some room for the platform's own. */
export const SCRYPT_MEMORY = MOST_MEMORY + 32 * 1024 * 1024

/** Refuses `too-large`, or `malformed` for parameters that scrypt does not have. */
export function assertScrypt({ N, r, p }: ScryptCost): void {
  const isPower = N >= 2 && N <= Number.MAX_SAFE_INTEGER && Number.isInteger(Math.log2(N))
  const found = `N=${N}, r=${r}, p=${p}`
  if (128 * N * r > MOST_MEMORY || N * r * p > MOST_WORK) {
    const expected = "scrypt parameters up to 256 MiB and N·r·p up to 2^22"
    refuse("too-large", `private key: expected ${expected}, found ${found}`)
  }
  if (isPower && r >= 1 && p >= 1) return
  refuse(
    "malformed",
    `private key: expected scrypt with N a power of two, r and p from 1, found ${found}`,
  )
}
