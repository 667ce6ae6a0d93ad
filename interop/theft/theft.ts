// A stranger signs images in every way that cosign knows, and the owner looks: the log's search by the image's
// digest and a monitor with the owner's watch file must name every entry, from what can be foretold where the log has
// no more than a digest, and from the signed bytes, attached out of the registry, where nothing can be foretold.
import type { Check } from "../running/check.ts"
import type { Room } from "../running/room.ts"
import { fetchText } from "../running/service.ts"
import type { Registry } from "../stand/registry.ts"
import { countersign } from "../stand/served-log.ts"
import { writeArtifact, writeKeyPair } from "../stand/signing.ts"
import { expectMatch, expectSame, type Stand } from "../stand/stand.ts"
import type { Image, KeyKind, Way } from "./signatures.ts"

interface Means {
  readonly cosign: string
  /** The cosign that imports keys: an older one takes few kinds. */
  readonly importer: string
  readonly stand: Stand
}

interface Thief extends Means {
  readonly registry: Registry
  readonly room: Room
}

interface Theft {
  readonly way: Way
  readonly image: Image
  readonly index: number
}

const generation: Readonly<Record<KeyKind, readonly string[]>> = {
  p256: ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
  p384: ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
  ed25519: ["-algorithm", "ED25519"],
}

async function makeKey({ importer, room }: Thief, kind: KeyKind): Promise<void> {
  if (room.has(`${kind}.key`)) return
  await room.run(["openssl", "genpkey", ...generation[kind], "-out", `${kind}.pem`])
  await room.run([importer, "import-key-pair", "--key", `${kind}.pem`, "-o", kind])
}

async function uploadImage({ cosign, registry, room }: Thief, number: number): Promise<Image> {
  const repository = `${registry.address}/stolen-${room.folder.slice(-6).toLowerCase()}-${number}`
  const file = writeArtifact(room, `artifact-${number}.txt`)
  const { stdout } = await room.run([cosign, "upload", "blob", "-f", file, `${repository}:1`])
  const [, digest = ""] = expectMatch(stdout, /@sha256:([0-9a-f]{64})/, "cosign upload")
  return { repository, digest }
}

async function logSize({ log }: Stand): Promise<number> {
  return (JSON.parse(await fetchText(`${log.url}/v1/head`)) as { readonly size: number }).size
}

interface LoggedBody {
  readonly kind: string
  readonly apiVersion: string
  readonly spec: Readonly<Record<string, unknown>>
}

const algorithms: Readonly<Record<string, string>> = {
  SHA2_256: "sha256",
  SHA2_384: "sha384",
  SHA2_512: "sha512",
}

interface Hash {
  readonly algorithm: string
  readonly value?: string
  readonly digest?: string
}

/** The digest in a body, wherever its kind has it: hex in API v1, base64 in v2. */
function digestOf({ spec }: LoggedBody): string {
  const inner = (spec["hashedRekordV002"] ?? spec) as Readonly<Record<string, unknown>>
  const data = inner["data"] as (Hash & { readonly hash?: Hash }) | undefined
  const {
    algorithm = "",
    value,
    digest = "",
  } = (inner["payloadHash"] as Hash | undefined) ?? data?.hash ?? data ?? { algorithm: "" }
  const text = value ?? Buffer.from(digest, "base64").toString("hex")
  return `${algorithms[algorithm] ?? algorithm}:${text}`
}

async function bodyAt({ log }: Stand, index: number): Promise<LoggedBody> {
  const { body } = JSON.parse(await fetchText(`${log.url}/v1/entries/${index}`)) as {
    readonly body: string
  }
  return JSON.parse(Buffer.from(body, "base64").toString()) as LoggedBody
}

/** Signs an image, and sees that the log has of it what is expected. */
async function steal(thief: Thief, way: Way, number: number): Promise<Theft> {
  const { cosign, stand, room } = thief
  await makeKey(thief, way.key)
  const image = await uploadImage(thief, number)
  const [verb = "", ...options] = way.words
  const key = ["--key", `${way.key}.key`, "--yes"]
  const words = [cosign, verb, ...key, ...options, `${image.repository}@sha256:${image.digest}`]
  const index = await logSize(stand)
  await room.run(way.isOrphan === true ? ["bash", "-c", '! "$@"', "_", ...words] : words, way.env)
  expectSame(await logSize(stand), index + 1, `${way.title}: size of the log`)
  const body = await bodyAt(stand, index)
  expectSame(`${body.kind}:${body.apiVersion}`, way.kind, `${way.title}: kind of the entry`)
  if (way.foretold !== undefined) {
    expectSame(digestOf(body), way.foretold(image), `${way.title}: digest in the entry`)
  }
  return { way, image, index }
}

