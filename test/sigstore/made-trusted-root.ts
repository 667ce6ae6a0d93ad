// A trusted root of Sigstore, as JSON, with the certificate authorities of a test.
import { base64 } from "../entry/signers.ts"

export interface MadeAuthority {
  /** The issuer of the leaves first, the root last. */
  readonly certificates: readonly Uint8Array[]
  readonly validFor?: { readonly start?: string; readonly end?: string }
}

export function trustedRootOf(authorities: readonly MadeAuthority[]): string {
  return JSON.stringify({
    mediaType: "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
    tlogs: [],
    certificateAuthorities: authorities.map(({ certificates, validFor }) => ({
      subject: { organization: "example", commonName: "example" },
      uri: "https://fulcio.example",
      certChain: { certificates: certificates.map((der) => ({ rawBytes: base64(der) })) },
      validFor: validFor ?? { start: "2020-01-01T00:00:00.000Z" },
    })),
    ctlogs: [],
    timestampAuthorities: [],
  })
}
