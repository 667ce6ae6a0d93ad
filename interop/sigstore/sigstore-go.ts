// The example programs of sigstore-go on both Rekor APIs. They sign with a key that they make and print.
import type { Check } from "../running/check.ts"
import type { Room } from "../running/room.ts"
import { writeArtifact } from "../stand/signing.ts"
import { type ApiVersion, expectMatch, type Stand } from "../stand/stand.ts"
import { TIMESTAMP_PATH } from "../stand/timestamp-authority.ts"
import { foreignReason, refuseWrongBundles } from "./damage.ts"

export interface SigstoreGo {
  readonly signing: string
  readonly verification: string
  readonly stand: Stand
}

/** What verifying takes; entries of version 2 need a timestamp, which their trusted root provides for. */
export interface Trust {
  readonly root: string
  readonly config: string
  readonly words: readonly string[]
}

function readJson(room: Room, path: string): object {
  return JSON.parse(room.read(path)) as object
}

export function trustOf({ stand }: SigstoreGo, room: Room, version: ApiVersion): Trust {
  const { files, timestamps } = stand
  if (version === 1) return { root: files.trustedRoot, config: files.signing[1], words: [] }
  const root = { ...readJson(room, files.trustedRoot), timestampAuthorities: [timestamps.trusted] }
  const authority = {
    url: timestamps.url + TIMESTAMP_PATH,
    majorApiVersion: 1,
    validFor: { start: "2020-01-01T00:00:00Z" },
    operator: "tsa",
  }
  const signing = readJson(room, files.signing[2])
  const config = { ...signing, tsaUrls: [authority], tsaConfig: { selector: "ANY" } }
  return {
    root: room.write("root.json", JSON.stringify(root)),
    config: room.write("config.json", JSON.stringify(config)),
    words: ["-tsa"],
  }
}

/** Writes NAME.json and, unless it signs by an identity, NAME.pub. */
export async function sign(
  { signing }: SigstoreGo,
  room: Room,
  { root, config, words }: Trust,
  content: readonly string[],
  name: string,
): Promise<void> {
  const trust = ["-signing-config", config, "-trusted-root", root]
  const { stdout } = await room.run([signing, "-rekor", ...words, ...trust, ...content])
  const key = /-----BEGIN PUBLIC KEY-----[\s\S]*-----END PUBLIC KEY-----\n/
  if (!words.includes("-id-token")) {
    room.write(`${name}.pub`, expectMatch(stdout, key, "the key that it prints")[0])
  }
  room.write(`${name}.json`, expectMatch(stdout, /^\{.*\}$/m, "the bundle that it prints")[0])
}

export function verify(
  { verification }: SigstoreGo,
  root: string,
  artifact: string,
  bundle: string,
): readonly string[] {
  const trust = ["-publicKey", "good.pub", "-trustedrootJSONpath", root, "-requireCTlog=false"]
  return [verification, ...trust, "-artifact", artifact, bundle]
}

async function signAndVerify(go: SigstoreGo, room: Room, version: ApiVersion): Promise<void> {
  const trust = trustOf(go, room, version)
  const artifact = writeArtifact(room)
  await sign(go, room, trust, [artifact], "good")
  await room.run(verify(go, trust.root, artifact, "good.json"))
}

async function attestAndVerify(go: SigstoreGo, room: Room, version: ApiVersion): Promise<void> {
  const trust = trustOf(go, room, version)
  const artifact = writeArtifact(room)
  const { stdout } = await room.run(["openssl", "dgst", "-sha256", "-r", artifact])
  const subject = [{ name: artifact, digest: { sha256: stdout.split(" ", 1)[0] } }]
  const type = { _type: "https://in-toto.io/Statement/v1", predicateType: "https://example.com/p" }
  room.write("statement.json", JSON.stringify({ ...type, subject, predicate: { reviewed: true } }))
  await sign(go, room, trust, ["-in-toto", "statement.json"], "good")
  await room.run(verify(go, trust.root, artifact, "good.json"))
}

async function refuseWrong(go: SigstoreGo, room: Room, version: ApiVersion): Promise<void> {
  const trust = trustOf(go, room, version)
  const [artifact, other] = [writeArtifact(room), writeArtifact(room, "other.txt")]
  await sign(go, room, trust, [other], "other")
  await sign(go, room, trust, [artifact], "good")
  await room.run(verify(go, trust.root, artifact, "good.json"))
  const verification = (bundle: string) => verify(go, trust.root, artifact, bundle)
  await refuseWrongBundles(room, "good.json", "other.json", verification)
  const { tlogs } = readJson(room, go.stand.files.foreignRoot) as { readonly tlogs: object }
  const foreign = room.write(
    "foreign.json",
    JSON.stringify({ ...readJson(room, trust.root), tlogs }),
  )
  await room.refused(verify(go, foreign, artifact, "good.json"), foreignReason)
}

/** Why the programs of a version cannot be used with a log of one's own. */
export function sigstoreGoLack(version: string): string | undefined {
  return version.startsWith("0.")
    ? "its programs sign for the public log only and verify certificates only"
    : undefined
}

/** `program` gives the path of one of its programs. */
export function sigstoreGo(program: (name: string) => string, stand: Stand): SigstoreGo {
  const signing = program("sigstore-go-signing")
  return { signing, verification: program("sigstore-go-verification"), stand }
}

/** Everything that sigstore-go is to do by itself. */
export function sigstoreGoChecks(go: SigstoreGo): readonly Check[] {
  return ([2, 1] as const).flatMap((version) => [
    {
      operation: `API v${version}: sign, verify`,
      run: (room) => signAndVerify(go, room, version),
    },
    {
      operation: `API v${version}: sign, verify: in-toto statement`,
      run: (room) => attestAndVerify(go, room, version),
    },
    {
      operation: `API v${version}: refuses another's entry, proof, checkpoint, log key`,
      run: (room) => refuseWrong(go, room, version),
    },
  ])
}
