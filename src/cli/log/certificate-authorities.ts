// `--certificate-authorities` of `countersign serve`: who must have issued the certificates of submissions, read from
// its file, and a log in front of which that is asked at every door.
import { createHash } from "node:crypto"
import { LONGEST_TRUSTED_ROOT } from "../../core/base/limits.ts"
import { createCertificateAdmission } from "../../entry/certificates/admission.ts"
import type { AuthoritySet } from "../../entry/certificates/authority.ts"
import type { SignatureVerifier } from "../../entry/entry.ts"
import type { Log } from "../../log/ports/log.ts"
import { readAuthorities } from "../../sigstore/certificate-authorities.ts"
import { readText } from "../command/file.ts"

/** Undefined without a file; refuses as `readAuthorities` does. */
export async function readLogAuthorities(
  file: string | undefined,
): Promise<AuthoritySet | undefined> {
  if (file === undefined) return undefined
  const what = "certificate authorities"
  return readAuthorities(file, await readText(file, what, LONGEST_TRUSTED_ROOT), `${what} ${file}`)
}

/** The log that takes certificates of these authorities only; the same one without any. */
export function withAuthorities(
  log: Log,
  authorities: AuthoritySet | undefined,
  { verify }: SignatureVerifier,
): Log {
  if (authorities === undefined) return log
  const admit = createCertificateAdmission({
    authorities: [authorities],
    verify,
    now: Date.now,
    sha256: (bytes) => createHash("sha256").update(bytes).digest(),
  })
  return {
    ...log,
    add(proposal, attach) {
      const admitted = admit(proposal.keys)
      return admitted === undefined
        ? log.add(proposal, attach)
        : admitted.then(() => log.add(proposal, attach))
    },
  }
}
