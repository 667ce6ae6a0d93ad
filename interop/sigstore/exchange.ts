// Bundles from hand to hand, by keys: what cosign makes for `countersign verify`, and what `countersign submit` makes for
// cosign. Of each good one damaged ones are made, which must be refused.
import type { Check } from "../running/check.ts"
import type { Room } from "../running/room.ts"
import { countersign } from "../stand/served-log.ts"
import { writeArtifact, writeKeyPair } from "../stand/signing.ts"
import { apiVersions, type Stand } from "../stand/stand.ts"
import { foreignReason, refuseWrongBundles } from "./damage.ts"
import { uploadImage } from "./images.ts"
import { type Belief, keyed, takeBundle, takeImage, takeOldBundle } from "./own-verifier.ts"

interface Way {
  readonly title: string
  /** Further words for signing, attesting and verifying. */
  readonly sign: readonly string[]
  readonly verify: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly isOld?: boolean
}

interface Exchange {
  readonly program: string
  readonly stand: Stand
  readonly way: Way
}

const KEY = ["--key", "cosign.key", "--yes"]

function belief({ files }: Stand): Belief {
  return keyed(files.trustedRoot, files.foreignRoot)
}

/** A bundle of each of two artifacts, by one key. */
async function signTwo({ program, way }: Exchange, room: Room, command: readonly string[]) {
  const [artifact, other] = [writeArtifact(room), writeArtifact(room, "other.txt")]
  await room.run([program, "generate-key-pair"])
  for (const [file, name] of [
    [artifact, "good"],
    [other, "other"],
  ] as const) {
    const out = ["--bundle", `${name}.json`, file]
    await room.run([program, ...command, ...KEY, ...way.sign, ...out], way.env)
  }
  return artifact
}

async function takeBlobs(exchange: Exchange, room: Room): Promise<void> {
  const artifact = await signTwo(exchange, room, ["sign-blob"])
  const take = exchange.way.isOld === true ? takeOldBundle : takeBundle
  await take(room, belief(exchange.stand), "good.json", "other.json", artifact)
}

async function takeAttestations(exchange: Exchange, room: Room): Promise<void> {
  const predicate = ["--predicate", room.write("predicate.json", '{"reviewed":true}\n')]
  const command = ["attest-blob", "--type", "custom", ...predicate]
  const artifact = await signTwo(exchange, room, command)
  const take = exchange.way.isOld === true ? takeOldBundle : takeBundle
  await take(room, belief(exchange.stand), "good.json", "other.json", artifact)
}

async function takeImages({ program, stand, way }: Exchange, room: Room, registry: string) {
  const image = await uploadImage(program, registry, room, writeArtifact(room))
  const other = await uploadImage(program, registry, room, writeArtifact(room, "other.txt"))
  await room.run([program, "generate-key-pair"])
  await room.run([program, "sign", ...KEY, ...way.sign, image], way.env)
  await takeImage(room, belief(stand), registry, image, other)
}

/** What `countersign submit` writes, which the client must take, and refuse where it was damaged. */
async function giveBundle({ program, stand, way }: Exchange, room: Room): Promise<void> {
  const { log, files } = stand
  await writeKeyPair(room, "p256", "cosign")
  const [artifact, other] = [writeArtifact(room), writeArtifact(room, "other.txt")]
  const submit = [...countersign, "submit", "--log", log.url, "--key", "cosign.pem"]
  await room.run([...submit, "--bundle", "other.json", "--artifact", other])
  await room.run([...submit, "--bundle", "good.json", "--artifact", artifact])
  const verification = (bundle: string, root = files.trustedRoot) => {
    const trust = ["--key", "cosign.pub", ...way.verify, "--trusted-root", root]
    return [program, "verify-blob", ...trust, "--bundle", bundle, artifact]
  }
  await room.run(verification("good.json"))
  await refuseWrongBundles(room, "good.json", "other.json", verification)
  await room.refused(verification("good.json", files.foreignRoot), foreignReason)
}

/** Entries of API v2 have no time of their own, which cosign 2 takes for a fault whoever's they are. */
async function refuseBundle({ program, stand, way }: Exchange, room: Room): Promise<void> {
  const artifact = writeArtifact(room)
  await writeKeyPair(room, "p256", "cosign")
  const out = ["--bundle", "good.json", "--artifact", artifact]
  const { log, files } = stand
  await room.run([...countersign, "submit", "--log", log.url, "--key", "cosign.pem", ...out])
  const trust = ["--key", "cosign.pub", ...way.verify, "--trusted-root", files.trustedRoot]
  const verification = [program, "verify-blob", ...trust, "--bundle", "good.json", artifact]
  await room.refused(verification, /nil value in transaction log entry/)
}

function takingChecks(exchange: Exchange): readonly Check[] {
  const { stand, way } = exchange
  const operation = (what: string) => `${way.title} for countersign verify: ${what}`
  const blobs: readonly Check[] = [
    { operation: operation("sign-blob"), run: (room) => takeBlobs(exchange, room) },
    { operation: operation("attest-blob"), run: (room) => takeAttestations(exchange, room) },
  ]
  if (way.title === "new bundle") return blobs
  const { registry } = stand
  const lack = registry === undefined ? { lack: "there is no container registry" } : {}
  const address = registry?.address ?? ""
  const run = (room: Room) => takeImages(exchange, room, address)
  return [...blobs, { operation: operation("sign image"), ...lack, run }]
}

function givingCheck(exchange: Exchange): Check {
  return {
    operation: "bundles of countersign submit: verify-blob",
    run: (room) => giveBundle(exchange, room),
  }
}

export function cosign2Exchange(program: string, stand: Stand): readonly Check[] {
  const sign = ["--rekor-url", stand.log.url]
  const verify = ["--new-bundle-format"]
  const env = { SIGSTORE_REKOR_PUBLIC_KEY: stand.files.logKey }
  const old: Way = { title: "old bundle", sign, verify, env, isOld: true }
  const today: Way = { title: "new bundle", sign: [...sign, ...verify], verify, env }
  return [
    ...takingChecks({ program, stand, way: old }),
    ...takingChecks({ program, stand, way: today }),
    {
      operation: "bundles of countersign submit: refused, as it knows no entries of API v2",
      run: (room) => refuseBundle({ program, stand, way: today }, room),
    },
  ]
}

export function cosign3Exchange(program: string, stand: Stand): readonly Check[] {
  const { files } = stand
  const ways = apiVersions.map((version): Way => {
    const trust = ["--trusted-root", files.trustedRoot]
    const sign = [...trust, "--signing-config", files.signing[version]]
    return { title: `API v${version}`, sign, verify: [] }
  })
  const giving = { program, stand, way: { title: "", sign: [], verify: [] } }
  return [...ways.flatMap((way) => takingChecks({ program, stand, way })), givingCheck(giving)]
}
