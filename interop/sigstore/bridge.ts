// The bridge to a registry, with a real one and both generations of cosign: what they sign reaches the log, also where
// signers who work at the same time overwrite each other's lists, and what the log does not have is reported.
import { readFileSync, writeFileSync } from "node:fs"
import type { Check } from "../running/check.ts"
import { until } from "../running/patience.ts"
import { startServer } from "../running/process.ts"
import type { Room } from "../running/room.ts"
import { freePort, untilServing } from "../running/service.ts"
import { type Registry, serveRegistry } from "../stand/registry.ts"
import { countersign } from "../stand/served-log.ts"
import { writeArtifact } from "../stand/signing.ts"
import { expectMatch, expectSame, type Stand } from "../stand/stand.ts"

export interface BridgeTools {
  /** The programs, by their paths. */
  readonly cosign3: string
  readonly cosign2: string
  readonly registry: string
  readonly stand: Stand
}

const TOKEN = "a-token-of-the-interop-run"
const PARALLEL = 6
const KEY = ["--key", "cosign.key", "--yes"]

interface Site {
  readonly room: Room
  readonly registry: Registry
  readonly tools: BridgeTools
  /** The image, with the host of its registry. */
  readonly image: string
}

function bridgeWords(
  { registry, tools }: Pick<Site, "registry" | "tools">,
  ...words: readonly string[]
) {
  const where = ["--url", `http://${registry.address}`, "--repos", "acme/**", "--data", "bridge"]
  return [...countersign, "bridge", "registry", ...where, "--log", tools.stand.log.url, ...words]
}

async function putImage(room: Room, { cosign3 }: BridgeTools, registry: Registry): Promise<string> {
  await room.run([cosign3, "generate-key-pair"])
  const name = `${registry.address}/acme/app:1`
  const { stdout } = await room.run([cosign3, "upload", "blob", "-f", writeArtifact(room), name])
  return expectMatch(stdout, /\S+@sha256:[0-9a-f]{64}/, "cosign upload")[0]
}

function sign3({ image, tools: { cosign3, stand } }: Site, version: 1 | 2 = 2): readonly string[] {
  const { trustedRoot, signing } = stand.files
  const trust = ["--trusted-root", trustedRoot, "--signing-config", signing[version]]
  return [cosign3, "sign", ...KEY, ...trust, image]
}

/** Signs by cosign 2, and attests by both. */
async function signOtherwise(site: Site): Promise<void> {
  const { room, image, tools } = site
  const { log, files } = tools.stand
  const logKey = { SIGSTORE_REKOR_PUBLIC_KEY: files.logKey }
  const predicate = [
    "--predicate",
    room.write("predicate.json", '{"reviewed":true}\n'),
    "--type",
    "custom",
  ]
  const trust = ["--trusted-root", files.trustedRoot, "--signing-config", files.signing[2]]
  const rekor = ["--rekor-url", log.url]
  await room.run([tools.cosign3, "attest", ...KEY, ...trust, ...predicate, image])
  await room.run([tools.cosign2, "sign", ...KEY, ...rekor, image], logKey)
  await room.run([tools.cosign2, "attest", ...KEY, ...rekor, ...predicate, image], logKey)
}

interface Signature {
  readonly form: string
  readonly index?: number
  readonly given: readonly string[]
}

interface Finding {
  readonly kind: string
}

/** What the bridge remembers of signatures. */
function remembered(room: Room): readonly Signature[] {
  if (!room.has("bridge/bridge.json")) return []
  const text = readFileSync(room.path("bridge/bridge.json"), "utf8")
  const { parts } = JSON.parse(text.slice(text.indexOf("\n"))) as {
    readonly parts: readonly { readonly signatures: readonly Signature[] }[]
  }
  return parts.flatMap(({ signatures }) => signatures)
}

/** One walk; what it finds, and that it exits with `code`. */
async function walkOnce(
  site: Site,
  code: number,
  ...words: readonly string[]
): Promise<readonly Finding[]> {
  const script = [...bridgeWords(site, "--once", "--json", ...words)]
    .map((word) => `'${word}'`)
    .join(" ")
  const { stdout } = await site.room.run(["sh", "-c", `${script}; echo "exit $?"`])
  const lines = stdout.trimEnd().split("\n")
  expectSame(lines.at(-1), `exit ${code}`, `the bridge's exit code after ${stdout.slice(-600)}`)
  return lines.slice(0, -2).map((line) => JSON.parse(line) as Finding)
}

/** How many referrers the fallback tag of the image lists. */
async function listedCount({ registry, image }: Site): Promise<number> {
  const digest = image.slice(image.indexOf("@") + 1)
  const url = `http://${registry.address}/v2/acme/app/manifests/${digest.replace(":", "-")}`
  const accept = "application/vnd.oci.image.index.v1+json"
  const index = (await (await fetch(url, { headers: { accept } })).json()) as {
    manifests: unknown[]
  }
  return index.manifests.length
}

