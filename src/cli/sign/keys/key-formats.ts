// Private keys as signers keep them: PEM (PKCS#8, SEC 1, PKCS#1, also encrypted), cosign's own encrypted keys, and
// OpenSSH's. Which of them a text is follows from the label of its PEM block. Leaves out keys in hardware and in
// services.
import type { KeyObject } from "node:crypto"
import { refuse } from "../../../core/base/errors.ts"
import { openCosignKey } from "./cosign-key.ts"
import { bytesOf, type KeySource, keyBlockOf } from "./key-block.ts"
import { openOpensshKey } from "./openssh-key.ts"
import { openPem } from "./pem-key.ts"

/** Refuses as `readPrivateKey` does. */
export function openKey({ text, passphrase, path = "the private key" }: KeySource): KeyObject {
  const block = keyBlockOf(text)
  const { label, pem, isEncrypted } = block
  if (isEncrypted && passphrase === undefined) {
    const how = "give the right passphrase with --passphrase-file FILE or in COSIGN_PASSWORD"
    refuse("untrusted", `private key ${path} is encrypted: ${how}`)
  }
  switch (label) {
    case "ENCRYPTED SIGSTORE PRIVATE KEY":
    case "ENCRYPTED COSIGN PRIVATE KEY":
      return openCosignKey(bytesOf(block), passphrase ?? "")
    case "OPENSSH PRIVATE KEY":
      return openOpensshKey(bytesOf(block), path)
    case "ENCRYPTED PRIVATE KEY":
      return openPem(pem, passphrase, bytesOf(block))
    case "PRIVATE KEY":
    case "EC PRIVATE KEY":
    case "RSA PRIVATE KEY":
      return openPem(pem, isEncrypted ? passphrase : undefined)
    default:
      return refuse(
        "unsupported",
        `private key: expected PKCS#8, SEC 1, PKCS#1, cosign's or OpenSSH's, found ${label}`,
      )
  }
}
