// A private key in a PKCS#11 token as a handle: the token in a thread of its own, its answers bounded in time and not
// trusted.
import { createPublicKey } from "node:crypto"
import { Piscina } from "piscina"
import { Refusal, Trouble } from "../../core/base/errors.ts"
import { workerFile } from "../engines/worker-file.ts"
import { createVerifiedHandle, type KeyHandle } from "./handle.ts"
import { parsePkcs11Uri } from "./pkcs11-uri.ts"
import type { FromToken, TokenPublicKey } from "./pkcs11-worker.ts"

const SIGNING_MS = 2_000
/** Some tokens take seconds to start. */
const OPENING_MS = 20_000
const MOST_WAITING = 256

const describing = { name: "describeKey" } as const
const signing = { name: "signWithToken" } as const

function given<T>(answer: FromToken<T>): T {
  if ("value" in answer) return answer.value
  if ("trouble" in answer) throw new Trouble("busy", answer.trouble)
  throw new Refusal(answer.refused, answer.message)
}

/** Asks the thread; after an answer that did not come in time nothing more, until it has come. */
function createAsking(thread: Piscina) {
  let isStuck = false
  return async <T>(
    what: typeof describing | typeof signing,
    question: unknown,
    timeout: number,
  ): Promise<T> => {
    const late = `no answer within ${timeout} ms`
    if (isStuck) throw new Trouble("busy", "the PKCS#11 token still has not answered")
    const answer: Promise<FromToken<T>> = thread.run(question, what)
    let timer: NodeJS.Timeout | undefined
    const expiry = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        isStuck = true
        const settled = () => {
          isStuck = false
        }
        answer.then(settled, settled)
        reject(new Trouble("busy", `the PKCS#11 token: ${late}`))
      }, timeout)
    })
    try {
      return given(await Promise.race([answer, expiry]))
    } catch (cause) {
      if (cause instanceof Refusal || cause instanceof Trouble) throw cause
      throw new Trouble("busy", "the thread of the PKCS#11 token cannot sign", { cause })
    } finally {
      clearTimeout(timer)
    }
  }
}

/**
 * Opens the key of a `pkcs11:` URI. Refuses `malformed`, `unsupported` without the package pkcs11js, `not-found`,
 * `conflict`, and `untrusted` for a PIN that others can read; throws trouble ("busy") without the token.
 */
export async function openPkcs11Key(uri: string): Promise<KeyHandle> {
  const workerData = parsePkcs11Uri(uri)
  const thread = new Piscina({
    filename: workerFile("keys/pkcs11-worker"),
    ...{ minThreads: 1, maxThreads: 1, maxQueue: MOST_WAITING, workerData },
  })
  const ask = createAsking(thread)
  try {
    const { algorithm, spki } = await ask<TokenPublicKey>(describing, undefined, OPENING_MS)
    const publicKey = createPublicKey({ key: Buffer.from(spki), format: "der", type: "spki" })
    return createVerifiedHandle({
      ...{ algorithm, publicKey, spki: new Uint8Array(spki), where: "the PKCS#11 token" },
      sign: (message) => ask<Uint8Array>(signing, message, SIGNING_MS),
      close: () => thread.destroy(),
    })
  } catch (reason) {
    await thread.destroy()
    throw reason
  }
}
