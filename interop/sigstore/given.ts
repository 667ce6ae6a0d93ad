// What cosign 3 verifies of this project's signers: files, statements and images that `countersign sign` has signed with
// cosign's key, and entries of its own of which `countersign fetch-bundle` has made the bundles anew.
import type { Check } from "../running/check.ts"
import type { Room } from "../running/room.ts"
import { countersign } from "../stand/served-log.ts"
import { writeArtifact } from "../stand/signing.ts"
import { expectSame, type Stand } from "../stand/stand.ts"
import { entryOf, foreignReason, refuseWrongBundles } from "./damage.ts"
import { uploadImage } from "./images.ts"
import { formWords, makeCosignKey, type SignedForm, sign, signTwo } from "./own-signer.ts"

interface Cosign {
  readonly program: string
  readonly stand: Stand
}

/** How cosign verifies a bundle of either form. */
const verbs: Readonly<Record<SignedForm, readonly string[]>> = {
  file: ["verify-blob"],
  statement: ["verify-blob-attestation", "--type", "custom"],
}

const othersArtifact =
  /failed to verify signature|digest.*match|no matching subject|does not match/i

async function verifyBundles({ program, stand: { files } }: Cosign, room: Room, form: SignedForm) {
  const verification = (bundle: string, root = files.trustedRoot, artifact = "artifact.txt") => {
    const trust = ["--key", "cosign.pub", "--trusted-root", root]
    return [program, ...verbs[form], ...trust, "--bundle", bundle, artifact]
  }
  await room.run(verification("good.json"))
  await room.refused(verification("good.json", files.trustedRoot, "other.txt"), othersArtifact)
  await refuseWrongBundles(room, "good.json", "other.json", verification)
  await room.refused(verification("good.json", files.foreignRoot), foreignReason)
}

async function giveSigned(cosign: Cosign, room: Room, form: SignedForm): Promise<void> {
  await makeCosignKey(cosign.program, room)
  await signTwo(cosign.stand, room, form, "hashedrekord")
  await verifyBundles(cosign, room, form)
}

const imageVerbs: Readonly<Record<SignedForm, readonly string[]>> = {
  file: ["verify"],
  statement: ["verify-attestation", "--type", "custom"],
}

/** Signs one of two images, or a statement about it, and puts the bundle beside it. */
async function giveImage(
  { program, stand }: Cosign,
  room: Room,
  form: SignedForm,
  registry: string,
) {
  const image = await uploadImage(program, registry, room, writeArtifact(room))
  const other = await uploadImage(program, registry, room, writeArtifact(room, "other.txt"))
  await makeCosignKey(program, room)
  await sign(stand, room, [...formWords(form), "--image", image, "--push"])
  const verification = (root: string, name: string) => {
    return [program, ...imageVerbs[form], "--key", "cosign.pub", "--trusted-root", root, name]
  }
  const { trustedRoot, foreignRoot } = stand.files
  await room.run(verification(trustedRoot, image))
  const own = ["--key", "cosign.pub", "--trusted-root", trustedRoot, "--image", image]
  await room.run([...countersign, "verify", ...own])
  await room.refused(
    verification(trustedRoot, other),
    /no (?:matching )?(?:signatures|attestations)/,
  )
  await room.refused(verification(foreignRoot, image), foreignReason)
}

/** By index and by digest. */
async function giveFetched({ program, stand }: Cosign, room: Room) {
  const { files, log } = stand
  const [artifact, other] = [writeArtifact(room), writeArtifact(room, "other.txt")]
  await room.run([program, "generate-key-pair"])
  const trust = ["--trusted-root", files.trustedRoot]
  const config = ["--yes", "--key", "cosign.key", ...trust, "--signing-config", files.signing[2]]
  for (const file of [other, artifact]) {
    await room.run([program, "sign-blob", ...config, "--bundle", `${file}.json`, file])
  }
  const { logIndex } = entryOf(room.read(`${artifact}.json`))
  const fetching = [...countersign, "fetch-bundle", "--log", log.url, ...trust]
  await room.run([...fetching, "--index", logIndex, "--out", "good.json"])
  const digest = await room.run(["sha256sum", other])
  const about = ["--digest", `sha256:${digest.stdout.slice(0, 64)}`, "--key", "cosign.pub"]
  await room.run([...fetching, ...about, "--out", "other.json"])
  expectSame(entryOf(room.read("good.json")).logIndex, logIndex, "index of the entry")
  await verifyBundles({ program, stand }, room, "file")
}

const forms = ["file", "statement"] as const

/** Everything that it verifies of others' making. */
export function cosign3Given(program: string, stand: Stand): readonly Check[] {
  const cosign = { program, stand }
  const { registry } = stand
  const lack = registry === undefined ? { lack: "there is no container registry" } : {}
  const address = registry?.address ?? ""
  return [
    ...forms.map((form) => ({
      operation: `bundles of countersign sign, ${form}: ${verbs[form][0]}`,
      run: (room: Room) => giveSigned(cosign, room, form),
    })),
    ...forms.map((form) => ({
      operation: `bundles of countersign sign, image, by --push: ${imageVerbs[form][0]}`,
      ...lack,
      run: (room: Room) => giveImage(cosign, room, form, address),
    })),
    {
      operation: "API v2: bundles of countersign fetch-bundle: verify-blob",
      run: (room: Room) => giveFetched(cosign, room),
    },
  ]
}
