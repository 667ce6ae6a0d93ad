// Certificates as operators have them: made by the openssl command for one test, in files that servers are given.
import { execFileSync } from "node:child_process"
import { renameSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { newFolder } from "../../storage/folder.ts"

export interface Issued {
  readonly certificate: string
  readonly key: string
}

export interface Wanted {
  /** DNS names and addresses, as subjectAltName has them. */
  readonly names?: string
  readonly days?: number
  /** Encrypts the key. */
  readonly passphrase?: string
}

export interface TestAuthority {
  /** The file with its certificate. */
  readonly file: string
  issue(name: string, wanted?: Wanted): Issued
}

const openssl = (...words: readonly string[]): void => {
  execFileSync("openssl", words, { stdio: "pipe" })
}

/** An authority of its own for a test; its files are removed with the test. */
export function newAuthority(): TestAuthority {
  const folder = newFolder()
  const at = (name: string): string => join(folder, name)
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
  openssl(
    ...["req", "-x509", ...curve, "-keyout", at("ca.key"), "-out", at("ca.pem"), "-days", "30"],
    ...["-subj", "/CN=Test authority"],
  )
  return {
    file: at("ca.pem"),
    issue(name, { names = "IP:127.0.0.1,DNS:log.example", days = 30, passphrase } = {}) {
      const [request, certificate, key] = [at(`${name}.csr`), at(`${name}.pem`), at(`${name}.key`)]
      openssl("req", "-new", ...curve, "-keyout", key, "-out", request, "-subj", `/CN=${name}`)
      writeFileSync(at("extensions"), `subjectAltName=${names}\n`)
      openssl(
        ...["x509", "-req", "-in", request, "-CA", at("ca.pem"), "-CAkey", at("ca.key")],
        ...["-CAcreateserial", "-days", String(days), "-extfile", at("extensions")],
        ...["-out", certificate],
      )
      if (passphrase !== undefined) {
        const sealed = at(`${name}.sealed`)
        openssl("pkcs8", "-topk8", "-in", key, "-out", sealed, "-passout", `pass:${passphrase}`)
        renameSync(sealed, key)
      }
      execFileSync("chmod", ["600", key])
      return { certificate, key }
    },
  }
}
