// cosign 3 on both Rekor APIs: blobs, attestations and images, in the bundle format that it has by default.
import type { Check } from "../running/check.ts"
import type { Room } from "../running/room.ts"
import { writeArtifact, writeKeyPair } from "../stand/signing.ts"
import { type ApiVersion, apiVersions, expectSame, type Stand } from "../stand/stand.ts"
import { entryOf, foreignReason, refuseWrongBundles } from "./damage.ts"
import { imageChecks } from "./images.ts"

const KEY = ["--key", "cosign.key", "--yes"]
const PUBLIC = ["--key", "cosign.pub"]

interface Cosign {
  readonly program: string
  readonly stand: Stand
}

function signBlob({ program, stand }: Cosign, config: string, artifact: string, bundle: string) {
  const trust = ["--trusted-root", stand.files.trustedRoot, "--signing-config", config]
  return [program, "sign-blob", ...KEY, ...trust, "--bundle", bundle, artifact]
}

function verifyBlob({ program, stand }: Cosign, artifact: string, bundle: string, root?: string) {
  const trust = ["--trusted-root", root ?? stand.files.trustedRoot]
  return [program, "verify-blob", ...PUBLIC, ...trust, "--bundle", bundle, artifact]
}

/** Gives the bundle. */
async function signAndVerify(cosign: Cosign, room: Room, config: string): Promise<string> {
  const artifact = writeArtifact(room)
  await room.run([cosign.program, "generate-key-pair"])
  await room.run(signBlob(cosign, config, artifact, "bundle.json"))
  await room.run(verifyBlob(cosign, artifact, "bundle.json"))
  return room.read("bundle.json")
}

/** Which API an entry came in by shows in the version of its kind. */
function expectVersion(bundle: string, version: ApiVersion): void {
  expectSame(entryOf(bundle).kindVersion?.version, `0.0.${version}`, "version of the entry")
}

async function attestAndVerify(
  { program, stand: { files } }: Cosign,
  room: Room,
  version: ApiVersion,
): Promise<void> {
  const trust = ["--trusted-root", files.trustedRoot]
  const config = ["--signing-config", files.signing[version]]
  const predicate = ["--predicate", room.write("predicate.json", '{"reviewed":true}\n')]
  const what = ["--bundle", "bundle.json", "--type", "custom", writeArtifact(room)]
  await room.run([program, "generate-key-pair"])
  await room.run([program, "attest-blob", ...KEY, ...config, ...trust, ...predicate, ...what])
  await room.run([program, "verify-blob-attestation", ...PUBLIC, ...trust, ...what])
}

/** An RSA key signs the same again: the log has the entry already. */
async function signTwice(cosign: Cosign, room: Room, config: string): Promise<void> {
  const artifact = writeArtifact(room)
  await writeKeyPair(room, "rsa", "cosign")
  await room.run([cosign.program, "import-key-pair", "--key", "cosign.pem", "-o", "cosign"])
  const indexes: string[] = []
  for (const bundle of ["first.json", "second.json"]) {
    await room.run(signBlob(cosign, config, artifact, bundle))
    await room.run(verifyBlob(cosign, artifact, bundle))
    indexes.push(entryOf(room.read(bundle)).logIndex)
  }
  expectSame(indexes[1], indexes[0], "index of the entry")
}

async function refuseWrong(cosign: Cosign, room: Room, version: ApiVersion): Promise<void> {
  const { files } = cosign.stand
  const [artifact, other] = [writeArtifact(room), writeArtifact(room, "other.txt")]
  await room.run([cosign.program, "generate-key-pair"])
  await room.run(signBlob(cosign, files.signing[version], other, "other.json"))
  await room.run(signBlob(cosign, files.signing[version], artifact, "good.json"))
  await room.run(verifyBlob(cosign, artifact, "good.json"))
  const verification = (bundle: string) => verifyBlob(cosign, artifact, bundle)
  await refuseWrongBundles(room, "good.json", "other.json", verification)
  await room.refused(verifyBlob(cosign, artifact, "good.json", files.foreignRoot), foreignReason)
}

/** Without a signing config and a trusted root, as in set-ups that came from cosign 2. */
async function useOldBundle({ program, stand }: Cosign, room: Room): Promise<void> {
  const artifact = writeArtifact(room)
  const old = ["--new-bundle-format=false", "--bundle", "old.json", artifact]
  const log = ["--use-signing-config=false", "--rekor-url", stand.log.url]
  await room.run([program, "generate-key-pair"])
  await room.run([program, "sign-blob", ...KEY, ...log, ...old])
  const logKey = { SIGSTORE_REKOR_PUBLIC_KEY: stand.files.logKey }
  await room.run([program, "verify-blob", ...PUBLIC, ...old], logKey)
}

function versionChecks(cosign: Cosign, version: ApiVersion): readonly Check[] {
  const { files, registry } = cosign.stand
  const config = files.signing[version]
  const title = `API v${version}`
  const trust = ["--trusted-root", files.trustedRoot]
  return [
    {
      operation: `${title}: sign-blob, verify-blob`,
      run: async (room) => expectVersion(await signAndVerify(cosign, room, config), version),
    },
    {
      operation: `${title}: sign-blob twice with an RSA key, verify-blob`,
      run: (room) => signTwice(cosign, room, config),
    },
    {
      operation: `${title}: attest-blob, verify-blob-attestation`,
      run: (room) => attestAndVerify(cosign, room, version),
    },
    ...imageChecks(cosign.program, registry, {
      title,
      sign: [...trust, "--signing-config", config],
      verify: trust,
    }),
    {
      operation: `${title}: refuses another's entry, proof, checkpoint, log key`,
      run: (room) => refuseWrong(cosign, room, version),
    },
  ]
}

/** Everything that cosign 3 is to do. */
export function cosign3Checks(program: string, stand: Stand): readonly Check[] {
  const cosign = { program, stand }
  return [
    ...apiVersions.flatMap((version) => versionChecks(cosign, version)),
    {
      operation: "both APIs in the log's signing config: takes v2",
      run: async (room) =>
        expectVersion(await signAndVerify(cosign, room, stand.files.signingBoth), 2),
    },
    {
      operation: "old bundle by --rekor-url: sign-blob, verify-blob",
      run: (room) => useOldBundle(cosign, room),
    },
  ]
}
