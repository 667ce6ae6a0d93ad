// Signatures with a known answer, made once over SHA-256 of "Countersign" by keys that are gone. The
// native engine must agree with them before it is used (openssl.ts).
import { parseBase64 } from "../../core/base/text.ts"

interface KnownAnswer {
  readonly isRsa: boolean
  readonly spki: Uint8Array
  readonly digest: Uint8Array
  readonly signature: Uint8Array
}

function base64(text: string): Uint8Array {
  return parseBase64(text, "known answer")
}

const digest = base64("LHL0POEjhr3WsXGOEqZnl3uhGVyC0+tyigatEkBOwyQ=")

/** ECDSA P-256 in DER, then RSA-2048 PKCS#1 v1.5. */
export const knownAnswers: readonly KnownAnswer[] = [
  {
    isRsa: false,
    digest,
    spki: base64(
      "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEr80JvFuoqgjt+Th3XW4l16Yf/akZYrL3Xrw50IGHgSCWN+CW+6cwwEuZzdYIfxarUujEANxfJkjgnd/BNaB3hg==",
    ),
    signature: base64(
      "MEUCIFg4cinFsDORH0iB90riiObO7OZcOmQLHqCROazZWANRAiEAr19McqO9aL1Al1ZIQYyu+Cyx4+REgpH6d/7WzHfV0xo=",
    ),
  },
  {
    isRsa: true,
    digest,
    spki: base64(
      "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAxI7kVhn7HGNfarVf+KuIoCZwJebNId7bq4jOmXA/Q2hRyM5hGpuahI1tMGl0sCsbLuHQpgSRV6IRJ13qRtgzCD2tLo4Py4udwGHMkqUxGLfpriC3JVbcMwmwafc62OW4IqEsomdLMikzdF7SwsU0ClctsxxfOO0EePUUHHvlMZoManaZBSOAqLAV8+U0O5HhPhbv1syTbxWmaHYDko897w5rveqAdBFwnnjyg5cWm7lN8sCascaFTulOdTJJYteUyNDxaJ3tga870dJwB3ovlskjMCeElbKFmIOSLf6tFpWgRIUnwl9pnxDbn4CMngpXGVh+6bew5uF07JvzXxwviQIDAQAB",
    ),
    signature: base64(
      "G2go9h/LK8R2EmwM3Ru/43WicoQFDcRAXR6WvyIagdpgMXpms64Tax7imrEgwVciq18pVNc0jHLa89159CL0I3llEmzAkQ81OpdFe6WalEbZnn0fw78/IdaYZsqnlggBj2vbrDfmiSADImRsUcpV7uudK4xnGmILqx92tdp035hWDVmzFGAuOAPT6naFzlU1lYqjMYszGnDL1mnRgrBLkDgo/6w7jwaONNy0IGLxKL3lMJ7+hO1qLPjonqRrxaQZERb8TrheWZhrDKLvLCkyqzv/nbPFkuoh2/ujysLU2K57UATXw/Q242uS22ZbrCuZIGrpVF5ocLs7RtD8fzH4Ww==",
    ),
  },
]
