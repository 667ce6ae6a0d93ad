// sigstore-go and this project's own verifier, in both directions: by keys, and by identities of the stand's authority.
import { createHash } from "node:crypto"
import type { Check } from "../running/check.ts"
import type { Room } from "../running/room.ts"
import { IDENTITY, ISSUER } from "../stand/identity.ts"
import { countersign } from "../stand/served-log.ts"
import { writeArtifact, writeKeyPair } from "../stand/signing.ts"
import { type ApiVersion, apiVersions, type Stand } from "../stand/stand.ts"
import { TIMESTAMP_PATH } from "../stand/timestamp-authority.ts"
import { foreignReason, refuseWrongBundles } from "./damage.ts"
import { keyed, keyless, takeBundle } from "./own-verifier.ts"
import { type SigstoreGo, sign, type Trust, trustOf, verify } from "./sigstore-go.ts"

async function takeKeyed(go: SigstoreGo, room: Room, version: ApiVersion): Promise<void> {
  const { files } = go.stand
  const trust = trustOf(go, room, version)
  const [artifact, other] = [writeArtifact(room), writeArtifact(room, "other.txt")]
  await sign(go, room, trust, [other], "other")
  await sign(go, room, trust, [artifact], "good")
  const belief = keyed(files.trustedRoot, files.foreignRoot, "good.pub")
  await takeBundle(room, belief, "good.json", "other.json", artifact)
}

/** Its own verifier as well, with the right identity and with another one. */
async function takeKeyless(go: SigstoreGo, room: Room, version: ApiVersion): Promise<void> {
  const { fulcio, keyless: files } = go.stand
  const { trustedRoot: root, foreignRoot } = files
  const words = ["-tsa", "-id-token", fulcio.issuer.token()]
  const trust: Trust = { root, config: files.signing[version], words }
  const [artifact, other] = [writeArtifact(room), writeArtifact(room, "other.txt")]
  await sign(go, room, trust, [other], "other")
  await sign(go, room, trust, [artifact], "good")
  const verification = (identity: string) => {
    const whom = ["-expectedIssuer", ISSUER, "-expectedSAN", identity]
    const what = ["-trustedrootJSONpath", root, "-artifact", artifact, "good.json"]
    return [go.verification, ...whom, ...what]
  }
  await room.run(verification(IDENTITY))
  await room.refused(verification("other@example.org"), /no matching CertificateIdentity/)
  await takeBundle(room, keyless(root, foreignRoot), "good.json", "other.json", artifact)
}

interface OwnBundle {
  readonly verificationMaterial: object
  readonly messageSignature: { readonly signature: string }
}

/** The bundle with a timestamp of the stand's authority, which the client demands of all bundles alike. */
async function timed({ timestamps }: Stand, text: string): Promise<string> {
  const bundle = JSON.parse(text) as OwnBundle
  const signature = Buffer.from(bundle.messageSignature.signature, "base64")
  const artifactHash = createHash("sha256").update(signature).digest("base64")
  const body = JSON.stringify({ artifactHash, hashAlgorithm: "sha256" })
  const answer = await fetch(timestamps.url + TIMESTAMP_PATH, { method: "POST", body })
  const signedTimestamp = Buffer.from(await answer.arrayBuffer()).toString("base64")
  const timestampVerificationData = { rfc3161Timestamps: [{ signedTimestamp }] }
  const verificationMaterial = { ...bundle.verificationMaterial, timestampVerificationData }
  return JSON.stringify({ ...bundle, verificationMaterial })
}

/** What `countersign submit` writes. */
async function giveBundle(go: SigstoreGo, room: Room): Promise<void> {
  const { log, files } = go.stand
  const { root: own } = trustOf(go, room, 2)
  await writeKeyPair(room, "p256", "good")
  const [artifact, other] = [writeArtifact(room), writeArtifact(room, "other.txt")]
  const submit = [...countersign, "submit", "--log", log.url, "--key", "good.pem"]
  for (const [name, file] of [
    ["other", other],
    ["good", artifact],
  ] as const) {
    await room.run([...submit, "--bundle", `${name}-own.json`, "--artifact", file])
    room.write(`${name}.json`, await timed(go.stand, room.read(`${name}-own.json`)))
  }
  const verification = (bundle: string, root = own) => verify(go, root, artifact, bundle)
  await room.run(verification("good.json"))
  await refuseWrongBundles(room, "good.json", "other.json", verification)
  const { tlogs } = JSON.parse(room.read(files.foreignRoot)) as { readonly tlogs: object }
  const root = { ...(JSON.parse(room.read(own)) as object), tlogs }
  const foreign = room.write("foreign.json", JSON.stringify(root))
  await room.refused(verification("good.json", foreign), foreignReason)
}

export function sigstoreGoExchange(go: SigstoreGo): readonly Check[] {
  const taking = apiVersions.flatMap((version): Check[] => [
    {
      operation: `API v${version}: bundle for countersign verify`,
      run: (room) => takeKeyed(go, room, version),
    },
    {
      operation: `API v${version}, keyless: sign, verify, bundle for countersign verify`,
      run: (room) => takeKeyless(go, room, version),
    },
  ])
  const giving: Check = {
    operation: "bundles of countersign submit, with a timestamp: verify",
    run: (room) => giveBundle(go, room),
  }
  return [...taking, giving]
}
