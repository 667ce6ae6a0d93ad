// sigstore-js and this project's own verifier, in both directions: by keys, and by identities of the stand's authority.
import "./loopback.ts"
import { createHash, createPublicKey } from "node:crypto"
import {
  DSSEBundleBuilder,
  FulcioSigner,
  MessageSignatureBundleBuilder,
  RekorWitness,
  TSAWitness,
} from "@sigstore/sign"
import type { Check } from "../running/check.ts"
import type { Room } from "../running/room.ts"
import { IDENTITY } from "../stand/identity.ts"
import { countersign } from "../stand/served-log.ts"
import { writeArtifact, writeKeyPair } from "../stand/signing.ts"
import { type ApiVersion, apiVersions, type Stand } from "../stand/stand.ts"
import { foreignReason, wrongBundles } from "./damage.ts"
import { makeCosignKey, type SignedForm, signTwo } from "./own-signer.ts"
import { keyed, keyless, takeBundle } from "./own-verifier.ts"
import {
  type Artifact,
  expectRefusal,
  type Form,
  type Key,
  newKey,
  PAYLOAD_TYPE,
  readRoot,
  signed,
  text,
  verify,
} from "./sigstore-js.ts"

/** What is signed: the file itself, or a statement about it. */
function signedThing(room: Room, name: string, form: Form): Artifact {
  const data = room.readBytes(name)
  if (form === "message") return { data, type: "" }
  const sha256 = createHash("sha256").update(data).digest("hex")
  const statement = {
    _type: "https://in-toto.io/Statement/v1",
    subject: [{ name, digest: { sha256 } }],
    predicateType: "https://example.com/reviewed/v1",
    predicate: {},
  }
  return { data: Buffer.from(JSON.stringify(statement)), type: PAYLOAD_TYPE }
}

interface Way {
  readonly stand: Stand
  readonly majorApiVersion: ApiVersion
  readonly form: Form
}

type MakeBundle = (thing: Artifact) => Promise<string>

async function makeTwo(room: Room, form: Form, make: MakeBundle): Promise<string> {
  const names = { good: writeArtifact(room), other: writeArtifact(room, "other.txt") }
  for (const [bundle, name] of Object.entries(names).toReversed()) {
    room.write(`${bundle}.json`, await make(signedThing(room, name, form)))
  }
  return names.good
}

async function takeKeyed({ stand, majorApiVersion, form }: Way, room: Room): Promise<void> {
  const { files, log, timestamps } = stand
  const key: Key = newKey()
  room.write("key.pub", key.publicKey.export({ type: "spki", format: "pem" }))
  const js = { url: log.url, ...files, timestamps }
  const artifact = await makeTwo(room, form, async (thing) =>
    text(await signed(js, key, thing, form, { majorApiVersion })),
  )
  const belief = keyed(files.trustedRoot, files.foreignRoot, "key.pub")
  await takeBundle(room, belief, "good.json", "other.json", artifact)
}

async function takeKeyless({ stand, majorApiVersion, form }: Way, room: Room): Promise<void> {
  const { fulcio, log, timestamps } = stand
  const identityProvider = { getToken: () => Promise.resolve(fulcio.issuer.token(IDENTITY)) }
  const signer = new FulcioSigner({ fulcioBaseURL: fulcio.url, identityProvider, retry: 0 })
  const rekor = new RekorWitness({ rekorBaseURL: log.url, majorApiVersion, retry: 0 })
  const witnesses = [new TSAWitness({ tsaBaseURL: timestamps.url }), rekor]
  const artifact = await makeTwo(room, form, async ({ data, type }) => {
    const bundle =
      form === "message"
        ? await new MessageSignatureBundleBuilder({ signer, witnesses }).create({ data })
        : await new DSSEBundleBuilder({ signer, witnesses }).create({ data, type })
    return text(bundle)
  })
  const { trustedRoot, foreignRoot } = stand.keyless
  await takeBundle(room, keyless(trustedRoot, foreignRoot), "good.json", "other.json", artifact)
}

/** Verifies good.json, and sees what is made of it refused. */
function verifyOwn({ files }: Stand, room: Room, name: string, publicKey: string): void {
  const key = { ...newKey(), publicKey: createPublicKey(room.read(publicKey)) }
  const artifact = signedThing(room, name, "message")
  const own = { root: readRoot(files.trustedRoot), key, artifact, timestamps: 0 }
  const good = room.read("good.json")
  verify(good, own)
  for (const { bundle, reason } of wrongBundles(good, room.read("other.json"))) {
    expectRefusal(() => verify(bundle, own), reason, "refusal of a wrong bundle")
  }
  const foreign = { ...own, root: readRoot(files.foreignRoot) }
  expectRefusal(() => verify(good, foreign), foreignReason, "refusal of another log's key")
}

/** What `countersign submit` writes. */
async function giveSubmitted(stand: Stand, room: Room): Promise<void> {
  await writeKeyPair(room, "p256")
  const [name, other] = [writeArtifact(room), writeArtifact(room, "other.txt")]
  const submit = [...countersign, "submit", "--log", stand.log.url, "--key", "signer.pem"]
  await room.run([...submit, "--bundle", "other.json", "--artifact", other])
  await room.run([...submit, "--bundle", "good.json", "--artifact", name])
  verifyOwn(stand, room, name, "signer.pub")
}

/** What `countersign sign` writes, with a key of cosign's. */
async function giveSigned(stand: Stand, room: Room, cosign: string, form: SignedForm) {
  await makeCosignKey(cosign, room)
  verifyOwn(stand, room, await signTwo(stand, room, form, "dsse"), "cosign.pub")
}

/** `cosign` makes the keys. */
export function signedForJsChecks(stand: Stand, cosign: string | undefined): readonly Check[] {
  const lack = cosign === undefined ? { lack: "there is no cosign to make keys" } : {}
  return (["file", "statement"] as const).map((form) => ({
    operation: `bundles of countersign sign, ${form}: verify`,
    ...lack,
    run: (room) => giveSigned(stand, room, cosign ?? "", form),
  }))
}

const forms: readonly (readonly [Form, readonly ApiVersion[]])[] = [
  ["message", apiVersions],
  ["dsse", apiVersions],
  ["intoto", [1]],
]

export function sigstoreJsExchange(stand: Stand): readonly Check[] {
  const ways = forms.flatMap(([form, versions]) =>
    versions.map((majorApiVersion): Way => ({ stand, majorApiVersion, form })),
  )
  const title = ({ majorApiVersion, form }: Way) => `API v${majorApiVersion}, ${form}`
  return [
    ...ways.map((way) => ({
      operation: `${title(way)}: bundle for countersign verify`,
      run: (room: Room) => takeKeyed(way, room),
    })),
    ...ways
      .filter(({ form }) => form !== "intoto")
      .map((way) => ({
        operation: `${title(way)}, keyless: bundle for countersign verify`,
        run: (room: Room) => takeKeyless(way, room),
      })),
    {
      operation: "bundles of countersign submit: verify",
      run: (room) => giveSubmitted(stand, room),
    },
  ]
}
