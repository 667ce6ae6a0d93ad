// Published test vectors that lie beside the checkout. Tests that read them have cases of their own
// too, so a checkout without the folder still tests everything once.
import { existsSync, readFileSync } from "node:fs"

const folder = new URL("../../shared/vectors/", import.meta.url)

/** The parsed file, or undefined, with a message on the console, if it is not there. */
export function readVectors<T>(name: string): T | undefined {
  const file = new URL(name, folder)
  if (existsSync(file)) return JSON.parse(readFileSync(file, "utf8")) as T
  console.warn(`SKIPPED: no test vectors ${name} beside the checkout`)
  return undefined
}

export interface WycheproofTest {
  readonly tcId: number
  readonly msg: string
  readonly sig: string
  readonly result: "valid" | "invalid" | "acceptable"
}

export interface WycheproofGroup {
  readonly publicKey: {
    /** Ed25519, in hexadecimal. */
    readonly pk?: string
    /** RSA, in hexadecimal. */
    readonly modulus?: string
    readonly publicExponent?: string
  }
  readonly publicKeyDer: string
  readonly tests: readonly WycheproofTest[]
}

export interface Wycheproof {
  readonly testGroups: readonly WycheproofGroup[]
}