function referenceOf({ repository, digest }: Image): string {
  return `${repository}@sha256:${digest}`
}

interface Found {
  readonly index: number
}

/** The indexes that `countersign search --image` finds. */
async function searchImage({ stand, room }: Thief, image: Image): Promise<readonly number[]> {
  const words = ["search", "--log", stand.log.url, "--image", referenceOf(image), "--json"]
  const { stdout } = await room.run([...countersign, ...words])
  const lines = stdout.split("\n").filter((line) => line.startsWith("{"))
  return lines.flatMap((line) => (JSON.parse(line) as Partial<Found>).index ?? [])
}

/** Throws an error that names every theft that was not found. */
async function assertFound(thief: Thief, thefts: readonly Theft[], when: string): Promise<void> {
  const missed: string[] = []
  for (const { way, image, index } of thefts) {
    if (!(await searchImage(thief, image)).includes(index)) missed.push(way.title)
  }
  expectSame(missed, [], `${when}: not found by the image's digest`)
}

async function writeWatch({ room }: Thief, thefts: readonly Theft[]): Promise<string> {
  await writeKeyPair(room, "p256", "owner")
  const der = ["openssl", "pkey", "-pubin", "-in", "owner.pub", "-outform", "DER"]
  await room.run(["bash", "-c", `${der.join(" ")} | openssl dgst -sha256 -r > owner.digest`])
  const owner = room.read("owner.digest").slice(0, 64)
  const subjects = thefts.flatMap(({ image }, i) => [
    `subject image-${i}`,
    `  image ${referenceOf(image)}`,
    `  signer key sha256:${owner}`,
  ])
  return room.write("owner.watch", `${["countersign-watch/v1", ...subjects].join("\n")}\n`)
}

/** What a monitor prints that looks once; it must end with 2. */
async function runMonitor(thief: Thief, thefts: readonly Theft[]): Promise<string> {
  const { stand, room } = thief
  const url = ["--format", "policy", "--url", stand.log.url]
  const keys = await room.run([...countersign, "keys", "--data", stand.log.data, ...url])
  room.write("log.policy", keys.stdout)
  const monitor = [...countersign, "monitor"]
  await room.run([...monitor, "init", "--data", "monitor", "--policy", "log.policy", "--first-use"])
  const watch = ["--watch", await writeWatch(thief, thefts)]
  const once = [...monitor, "run", "--data", "monitor", ...watch, "--once"]
  const { stdout, stderr } = await room.run(["bash", "-c", '"$@"; echo "exit $?"', "_", ...once])
  expectMatch(`${stdout}${stderr.slice(-300)}`, /^exit 2$/m, "monitor run --once")
  return stdout
}

async function lookForThefts(thief: Thief, ways: readonly Way[]): Promise<void> {
  const { stand, room } = thief
  room.write("predicate.json", '{"reviewed":true}\n')
  const thefts: Theft[] = []
  for (const [i, way] of ways.entries()) thefts.push(await steal(thief, way, i))
  const isForetold = ({ way }: Theft): boolean => way.foretold !== undefined
  await assertFound(thief, thefts.filter(isForetold), "before anything is attached")
  for (const { image, way } of thefts) {
    if (way.isOrphan === true) continue
    const words = ["attach", "--log", stand.log.url, "--image", referenceOf(image)]
    await room.run([...countersign, ...words])
  }
  await assertFound(thief, thefts, "with the signed bytes attached")
  const said = await runMonitor(thief, thefts)
  const silent = thefts.filter(({ index }) => !new RegExp(`\\bentry ${index}\\b`).test(said))
  expectSame(
    silent.map(({ way }) => way.title),
    [],
    "entries that the monitor does not name",
  )
}

/** Everything that a stranger can do with a cosign to images in the registry. */
export function theftChecks(means: Means, client: string, ways: readonly Way[]): readonly Check[] {
  const operation = `${client}: a stranger signs images in ${ways.length} ways: search and monitor name each`
  const { registry } = means.stand
  if (registry === undefined) {
    const lack = "there is no container registry"
    return [{ operation, run: () => Promise.resolve(), lack }]
  }
  return [{ operation, run: (room) => lookForThefts({ ...means, registry, room }, ways) }]
}
