// The Sigstore trusted root of this log, from its ECDSA verifier key and its configuration.

import { bug } from "../core/errors.ts"
import { parseVkey, type Vkey } from "../core/note.ts"
import type { Log } from "../log/log.ts"
import { formatTrustedRoot } from "../sigstore/trusted-root.ts"
import type { HttpConfig } from "./config.ts"

const ECDSA = 2

/** The key that Sigstore's clients know the log by. */
export function logKey(log: Pick<Log, "vkeys">): Vkey {
  const vkeys = log.vkeys.map(parseVkey)
  return vkeys.find(({ type }) => type === ECDSA) ?? bug("the log has no ECDSA key")
}

/** The JSON text; refuses `malformed` if no URL comes of `publicUrl` or the origin. */
export function trustedRoot(
  log: Pick<Log, "vkeys" | "origin">,
  { publicUrl, trustStart }: Pick<HttpConfig, "publicUrl" | "trustStart">,
): string {
  const baseUrl = publicUrl ?? `https://${log.origin}`
  const validFrom = new Date(trustStart)
  return formatTrustedRoot([{ baseUrl, spki: logKey(log).publicKey, validFrom }])
}
