// Verification of a ready-made digest by the OpenSSL inside the running Node process, called through
// koffi: `node:crypto` has no function for it. ECDSA and RSA PKCS#1 v1.5. Leaves out Ed25519ph, which
// OpenSSL 3.0 does not know, and everything that node:crypto does itself.
import koffi, { type KoffiFunc } from "koffi"
import { Trouble } from "../../core/base/errors.ts"
import { parseBase64 } from "../../core/base/text.ts"
import type { HashName } from "../../entry/algorithm.ts"

/** An address in OpenSSL's memory. */
type Pointer = bigint

/** A public key in OpenSSL's memory, with a prepared verification that serves one call at a time. */
export interface OpenSslKey {
  /** The digest must have the length of the key's hash: OpenSSL truncates a longer one. */
  verify(signature: Uint8Array, digest: Uint8Array): boolean
  /** To be called exactly once; nothing may be verified afterwards. */
  free(): void
}

/** Takes SPKI that `createPublicKey` has accepted. `hash` is the one of the key's algorithm. */
export type ImportKey = (spki: Uint8Array, isRsa: boolean, hash: HashName) => OpenSslKey

const RSA_PKCS1_PADDING = 1

type Verify = (
  context: Pointer,
  signature: Uint8Array,
  signatureLength: number,
  digest: Uint8Array,
  digestLength: number,
) => number

function bindFunctions(library: string | null) {
  const symbols = koffi.load(library)
  const bind = <T extends (...args: never[]) => unknown>(declaration: string) =>
    symbols.func(declaration) as KoffiFunc<T>
  return {
    readKey: bind<(out: null, from: [unknown], length: number) => Pointer | null>(
      "void *d2i_PUBKEY(void *, _Inout_ void **, long)",
    ),
    newContext: bind<(key: Pointer, engine: null) => Pointer | null>(
      "void *EVP_PKEY_CTX_new(void *, void *)",
    ),
    beginVerify: bind<(context: Pointer) => number>("int EVP_PKEY_verify_init(void *)"),
    setPadding: bind<(context: Pointer, padding: number) => number>(
      "int EVP_PKEY_CTX_set_rsa_padding(void *, int)",
    ),
    setHash: bind<(context: Pointer, hash: Pointer) => number>(
      "int EVP_PKEY_CTX_set_signature_md(void *, void *)",
    ),
    sha256: bind<() => Pointer>("void *EVP_sha256()")(),
    sha384: bind<() => Pointer>("void *EVP_sha384()")(),
    sha512: bind<() => Pointer>("void *EVP_sha512()")(),
    verify: bind<Verify>(
      "int EVP_PKEY_verify(void *, const uint8_t *, size_t, const uint8_t *, size_t)",
    ),
    clearErrors: bind<() => void>("void ERR_clear_error()"),
    freeContext: bind<(context: Pointer) => void>("void EVP_PKEY_CTX_free(void *)"),
    freeKey: bind<(key: Pointer) => void>("void EVP_PKEY_free(void *)"),
  }
}

type Functions = ReturnType<typeof bindFunctions>

function unusable(what: string, cause?: unknown): never {
  throw new Trouble("busy", `OpenSSL of this process: expected ${what}`, { cause })
}

function readKey(functions: Functions, spki: Uint8Array): Pointer {
  const copy: unknown = koffi.alloc("uint8_t", spki.length)
  try {
    koffi.encode(copy, "uint8_t", Array.from(spki), spki.length)
    // OpenSSL moves the pointer in the array forward, not `copy`.
    return functions.readKey(null, [copy], spki.length) || unusable("a key that it can import")
  } finally {
    koffi.free(copy)
  }
}

/** A context under which the key verifies. */
function newContext(functions: Functions, key: Pointer, isRsa: boolean, hash: HashName): Pointer {
  const context = functions.newContext(key, null) || unusable("a context for a key")
  const isReady =
    functions.beginVerify(context) === 1 &&
    (!isRsa ||
      (functions.setPadding(context, RSA_PKCS1_PADDING) === 1 &&
        functions.setHash(context, functions[hash]) === 1))
  if (isReady) return context
  functions.freeContext(context)
  return unusable("a context that can verify")
}

function damaged(bytes: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(bytes)
  const last = copy.length - 1
  copy[last] = (copy[last] as number) ^ 1
  return copy
}

