// rekor-cli on the Rekor API v1: everything it can ask a log, and its memory of the tree.
import { createHash } from "node:crypto"
import type { Check } from "../running/check.ts"
import type { Room } from "../running/room.ts"
import { type SignedFile, signFile, writeCertificate } from "../stand/signing.ts"
import { expectMatch, expectSame, type Stand } from "../stand/stand.ts"
import { bundleAt } from "./entry-bundle.ts"
import { keyed, takeBundle } from "./own-verifier.ts"

interface RekorCli {
  readonly program: string
  readonly stand: Stand
}

/** The words of a question to the log, answered in JSON. */
function ask({ program, stand }: RekorCli, ...words: readonly string[]): readonly string[] {
  return [program, "--rekor_server", stand.log.url, "--format", "json", ...words]
}

/** Asks and reads the JSON in the answer. */
async function answer<T>(cli: RekorCli, room: Room, ...words: readonly string[]): Promise<T> {
  const { stdout } = await room.run(ask(cli, ...words))
  return JSON.parse(stdout) as T
}

function sha256(room: Room, { artifact }: SignedFile): string {
  return createHash("sha256").update(room.readBytes(artifact)).digest("hex")
}

function hashedrekord(room: Room, file: SignedFile): readonly string[] {
  const { signature, publicKey } = file
  const form = ["--type", "hashedrekord:0.0.1", "--pki-format", "x509"]
  const what = ["--artifact-hash", sha256(room, file), "--signature", signature]
  return [...form, ...what, "--public-key", publicKey]
}

function rekord({ artifact, signature, publicKey }: SignedFile): readonly string[] {
  const what = ["--artifact", artifact, "--signature", signature]
  return ["--pki-format", "x509", ...what, "--public-key", publicKey]
}

interface Uploaded {
  readonly Location: string
  readonly Index: number
  readonly AlreadyExists: boolean
}

interface Gotten {
  readonly UUID: string
  readonly LogIndex: number
}

interface Found {
  readonly UUIDs: readonly string[]
}

interface LogInfo {
  readonly ActiveTreeSize: number
  readonly TreeID: string
}

/** Uploads and gives the entry's UUID. */
async function upload(
  cli: RekorCli,
  room: Room,
  words: readonly string[],
): Promise<Uploaded & { readonly uuid: string }> {
  const uploaded = await answer<Uploaded>(cli, room, "upload", ...words)
  return { ...uploaded, uuid: uploaded.Location.slice(uploaded.Location.lastIndexOf("/") + 1) }
}

async function readInfo(cli: RekorCli, room: Room): Promise<void> {
  await upload(cli, room, hashedrekord(room, await signFile(room)))
  const { ActiveTreeSize } = await answer<LogInfo>(cli, room, "loginfo")
  if (!(ActiveTreeSize > 0)) throw new Error(`expected a size above 0, found ${ActiveTreeSize}`)
}

async function uploadAndVerify(
  cli: RekorCli,
  room: Room,
  words: (file: SignedFile) => readonly string[],
): Promise<void> {
  const file = await signFile(room)
  const first = await upload(cli, room, words(file))
  expectSame(first.AlreadyExists, false, "AlreadyExists")
  await room.run(ask(cli, "verify", ...words(file)))
  const again = await upload(cli, room, words(file))
  expectSame([again.AlreadyExists, again.uuid], [true, first.uuid], "the same again")
}

async function getEntry(cli: RekorCli, room: Room): Promise<void> {
  const { uuid, Index } = await upload(cli, room, hashedrekord(room, await signFile(room)))
  const byIndex = await answer<Gotten>(cli, room, "get", "--log-index", String(Index))
  expectSame(byIndex.UUID, uuid, "UUID by index")
  for (const id of [uuid, uuid.slice(-64)]) {
    const byId = await answer<Gotten>(cli, room, "get", "--uuid", id)
    expectSame(byId.LogIndex, Index, `index by ${id.length} digits`)
  }
}

async function getNothing(cli: RekorCli, room: Room): Promise<void> {
  await room.refused(ask(cli, "get", "--log-index", "999999"), /404/)
  await room.refused(ask(cli, "get", "--uuid", "0".repeat(64)), /404/)
}

