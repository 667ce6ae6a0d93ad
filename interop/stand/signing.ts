// Keys, certificates and signatures as files in a room, by openssl's command line: what a signer has who
// does not use Sigstore's own tools.
import type { Room } from "../running/room.ts"

/** The names of the files of a signed artifact. */
export interface SignedFile {
  readonly artifact: string
  readonly signature: string
  readonly publicKey: string
}

/** Writes content that no other room has, and gives the file's name. */
export function writeArtifact(room: Room, name = "artifact.txt"): string {
  room.write(name, `${name} in ${room.folder}\n`)
  return name
}

export type KeyKind = "p256" | "rsa"

const generation: Readonly<Record<KeyKind, readonly string[]>> = {
  p256: ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
  rsa: ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
}

/** Writes NAME.pem and NAME.pub. */
export async function writeKeyPair(room: Room, kind: KeyKind, name = "signer"): Promise<void> {
  const secret = `${name}.pem`
  await room.run(["openssl", "genpkey", ...generation[kind], "-out", secret])
  await room.run(["openssl", "pkey", "-in", secret, "-pubout", "-out", `${name}.pub`])
}

/** Signs a new artifact with a new key, signer.pem. */
export async function signFile(room: Room): Promise<SignedFile> {
  await writeKeyPair(room, "p256")
  const artifact = writeArtifact(room)
  const words = ["openssl", "dgst", "-sha256", "-sign", "signer.pem", "-out", "artifact.sig"]
  await room.run([...words, artifact])
  return { artifact, signature: "artifact.sig", publicKey: "signer.pub" }
}

export interface CertificateOptions {
  readonly name: string
  /** The name of another certificate; without it NAME.crt is signed by its own key. */
  readonly issuer?: string
  /** As openssl writes them. */
  readonly extensions: readonly string[]
}

/** Writes NAME.crt for NAME.pem, which is made if it is not there. */
export async function writeCertificate(
  room: Room,
  { name, issuer = name, extensions }: CertificateOptions,
): Promise<void> {
  if (!room.has(`${name}.pem`)) await writeKeyPair(room, "p256", name)
  const files = ["-key", `${name}.pem`, "-out", `${name}.csr`, "-subj", `/O=interop/CN=${name}`]
  await room.run(["openssl", "req", "-new", ...files])
  const own = ["-signkey", `${name}.pem`]
  const others = ["-CA", `${issuer}.crt`, "-CAkey", `${issuer}.pem`, "-CAcreateserial"]
  room.write(`${name}.ext`, `${extensions.join("\n")}\n`)
  const words = ["-in", `${name}.csr`, "-extfile", `${name}.ext`, "-days", "2"]
  const by = issuer === name ? own : others
  await room.run(["openssl", "x509", "-req", ...words, ...by, "-out", `${name}.crt`])
}
