// Sigstore's signing config (protobuf-specs, sigstore_trustroot.proto, JSON form, version 0.2): the file
// that tells signing clients which logs to write to. Writes one log; certificate authorities and
// timestamp authorities are left out, since signers here have keys of their own.
import { refuse, shown } from "../core/base/errors.ts"

/** Which Rekor API a client is to speak. */
export type RekorVersion = 1 | 2

/** What a signing config says of one log. */
interface WrittenLog {
  /** The base URL, before `/api/v1` or `/api/v2`. */
  readonly url: string
  /** Who runs it: a client writes to one log of each operator. */
  readonly operator: string
  /** From when clients may write to it. */
  readonly validFrom: Date
  /** Clients take the highest that they know. */
  readonly versions: readonly RekorVersion[]
}

const MEDIA_TYPE = "application/vnd.dev.sigstore.signingconfig.v0.2+json"

/** The JSON text, indented, with a final newline. Refuses `malformed` for what is no URL. */
export function formatSigningConfig({ url, operator, validFrom, versions }: WrittenLog): string {
  if (!URL.canParse(url)) refuse("malformed", `url: expected a URL, found ${shown(url)}`)
  const config = {
    mediaType: MEDIA_TYPE,
    rekorTlogUrls: versions.map((majorApiVersion) => ({
      url,
      majorApiVersion,
      validFor: { start: validFrom.toISOString() },
      operator,
    })),
    rekorTlogConfig: { selector: "ANY" },
    tsaConfig: {},
  }
  return `${JSON.stringify(config, null, 2)}\n`
}
