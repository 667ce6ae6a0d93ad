// What clients are configured with that sign by an identity: the log, the certificate authority with its log, and the
// timestamp authority, in the forms of either generation.
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { Fulcio, TrustedAuthorities } from "./fulcio.ts"
import { ISSUER } from "./identity.ts"
import type { ApiVersion } from "./stand.ts"
import { TIMESTAMP_PATH, type TimestampAuthority } from "./timestamp-authority.ts"
import type { TrustFiles } from "./trust-files.ts"

export interface KeylessFiles {
  /** With everything in it. */
  readonly trustedRoot: string
  /** The same with the authorities of another stand, under which nothing of this one may hold. */
  readonly foreignRoot: string
  /** Signing configs with one Rekor API each. */
  readonly signing: Readonly<Record<ApiVersion, string>>
  /** The environment of clients that do not read trusted roots. */
  readonly env: Readonly<Record<string, string>>
}

const ALWAYS = { start: "2020-01-01T00:00:00Z" }

function readJson(path: string): object {
  return JSON.parse(readFileSync(path, "utf8")) as object
}

function pem(label: string, base64: string): string {
  const lines = base64.replaceAll(/.{64}/g, "$&\n").trimEnd()
  return `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`
}

function service(url: string) {
  return { url, majorApiVersion: 1, validFor: ALWAYS, operator: "interop" }
}

/** The authority's part of a trusted root, with the logs of `files` and the timestamps of the stand. */
function rootOf(
  { authority }: Pick<Fulcio, "authority">,
  logsOf: string,
  timestamps: TimestampAuthority,
): object {
  const { tlogs } = readJson(logsOf) as { readonly tlogs: readonly object[] }
  const root = JSON.parse(authority.trustedRoot(tlogs)) as object
  return { ...root, timestampAuthorities: [timestamps.trusted] }
}

/** Writes all of them into `folder`; `foreign` is another authority. */
export function writeKeylessFiles(
  fulcio: Fulcio,
  foreign: Pick<Fulcio, "authority">,
  timestamps: TimestampAuthority,
  files: TrustFiles,
  folder: string,
): KeylessFiles {
  const write = (name: string, text: string) => {
    const path = join(folder, name)
    writeFileSync(path, text)
    return path
  }
  const root = rootOf(fulcio, files.trustedRoot, timestamps) as TrustedAuthorities
  const certificates = root.certificateAuthorities.flatMap(({ certChain }) =>
    certChain.certificates.map(({ rawBytes }) => pem("CERTIFICATE", rawBytes)),
  )
  const [{ publicKey }] = root.ctlogs as [TrustedAuthorities["ctlogs"][number]]
  const signing = (version: ApiVersion) =>
    write(
      `keyless-signing-${version}.json`,
      JSON.stringify({
        ...readJson(files.signing[version]),
        caUrls: [service(fulcio.url)],
        oidcUrls: [service(ISSUER)],
        tsaUrls: [service(timestamps.url + TIMESTAMP_PATH)],
        tsaConfig: { selector: "ANY" },
      }),
    )
  const foreignRoot = rootOf(foreign, files.trustedRoot, timestamps)
  return {
    trustedRoot: write("keyless-root.json", JSON.stringify(root)),
    foreignRoot: write("keyless-foreign.json", JSON.stringify(foreignRoot)),
    signing: { 1: signing(1), 2: signing(2) },
    env: {
      SIGSTORE_ROOT_FILE: write("authority.pem", certificates.join("")),
      SIGSTORE_CT_LOG_PUBLIC_KEY_FILE: write("ct.pem", pem("PUBLIC KEY", publicKey.rawBytes)),
      SIGSTORE_REKOR_PUBLIC_KEY: files.logKey,
    },
  }
}
