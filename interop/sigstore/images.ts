// Images in a container registry: signed, attested and verified by either generation of cosign.
import type { Check } from "../running/check.ts"
import type { Room } from "../running/room.ts"
import type { Registry } from "../stand/registry.ts"
import { writeArtifact } from "../stand/signing.ts"
import { expectMatch } from "../stand/stand.ts"

export interface ImageOptions {
  /** How the operation begins. */
  readonly title: string
  /** Further words for signing and for verifying. */
  readonly sign: readonly string[]
  readonly verify: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

/** Puts an artifact into the registry and gives its name with the digest. */
export async function uploadImage(
  cosign: string,
  address: string,
  room: Room,
  artifact: string,
): Promise<string> {
  const name = `${address}/demo:${room.folder.slice(-6).toLowerCase()}-${artifact.length}`
  const { stdout } = await room.run([cosign, "upload", "blob", "-f", artifact, name])
  return expectMatch(stdout, /\S+@sha256:[0-9a-f]{64}/, "cosign upload")[0]
}

/** Signs one of two images, verifies it, and sees the other one refused. */
async function signImage(
  cosign: string,
  registry: Registry,
  room: Room,
  { sign, verify, env = {} }: ImageOptions,
): Promise<void> {
  await room.run([cosign, "generate-key-pair"])
  const name = await uploadImage(cosign, registry.address, room, writeArtifact(room))
  const other = await uploadImage(cosign, registry.address, room, writeArtifact(room, "other.txt"))
  await room.run([cosign, "sign", "--key", "cosign.key", "--yes", ...sign, name], env)
  const verification = [cosign, "verify", "--key", "cosign.pub", ...verify]
  await room.run([...verification, name], env)
  await room.refused([...verification, other], /no signatures found|no matching signatures/, env)
}

async function attestImage(
  cosign: string,
  registry: Registry,
  room: Room,
  { sign, verify, env = {} }: ImageOptions,
): Promise<void> {
  await room.run([cosign, "generate-key-pair"])
  const name = await uploadImage(cosign, registry.address, room, writeArtifact(room))
  const predicate = ["--predicate", room.write("predicate.json", '{"reviewed":true}\n')]
  const what = ["--type", "custom", name]
  const key = ["--key", "cosign.key", "--yes"]
  await room.run([cosign, "attest", ...key, ...sign, ...predicate, ...what], env)
  await room.run([cosign, "verify-attestation", "--key", "cosign.pub", ...verify, ...what], env)
}

/** Signing and attesting images in `registry`; without one they are left out. */
export function imageChecks(
  cosign: string,
  registry: Registry | undefined,
  options: ImageOptions,
): readonly Check[] {
  const operation = (what: string) => `${options.title}: image: ${what}`
  const signing = operation("sign, verify")
  const attesting = operation("attest, verify-attestation")
  if (registry === undefined) {
    const left = { run: () => Promise.resolve(), lack: "there is no container registry" }
    return [signing, attesting].map((it) => ({ operation: it, ...left }))
  }
  return [
    { operation: signing, run: (room) => signImage(cosign, registry, room, options) },
    { operation: attesting, run: (room) => attestImage(cosign, registry, room, options) },
  ]
}
