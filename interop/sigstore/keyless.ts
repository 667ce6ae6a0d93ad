// Both generations of cosign by an identity instead of a key: certificate, its promise, the log's entry and timestamp.
// Each client verifies what it has made, and so does `countersign verify`.
import type { Check } from "../running/check.ts"
import type { Room } from "../running/room.ts"
import { IDENTITY, ISSUER } from "../stand/identity.ts"
import { writeArtifact } from "../stand/signing.ts"
import { type ApiVersion, apiVersions, type Stand } from "../stand/stand.ts"
import { uploadImage } from "./images.ts"
import { keyless, takeBundle, takeImage, takeOldBundle } from "./own-verifier.ts"

const WHOM = ["--certificate-identity", IDENTITY, "--certificate-oidc-issuer", ISSUER]
const OTHER = ["--certificate-identity", "other@example.org", "--certificate-oidc-issuer", ISSUER]

/** How one client signs and verifies in one way. */
interface Way {
  readonly title: string
  readonly sign: readonly string[]
  readonly verify: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Only for blobs. */
  readonly blob?: readonly string[]
  readonly isOld?: boolean
}

interface Signing {
  readonly program: string
  readonly stand: Stand
  readonly way: Way
}

const othersIdentity = /none of the expected identities matched|no matching|expected identities/

/** The token is in a file: on its command line cosign knows only those that were signed with RSA. */
function identity({ fulcio }: Stand, room: Room): readonly string[] {
  return ["--yes", "--identity-token", room.write("token", fulcio.issuer.token())]
}

async function signBlob({ program, stand, way }: Signing, room: Room, name: string) {
  const artifact = writeArtifact(room, `${name}.txt`)
  const out = [...(way.blob ?? []), "--bundle", `${name}.json`, artifact]
  await room.run([program, "sign-blob", ...identity(stand, room), ...way.sign, ...out], way.env)
  return artifact
}

async function useBlobs(signing: Signing, room: Room): Promise<void> {
  const { program, stand, way } = signing
  const artifact = await signBlob(signing, room, "good")
  await signBlob(signing, room, "other")
  const verify = (whom: readonly string[]) => {
    const what = [...(way.blob ?? []), "--bundle", "good.json", artifact]
    return [program, "verify-blob", ...whom, ...way.verify, ...what]
  }
  await room.run(verify(WHOM), way.env)
  await room.refused(verify(OTHER), othersIdentity, way.env)
  const { trustedRoot, foreignRoot } = stand.keyless
  const take = way.isOld === true ? takeOldBundle : takeBundle
  await take(room, keyless(trustedRoot, foreignRoot), "good.json", "other.json", artifact)
}

async function useImages({ program, stand, way }: Signing, room: Room, registry: string) {
  const image = await uploadImage(program, registry, room, writeArtifact(room))
  const other = await uploadImage(program, registry, room, writeArtifact(room, "other.txt"))
  await room.run([program, "sign", ...identity(stand, room), ...way.sign, image], way.env)
  await room.run([program, "verify", ...WHOM, ...way.verify, image], way.env)
  await room.refused([program, "verify", ...OTHER, ...way.verify, image], othersIdentity, way.env)
  const { trustedRoot, foreignRoot } = stand.keyless
  await takeImage(room, keyless(trustedRoot, foreignRoot), registry, image, other)
}

function checksOf(signing: Signing): readonly Check[] {
  const { stand, way } = signing
  const { registry } = stand
  const blobs: Check = {
    operation: `keyless, ${way.title}: sign-blob, verify-blob, countersign verify`,
    run: (room) => useBlobs(signing, room),
  }
  if (way.isOld === true) return [blobs]
  const operation = `keyless, ${way.title}: image: sign, verify, countersign verify`
  const lack = registry === undefined ? { lack: "there is no container registry" } : {}
  return [
    blobs,
    { operation, ...lack, run: (room) => useImages(signing, room, registry?.address ?? "") },
  ]
}

/** By flags and environment, as it has no signing config. */
export function keylessCosign2Checks(program: string, stand: Stand): readonly Check[] {
  const { trustedRoot, env } = stand.keyless
  const sign = ["--fulcio-url", stand.fulcio.url, "--rekor-url", stand.log.url]
  const old: Way = { title: "old bundle", sign, verify: [], env, isOld: true }
  const blob = ["--new-bundle-format"]
  const today: Way = { title: "new bundle", sign, verify: [], env, blob }
  const rooted = { ...today, verify: ["--trusted-root", trustedRoot] }
  const [blobs] = checksOf({ program, stand, way: rooted })
  const [, images] = checksOf({ program, stand, way: { ...today, title: "API v1" } })
  return [...checksOf({ program, stand, way: old }), blobs, images].filter((it) => it !== undefined)
}

export function keylessCosign3Checks(program: string, stand: Stand): readonly Check[] {
  const { trustedRoot, signing } = stand.keyless
  const trust = ["--trusted-root", trustedRoot]
  const wayOf = (version: ApiVersion): Way => ({
    title: `API v${version}`,
    sign: [...trust, "--signing-config", signing[version]],
    verify: trust,
  })
  return apiVersions.flatMap((version) => checksOf({ program, stand, way: wayOf(version) }))
}