async function search(cli: RekorCli, room: Room): Promise<void> {
  const file = await signFile(room)
  const email = `signer-${Date.now()}@example.com`
  const names = [`subjectAltName=email:${email}`]
  await writeCertificate(room, { name: "signer", extensions: names })
  const byKey = await upload(cli, room, hashedrekord(room, file))
  const withCertificate = { ...file, publicKey: "signer.crt" }
  const byEmail = await upload(cli, room, hashedrekord(room, withCertificate))
  const find = async (...words: readonly string[]) =>
    (await answer<Found>(cli, room, "search", ...words)).UUIDs
  const both = [byKey.uuid, byEmail.uuid].sort()
  const all = await find("--sha", sha256(room, file))
  expectSame([...all].sort(), both, "search by digest")
  const key = ["--public-key", file.publicKey, "--pki-format", "x509"]
  const ofKey = await find(...key)
  expectSame(ofKey.includes(byKey.uuid), true, "search by public key")
  expectSame(
    ofKey.filter((uuid) => !both.includes(uuid)),
    [],
    "others by public key",
  )
  expectSame(await find("--email", email), [byEmail.uuid], "search by email")
}

async function proveGrowth(cli: RekorCli, room: Room): Promise<void> {
  await upload(cli, room, hashedrekord(room, await signFile(room)))
  const { ActiveTreeSize: size } = await answer<LogInfo>(cli, room, "loginfo")
  const words = (last: number) => ["--first-size", "1", "--last-size", String(last)]
  await room.run(ask(cli, "logproof", ...words(size)))
  await room.refused(ask(cli, "logproof", ...words(size + 1000)), /greater than/)
}

/** It keeps the newest head that it has seen, and demands a proof that the next one continues it. */
async function remember(cli: RekorCli, room: Room): Promise<void> {
  const { log } = cli.stand
  await upload(cli, room, hashedrekord(room, await signFile(room)))
  const before = await answer<LogInfo>(cli, room, "loginfo")
  const state = room.read("home/.rekor/state.json")
  const seen = new RegExp(`- ${before.TreeID}\\\\n${before.ActiveTreeSize}\\\\n`)
  expectMatch(state, seen, "what rekor-cli remembers")
  await upload(cli, room, hashedrekord(room, await signFile(room)))
  await log.restart()
  const after = await answer<LogInfo>(cli, room, "loginfo")
  expectSame(after.TreeID, before.TreeID, "tree ID after a restart")
  expectSame(after.ActiveTreeSize, before.ActiveTreeSize + 1, "size after a restart")
}

/** The entries of two uploads, of which rekor-cli keeps nothing, as bundles. */
async function takeEntries(cli: RekorCli, room: Room): Promise<void> {
  const { files } = cli.stand
  let artifact = ""
  for (const name of ["other", "good"]) {
    const file = await signFile(room)
    const { Index } = await upload(cli, room, hashedrekord(room, file))
    room.write(`${name}.json`, await bundleAt(cli.stand, Index))
    artifact = file.artifact
  }
  const belief = keyed(files.trustedRoot, files.foreignRoot, "signer.pub")
  await takeBundle(room, belief, "good.json", "other.json", artifact)
}

/** Everything that rekor-cli is to do. */
export function rekorCliChecks(program: string, stand: Stand): readonly Check[] {
  const cli = { program, stand }
  return [
    { operation: "loginfo", run: (room) => readInfo(cli, room) },
    {
      operation: "upload, verify: hashedrekord",
      run: (room) => uploadAndVerify(cli, room, (file) => hashedrekord(room, file)),
    },
    {
      operation: "upload, verify: rekord, its default",
      run: (room) => uploadAndVerify(cli, room, rekord),
    },
    { operation: "get by index and UUID", run: (room) => getEntry(cli, room) },
    { operation: "get what is not there", run: (room) => getNothing(cli, room) },
    { operation: "search by digest, public key, email", run: (room) => search(cli, room) },
    { operation: "logproof", run: (room) => proveGrowth(cli, room) },
    { operation: "loginfo across a restart of the log", run: (room) => remember(cli, room) },
    {
      operation: "upload: hashedrekord, its entry for countersign verify",
      run: (room) => takeEntries(cli, room),
    },
  ]
}