/** Six signers at once: the fallback tag keeps some of them, the bridge all. */
async function signAtOnce(tools: BridgeTools, room: Room): Promise<void> {
  const port = await freePort()
  const notified = { url: `http://127.0.0.1:${port}/notifications`, token: TOKEN }
  const registry = await serveRegistry(tools.registry, room.folder, notified)
  room.keep(registry)
  writeFileSync(room.path("token"), `${TOKEN}\n`, { mode: 0o600 })
  const listening = ["--listen", `127.0.0.1:${port}`, "--token-file", "token"]
  const bridge = startServer(bridgeWords({ registry, tools }, ...listening), {
    cwd: room.folder,
    env: room.env,
  })
  room.keep(bridge)
  await untilServing(`http://127.0.0.1:${port}/`, bridge, () => true)
  const site = { room, registry, tools, image: await putImage(room, tools, registry) }
  await Promise.all(Array.from({ length: PARALLEL }, () => room.run(sign3(site))))
  const isDone = ({ index, given }: Signature) => index !== undefined && given.length > 0
  await until(
    "six signatures, logged and given",
    () => remembered(room).filter(isDone).length === PARALLEL,
  )
  await bridge.stop()
  const lost = PARALLEL - (await listedCount(site))
  const found = await walkOnce(site, lost > 0 ? 2 : 0, "--push-back")
  expectSame(
    found.map(({ kind }) => kind),
    Array(lost).fill("lost-referrer"),
    "what the tag has lost",
  )
  expectSame(await walkOnce(site, 0), [], "findings once all is put back")
  expectSame(await listedCount(site), PARALLEL, "referrers in the fallback tag")
}

/** Everything that both generations make, found by a walk alone; and one signature that was not logged. */
async function walkEverything(tools: BridgeTools, room: Room): Promise<void> {
  const registry = await serveRegistry(tools.registry, room.folder)
  room.keep(registry)
  const site = { room, registry, tools, image: await putImage(room, tools, registry) }
  for (const version of [1, 2] as const) await room.run(sign3(site, version))
  await signOtherwise(site)
  expectSame(await walkOnce(site, 0), [], "findings")
  const forms = remembered(room).map(({ form }) => form)
  expectSame(forms.toSorted(), ["dsse", "dsse", "dsse", "dsse", "simple-signing"], "forms")
  const search = [...countersign, "search", "--log", tools.stand.log.url, "--json"]
  const { stdout } = await room.run([...search, "--digest", site.image])
  expectSame(foundEntries(stdout).length, forms.length, "entries of the image")
  await room.run([
    tools.cosign2,
    "sign",
    ...KEY,
    "--tlog-upload=false",
    "-a",
    "by=a-thief",
    site.image,
  ])
  const found = await walkOnce(site, 2)
  expectSame(
    found.map(({ kind }) => kind),
    ["unlogged-signature"],
    "findings",
  )
}

interface FoundEntry {
  readonly index: number
  readonly signers: readonly { readonly key: string }[]
}

/** The entries that `search --json` prints; behind them stands how far it reached. */
function foundEntries(stdout: string): readonly FoundEntry[] {
  const lines = stdout.trimEnd().split("\n")
  const values = lines.map((line) => JSON.parse(line) as Partial<FoundEntry>)
  return values.filter((value): value is FoundEntry => value.index !== undefined)
}

/** "Who signed this image?" has no answer before the step that attaches, and has one after it. */
async function attachAndSearch(tools: BridgeTools, room: Room): Promise<void> {
  const registry = await serveRegistry(tools.registry, room.folder)
  room.keep(registry)
  const site = { room, registry, tools, image: await putImage(room, tools, registry) }
  await room.run(sign3(site))
  const log = ["--log", tools.stand.log.url]
  const search = [...countersign, "search", ...log, "--digest", site.image, "--json"]
  const before = (await room.run(search)).stdout
  expectSame(foundEntries(before), [], "entries before attaching")
  expectMatch(before, /"opaque":\{"count":[1-9]/, "opaque entries before attaching")
  const attached = await room.run([
    ...countersign,
    "attach",
    ...log,
    "--image",
    site.image,
    "--json",
  ])
  const { index } = JSON.parse(attached.stdout) as { readonly index: number }
  const entries = foundEntries((await room.run(search)).stdout)
  expectSame(
    entries.map((entry) => entry.index),
    [index],
    "entries of the image",
  )
  const der = await room.run([
    "sh",
    "-c",
    "openssl pkey -pubin -in cosign.pub -outform DER | sha256sum",
  ])
  const key = `sha256:${der.stdout.slice(0, 64)}`
  expectSame(
    entries[0]?.signers.map((signer) => signer.key),
    [key],
    "signers of the image",
  )
}

/** Everything that the bridge is to do with real clients. */
export function bridgeChecks(tools: BridgeTools): readonly Check[] {
  return [
    {
      operation: `${PARALLEL} signatures at once: by notifications and a walk all of them, put back`,
      run: (room) => signAtOnce(tools, room),
    },
    {
      operation: "a walk: cosign 2 and 3, sign and attest; one signature that was not logged",
      run: (room) => walkEverything(tools, room),
    },
    {
      operation: "attach --image: search by the image's digest names entry and signer",
      run: (room) => attachAndSearch(tools, room),
    },
  ]
}
