// The options of servers that speak TLS themselves.
import { refuse } from "../../core/base/errors.ts"
import { flag, option, type TypedOption, type ValuesOf } from "../command/options.ts"
import type { TlsFiles } from "./tls-pair.ts"

const requiredOption: TypedOption<{ readonly requireClientCertificate?: boolean }> = flag(
  "require-client-certificate",
  "turn away who shows no certificate of --tls-client-ca",
)

export const tlsOptions = [
  option("--tls-certificate <file>", "speak TLS: PEM certificate, and its intermediates behind it"),
  option("--tls-key <file>", "PEM private key of --tls-certificate"),
  option("--tls-client-ca <file>", "ask clients for certificates of these authorities (PEM)"),
  requiredOption,
] as const

export type TlsOptionValues = ValuesOf<typeof tlsOptions>

/** What the options name; undefined if the server speaks no TLS. Refuses `malformed` for options that lack another. */
export function tlsFilesOf(options: TlsOptionValues): TlsFiles | undefined {
  const { tlsCertificate: certificate, tlsKey: key, tlsClientCa: clientCa } = options
  const isRequired = options.requireClientCertificate === true
  if (isRequired && clientCa === undefined) {
    return refuse(
      "malformed",
      "--require-client-certificate: name the authorities with --tls-client-ca",
    )
  }
  if (certificate !== undefined && key !== undefined)
    return { certificate, key, clientCa, isRequired }
  if (certificate === undefined && key === undefined && clientCa === undefined) return undefined
  return refuse("malformed", "to speak TLS give both --tls-certificate and --tls-key")
}
