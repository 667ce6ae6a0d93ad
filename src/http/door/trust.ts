// The files by which Sigstore's clients know this log, from its ECDSA verifier key and its configuration:
// the trusted root for verifiers, the signing config for signers.
import { bug } from "../../core/base/errors.ts"
import { parseVkey, type Vkey } from "../../core/note/note.ts"
import type { Log } from "../../log/ports/log.ts"
import { formatSigningConfig } from "../../sigstore/signing-config.ts"
import { formatTrustedRoot } from "../../sigstore/trusted-root.ts"
import type { HttpConfig } from "../serving/config.ts"

type TrustConfig = Pick<HttpConfig, "publicUrl" | "listeningUrl" | "trustStart">

const ECDSA = 2

/** The key that Sigstore's clients know the log by. */
export function logKey(log: Pick<Log, "vkeys">): Vkey {
  const vkeys = log.vkeys.map(parseVkey)
  return vkeys.find(({ type }) => type === ECDSA) ?? bug("the log has no ECDSA key")
}

/** What a request says in `Host` is never used: a stranger could then have others sent to any address. */
function baseUrlOf({ origin }: Pick<Log, "origin">, config: TrustConfig): string {
  return config.publicUrl ?? config.listeningUrl?.() ?? `https://${origin}`
}

/** The JSON text; refuses `malformed` if no URL comes of `publicUrl` or the origin. */
export function trustedRoot(log: Pick<Log, "vkeys" | "origin">, config: TrustConfig): string {
  const validFrom = new Date(config.trustStart)
  return formatTrustedRoot([
    { baseUrl: baseUrlOf(log, config), spki: logKey(log).publicKey, validFrom },
  ])
}

/** The JSON text, with both Rekor APIs; refuses as {@link trustedRoot} does. */
export function signingConfig(log: Pick<Log, "origin">, config: TrustConfig): string {
  return formatSigningConfig({
    url: baseUrlOf(log, config),
    operator: log.origin,
    validFrom: new Date(config.trustStart),
    versions: [2, 1],
  })
}