const base64 = (text: string): Uint8Array => parseBase64(text, "known answer")

const knownDigest = base64("LHL0POEjhr3WsXGOEqZnl3uhGVyC0+tyigatEkBOwyQ=")

/**
 * Signatures with a known answer, made once over SHA-256 of "Countersign" by keys that are gone: ECDSA P-256 in
 * DER, then RSA-2048 PKCS#1 v1.5.
 */
const knownAnswers = [
  {
    isRsa: false,
    spki: base64(
      "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEr80JvFuoqgjt+Th3XW4l16Yf/akZYrL3Xrw50IGHgSCWN+CW+6cwwEuZzdYIfxarUujEANxfJkjgnd/BNaB3hg==",
    ),
    signature: base64(
      "MEUCIFg4cinFsDORH0iB90riiObO7OZcOmQLHqCROazZWANRAiEAr19McqO9aL1Al1ZIQYyu+Cyx4+REgpH6d/7WzHfV0xo=",
    ),
  },
  {
    isRsa: true,
    spki: base64(
      "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAxI7kVhn7HGNfarVf+KuIoCZwJebNId7bq4jOmXA/Q2hRyM5hGpuahI1tMGl0sCsbLuHQpgSRV6IRJ13qRtgzCD2tLo4Py4udwGHMkqUxGLfpriC3JVbcMwmwafc62OW4IqEsomdLMikzdF7SwsU0ClctsxxfOO0EePUUHHvlMZoManaZBSOAqLAV8+U0O5HhPhbv1syTbxWmaHYDko897w5rveqAdBFwnnjyg5cWm7lN8sCascaFTulOdTJJYteUyNDxaJ3tga870dJwB3ovlskjMCeElbKFmIOSLf6tFpWgRIUnwl9pnxDbn4CMngpXGVh+6bew5uF07JvzXxwviQIDAQAB",
    ),
    signature: base64(
      "G2go9h/LK8R2EmwM3Ru/43WicoQFDcRAXR6WvyIagdpgMXpms64Tax7imrEgwVciq18pVNc0jHLa89159CL0I3llEmzAkQ81OpdFe6WalEbZnn0fw78/IdaYZsqnlggBj2vbrDfmiSADImRsUcpV7uudK4xnGmILqx92tdp035hWDVmzFGAuOAPT6naFzlU1lYqjMYszGnDL1mnRgrBLkDgo/6w7jwaONNy0IGLxKL3lMJ7+hO1qLPjonqRrxaQZERb8TrheWZhrDKLvLCkyqzv/nbPFkuoh2/ujysLU2K57UATXw/Q242uS22ZbrCuZIGrpVF5ocLs7RtD8fzH4Ww==",
    ),
  },
]

/** A good signature, and twice a bad one, for each kind of key. */
function selfTest(importKey: ImportKey): void {
  for (const { spki, isRsa, signature } of knownAnswers) {
    const key = importKey(spki, isRsa, "sha256")
    const isRight =
      key.verify(signature, knownDigest) &&
      !key.verify(signature, damaged(knownDigest)) &&
      !key.verify(damaged(signature), knownDigest)
    key.free()
    if (!isRight) unusable("the known answers of its self-test")
  }
}

function openOpenSsl(library: string | null): ImportKey {
  const functions = bindFunctions(library)
  const importKey: ImportKey = (spki, isRsa, hash) => {
    const key = readKey(functions, spki)
    const context = newContext(functions, key, isRsa, hash)
    return {
      verify(signature, digest) {
        const { length } = signature
        // The answer is 1, 0 or, for DER that is not, negative.
        const holds = functions.verify(context, signature, length, digest, digest.length) === 1
        if (!holds) functions.clearErrors()
        return holds
      },
      free() {
        functions.freeContext(context)
        functions.freeKey(key)
      },
    }
  }
  selfTest(importKey)
  return importKey
}

/**
 * The functions of the running process, or of the library file that is named. Throws trouble if they are
 * not there or answer wrongly.
 */
export function loadOpenSsl(library: string | null): ImportKey {
  try {
    return openOpenSsl(library)
  } catch (cause) {
    if (cause instanceof Trouble) throw cause
    return unusable("its public functions to be exported", cause)
  }
}
