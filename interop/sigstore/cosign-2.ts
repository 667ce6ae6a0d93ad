// cosign 2 on the Rekor API v1: blobs in the old bundle format and the new one, verified with and without
// the log, and images.

import type { Check } from "../running/check.ts"
import type { Room } from "../running/room.ts"
import { writeArtifact } from "../stand/signing.ts"
import type { Stand } from "../stand/stand.ts"
import { flipped } from "./bytes.ts"
import { foreignReason, refuseWrongBundles } from "./damage.ts"
import { imageChecks } from "./images.ts"

const KEY = ["--key", "cosign.key", "--yes"]
const PUBLIC = ["--key", "cosign.pub"]

interface Cosign {
  readonly program: string
  readonly stand: Stand
}

/** The old format: the log's answer beside the signature, without a proof. */
interface OldBundle {
  readonly rekorBundle: { readonly SignedEntryTimestamp: string }
}

function logKey({ stand }: Cosign) {
  return { SIGSTORE_REKOR_PUBLIC_KEY: stand.files.logKey }
}

function signBlob({ program, stand }: Cosign, artifact: string, ...words: readonly string[]) {
  return [program, "sign-blob", ...KEY, "--rekor-url", stand.log.url, ...words, artifact]
}

function verifyBlob({ program }: Cosign, artifact: string, ...words: readonly string[]) {
  return [program, "verify-blob", ...PUBLIC, ...words, artifact]
}

async function useOldBundle(cosign: Cosign, room: Room): Promise<void> {
  const artifact = writeArtifact(room)
  await room.run([cosign.program, "generate-key-pair"])
  const output = ["--bundle", "bundle.json", "--output-signature", "signature"]
  await room.run(signBlob(cosign, artifact, ...output))
  const bundle = ["--bundle", "bundle.json"]
  await room.run(verifyBlob(cosign, artifact, ...bundle), logKey(cosign))
  await room.run(verifyBlob(cosign, artifact, ...bundle, "--offline"), logKey(cosign))
}

/** Without a bundle the log is asked for the entry. */
async function verifyOnline(cosign: Cosign, room: Room): Promise<void> {
  const artifact = writeArtifact(room)
  await room.run([cosign.program, "generate-key-pair"])
  await room.run(signBlob(cosign, artifact, "--output-signature", "signature"))
  const log = ["--rekor-url", cosign.stand.log.url, "--signature", "signature"]
  await room.run(verifyBlob(cosign, artifact, ...log), logKey(cosign))
  const other = writeArtifact(room, "other.txt")
  await room.refused(
    verifyBlob(cosign, other, ...log),
    /not found in transparency log/,
    logKey(cosign),
  )
}

const NEW_FORMAT = "--new-bundle-format"

async function useNewBundle(cosign: Cosign, room: Room): Promise<void> {
  const artifact = writeArtifact(room)
  await room.run([cosign.program, "generate-key-pair"])
  await room.run(signBlob(cosign, artifact, NEW_FORMAT, "--bundle", "bundle.json"))
  const trust = [NEW_FORMAT, "--trusted-root", cosign.stand.files.trustedRoot]
  await room.run(verifyBlob(cosign, artifact, ...trust, "--bundle", "bundle.json"))
}

async function refuseOld(cosign: Cosign, room: Room): Promise<void> {
  const [artifact, other] = [writeArtifact(room), writeArtifact(room, "other.txt")]
  await room.run([cosign.program, "generate-key-pair"])
  await room.run(signBlob(cosign, artifact, "--bundle", "good.json"))
  await room.run(signBlob(cosign, other, "--bundle", "other.json"))
  const good = JSON.parse(room.read("good.json")) as OldBundle
  const { rekorBundle } = JSON.parse(room.read("other.json")) as OldBundle
  const promise = {
    ...good.rekorBundle,
    SignedEntryTimestamp: flipped(good.rekorBundle.SignedEntryTimestamp),
  }
  const verification = (bundle: string) =>
    verifyBlob(cosign, artifact, "--offline", "--bundle", bundle)
  await room.run(verification("good.json"), logKey(cosign))
  const wrong: readonly (readonly [entry: object, reason: RegExp])[] = [
    [rekorBundle, /does not match signature being verified/],
    [promise, /unable to verify SET/],
  ]
  for (const [entry, reason] of wrong) {
    const file = room.write("wrong.json", JSON.stringify({ ...good, rekorBundle: entry }))
    await room.refused(verification(file), reason, logKey(cosign))
  }
  const foreign = { SIGSTORE_REKOR_PUBLIC_KEY: cosign.stand.files.foreignKey }
  await room.refused(verification("good.json"), /log public key not found/, foreign)
}

async function refuseNew(cosign: Cosign, room: Room): Promise<void> {
  const { files } = cosign.stand
  const [artifact, other] = [writeArtifact(room), writeArtifact(room, "other.txt")]
  await room.run([cosign.program, "generate-key-pair"])
  await room.run(signBlob(cosign, other, NEW_FORMAT, "--bundle", "other.json"))
  await room.run(signBlob(cosign, artifact, NEW_FORMAT, "--bundle", "good.json"))
  const verification = (bundle: string, root = files.trustedRoot) =>
    verifyBlob(cosign, artifact, NEW_FORMAT, "--trusted-root", root, "--bundle", bundle)
  await room.run(verification("good.json"))
  await refuseWrongBundles(room, "good.json", "other.json", verification)
  await room.refused(verification("good.json", files.foreignRoot), foreignReason)
}

/** Everything that cosign 2 is to do. */
export function cosign2Checks(program: string, stand: Stand): readonly Check[] {
  const cosign = { program, stand }
  return [
    {
      operation: "old bundle: sign-blob, verify-blob, --offline",
      run: (room) => useOldBundle(cosign, room),
    },
    { operation: "no bundle: sign-blob, verify-blob", run: (room) => verifyOnline(cosign, room) },
    {
      operation: "new bundle: sign-blob, verify-blob",
      run: (room) => useNewBundle(cosign, room),
    },
    ...imageChecks(program, stand.registry, {
      title: "API v1",
      sign: ["--rekor-url", stand.log.url],
      verify: ["--rekor-url", stand.log.url],
      env: logKey(cosign),
    }),
    {
      operation: "old bundle: refuses another's entry, promise, log key",
      run: (room) => refuseOld(cosign, room),
    },
    {
      operation: "new bundle: refuses another's entry, proof, checkpoint, log key",
      run: (room) => refuseNew(cosign, room),
    },
  ]
}
