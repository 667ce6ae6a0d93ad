// sigstore-go and this project's own verifier, in both directions: by keys, and by identities of the stand's authority.
import type { Check } from "../running/check.ts"
import type { Room } from "../running/room.ts"
import { IDENTITY, ISSUER } from "../stand/identity.ts"
import { countersign } from "../stand/served-log.ts"
import { writeArtifact, writeKeyPair } from "../stand/signing.ts"
import { type ApiVersion, apiVersions } from "../stand/stand.ts"
import { foreignReason, refuseWrongBundles } from "./damage.ts"
import { keyed, keyless, takeBundle } from "./own-verifier.ts"
import { type SigstoreGo, sign, type Trust, trustOf } from "./sigstore-go.ts"

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
  const verify = (identity: string) => {
    const whom = ["-expectedIssuer", ISSUER, "-expectedSAN", identity]
    const what = ["-trustedrootJSONpath", root, "-artifact", artifact, "good.json"]
    return [go.verification, ...whom, ...what]
  }
  await room.run(verify(IDENTITY))
  await room.refused(verify("other@example.org"), /no matching CertificateIdentity/)
  await takeBundle(room, keyless(root, foreignRoot), "good.json", "other.json", artifact)
}

/** What `countersign submit` writes, which has no time that others vouch for. */
async function giveBundle({ verification, stand }: SigstoreGo, room: Room): Promise<void> {
  const { log, files } = stand
  await writeKeyPair(room, "p256")
  const [artifact, other] = [writeArtifact(room), writeArtifact(room, "other.txt")]
  const submit = [...countersign, "submit", "--log", log.url, "--key", "signer.pem"]
  await room.run([...submit, "--bundle", "other.json", "--artifact", other])
  await room.run([...submit, "--bundle", "good.json", "--artifact", artifact])
  const verify = (bundle: string, root = files.trustedRoot) => {
    const trust = ["-publicKey", "signer.pub", "-trustedrootJSONpath", root]
    const less = ["-requireCTlog=false", "-requireTimestamp=false"]
    return [verification, ...trust, ...less, "-artifact", artifact, bundle]
  }
  await room.run(verify("good.json"))
  await refuseWrongBundles(room, "good.json", "other.json", verify)
  await room.refused(verify("good.json", files.foreignRoot), foreignReason)
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
    operation: "bundles of countersign submit: verify",
    run: (room) => giveBundle(go, room),
  }
  return [...taking, giving]
}
