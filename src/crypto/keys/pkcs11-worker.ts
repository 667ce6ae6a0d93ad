// What runs in the thread of a key in a PKCS#11 token (pkcs11-key.ts): a token's library blocks whoever calls it. The
// PIN is read here and goes nowhere else.
import { workerData } from "node:worker_threads"
import { Refusal, type RefusalCode, Trouble } from "../../core/base/errors.ts"
import type { KeyAlgorithm } from "./handle.ts"
import { openTokenKey } from "./pkcs11-token.ts"
import type { Pkcs11Uri } from "./pkcs11-uri.ts"

/** An answer, since an error loses its kind on the way between threads. */
export type FromToken<T> =
  | { readonly value: T }
  | { readonly refused: RefusalCode; readonly message: string }
  | { readonly trouble: string }

export interface TokenPublicKey {
  readonly algorithm: KeyAlgorithm
  readonly spki: Uint8Array
}

const opening = openTokenKey(workerData as Pkcs11Uri)
// Each question says it again.
opening.catch(() => {})

async function answered<T>(work: () => Promise<T>): Promise<FromToken<T>> {
  try {
    return { value: await work() }
  } catch (reason) {
    if (reason instanceof Refusal) return { refused: reason.code, message: reason.message }
    if (reason instanceof Trouble) return { trouble: reason.message }
    throw reason
  }
}

export async function describeKey(): Promise<FromToken<TokenPublicKey>> {
  return await answered(async () => {
    const { algorithm, spki } = await opening
    return { algorithm, spki }
  })
}

export async function signWithToken(message: Uint8Array): Promise<FromToken<Uint8Array>> {
  return await answered(async () => (await opening).sign(message))
}
