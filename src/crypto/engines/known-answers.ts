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
      [
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEr80JvFuoqgjt+Th3XW4l16Yf/akZYrL3Xrw50IGHgSCWN+CW+6cw",
        "wEuZzdYIfxarUujEANxfJkjgnd/BNaB3hg==",
      ].join(""),
    ),
    signature: base64(
      [
        "MEUCIFg4cinFsDORH0iB90riiObO7OZcOmQLHqCROazZWANRAiEAr19McqO9aL1Al1ZIQYyu+Cyx4+REgpH6d/7W",
        "zHfV0xo=",
      ].join(""),
    ),
  },
  {
    isRsa: true,
    digest,
    spki: base64(
      [
        "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAxI7kVhn7HGNfarVf+KuIoCZwJebNId7bq4jOmXA/Q2hR",
        "yM5hGpuahI1tMGl0sCsbLuHQpgSRV6IRJ13qRtgzCD2tLo4Py4udwGHMkqUxGLfpriC3JVbcMwmwafc62OW4IqEs",
        "omdLMikzdF7SwsU0ClctsxxfOO0EePUUHHvlMZoManaZBSOAqLAV8+U0O5HhPhbv1syTbxWmaHYDko897w5rveqA",
        "dBFwnnjyg5cWm7lN8sCascaFTulOdTJJYteUyNDxaJ3tga870dJwB3ovlskjMCeElbKFmIOSLf6tFpWgRIUnwl9p",
        "nxDbn4CMngpXGVh+6bew5uF07JvzXxwviQIDAQAB",
      ].join(""),
    ),
    signature: base64(
      [
        "G2go9h/LK8R2EmwM3Ru/43WicoQFDcRAXR6WvyIagdpgMXpms64Tax7imrEgwVciq18pVNc0jHLa89159CL0I3ll",
        "EmzAkQ81OpdFe6WalEbZnn0fw78/IdaYZsqnlggBj2vbrDfmiSADImRsUcpV7uudK4xnGmILqx92tdp035hWDVmz",
        "FGAuOAPT6naFzlU1lYqjMYszGnDL1mnRgrBLkDgo/6w7jwaONNy0IGLxKL3lMJ7+hO1qLPjonqRrxaQZERb8Trhe",
        "WZhrDKLvLCkyqzv/nbPFkuoh2/ujysLU2K57UATXw/Q242uS22ZbrCuZIGrpVF5ocLs7RtD8fzH4Ww==",
      ].join(""),
    ),
  },
]
