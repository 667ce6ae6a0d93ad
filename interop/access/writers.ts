// The clients that carry a token in the log's URL, which is the only way that they know.
import "../sigstore/loopback.ts"
import { createHash } from "node:crypto"
import type { Check } from "../running/check.ts"
import type { Room } from "../running/room.ts"
import { bundleAbout } from "../sigstore/entry-bundle.ts"
import { commit, GITSIGN_LOG } from "../sigstore/gitsign.ts"
import { keyless } from "../sigstore/own-verifier.ts"
import type { SigstoreGo } from "../sigstore/sigstore-go.ts"
import { sign as signWithGo, trustOf, verify as verificationOfGo } from "../sigstore/sigstore-go.ts"
import {
  type Artifact,
  type Key,
  newKey,
  readRoot,
  signed,
  text,
  verify,
} from "../sigstore/sigstore-js.ts"
import type { Door } from "../stand/closed-log.ts"
import { countersign } from "../stand/served-log.ts"
import { type SignedFile, signFile, writeArtifact } from "../stand/signing.ts"
import { type ApiVersion, apiVersions, type Stand } from "../stand/stand.ts"
import { tryWriting, type Writing } from "./writing.ts"

const KEY = ["--key", "cosign.key", "--yes"]
const PUBLIC = ["--key", "cosign.pub"]
const FILE = "artifact.txt"

function checkOf(stand: Stand, writing: Writing, title = `API v${writing.version}`): Check {
  return {
    operation: `${title}: writes with a token, refused without`,
    run: (room) => tryWriting(stand, room, writing),
  }
}

function cosignKeys(program: string): Writing["prepare"] {
  return async (room) => {
    writeArtifact(room)
    await room.run([program, "generate-key-pair"])
  }
}

function cosign3Writing(program: string, version: ApiVersion): Writing {
  return {
    version,
    prepare: cosignKeys(program),
    async write(room, { signingConfig, trustedRoot }, name) {
      const how = ["--signing-config", signingConfig, "--trusted-root", trustedRoot]
      await room.run([program, "sign-blob", ...KEY, ...how, "--bundle", `${name}.json`, FILE])
    },
    async verify(room, { trustedRoot }, name) {
      const what = ["--trusted-root", trustedRoot, "--bundle", `${name}.json`, FILE]
      await room.run([program, "verify-blob", ...PUBLIC, ...what])
    },
  }
}

/** cosign 3 at a log that is closed to strangers. */
export function cosign3WriterChecks(program: string, stand: Stand): readonly Check[] {
  return apiVersions.map((version) => checkOf(stand, cosign3Writing(program, version)))
}

/** With both of its forms of bundle. */
function cosign2Writing(program: string, isOld: boolean): Writing {
  const form = isOld ? [] : ["--new-bundle-format"]
  return {
    version: 1,
    prepare: cosignKeys(program),
    async write(room, { url }, name) {
      const how = ["--rekor-url", url, ...form, "--bundle", `${name}.json`]
      await room.run([program, "sign-blob", ...KEY, ...how, FILE])
    },
    async verify(room, { trustedRoot, logKey }, name) {
      const trust = isOld ? ["--offline"] : [...form, "--trusted-root", trustedRoot]
      const what = [...trust, "--bundle", `${name}.json`, FILE]
      const env = isOld ? { SIGSTORE_REKOR_PUBLIC_KEY: logKey } : {}
      await room.run([program, "verify-blob", ...PUBLIC, ...what], env)
    },
  }
}

/** cosign 2 at a log that is closed to strangers. */
export function cosign2WriterChecks(program: string, stand: Stand): readonly Check[] {
  return [
    checkOf(stand, cosign2Writing(program, true), "old bundle"),
    checkOf(stand, cosign2Writing(program, false), "new bundle"),
  ]
}

function hashedrekord({ signature, publicKey }: SignedFile, digest: string): readonly string[] {
  const form = ["--type", "hashedrekord:0.0.1", "--pki-format", "x509"]
  const what = ["--artifact-hash", digest, "--signature", signature, "--public-key", publicKey]
  return [...form, ...what]
}

/** rekor-cli at a log that is closed to strangers; strangers ask whether the entry is there. */
export function rekorCliWriterChecks(program: string, stand: Stand): readonly Check[] {
  let words: readonly string[] = []
  const at = (url: string) => [program, "--rekor_server", url]
  const writing: Writing = {
    version: 1,
    async prepare(room) {
      const file = await signFile(room)
      const digest = createHash("sha256").update(room.readBytes(file.artifact)).digest("hex")
      words = hashedrekord(file, digest)
    },
    async write(room, { url }) {
      await room.run([...at(url), "upload", ...words])
    },
    async verify(room, { url }) {
      await room.run([...at(url), "verify", ...words])
    },
  }
  return [checkOf(stand, writing)]
}

function goWriting(go: SigstoreGo, version: ApiVersion): Writing {
  return {
    version,
    prepare(room) {
      writeArtifact(room)
      return Promise.resolve()
    },
    async write(room, { trustedRoot, signingConfig }, name) {
      const trust = trustOf(goAt(go, trustedRoot, signingConfig), room, version)
      await signWithGo(go, room, trust, [FILE], name)
    },
    async verify(room, { trustedRoot, signingConfig }, name) {
      const { root } = trustOf(goAt(go, trustedRoot, signingConfig), room, version)
      await room.run(verificationOfGo(go, root, FILE, `${name}.json`))
    },
  }
}

/** The same programs with the files of another log. */
function goAt({ stand, ...go }: SigstoreGo, trustedRoot: string, config: string): SigstoreGo {
  const files = { ...stand.files, trustedRoot, signing: { 1: config, 2: config } }
  return { ...go, stand: { ...stand, files } }
}

/** sigstore-go at a log that is closed to strangers. */
export function sigstoreGoWriterChecks(go: SigstoreGo): readonly Check[] {
  return apiVersions.map((version) => checkOf(go.stand, goWriting(go, version)))
}

function jsWriting({ timestamps }: Stand, majorApiVersion: ApiVersion): Writing {
  const artifact: Artifact = { data: Buffer.from("an artifact\n"), type: "" }
  const key: Key = newKey()
  return {
    version: majorApiVersion,
    prepare: () => Promise.resolve(),
    async write(room, { url, trustedRoot }, name) {
      const at = { url, trustedRoot, foreignRoot: trustedRoot, timestamps }
      room.write(
        `${name}.json`,
        text(await signed(at, key, artifact, "message", { majorApiVersion })),
      )
    },
    verify(room, { trustedRoot }, name) {
      const times = majorApiVersion === 1 ? 1 : 0
      const how = { root: readRoot(trustedRoot), key, artifact, timestamps: times }
      verify(room.read(`${name}.json`), how)
      return Promise.resolve()
    },
  }
}

/** sigstore-js at a log that is closed to strangers. */
export function sigstoreJsWriterChecks(stand: Stand): readonly Check[] {
  return apiVersions.map((version) => checkOf(stand, jsWriting(stand, version)))
}

/** What a stranger verifies of an identity's entries, by the authority of the stand and the key of the closed log. */
function keylessRoot({ keyless }: Stand, { trustedRoot }: Door, room: Room): string {
  const { tlogs } = readRoot(trustedRoot) as { readonly tlogs: object }
  return room.write("keyless.json", JSON.stringify({ ...readRoot(keyless.trustedRoot), tlogs }))
}

/** gitsign at a log that is closed to strangers. */
export function gitsignWriterChecks(program: string, stand: Stand): readonly Check[] {
  const writing: Writing = {
    version: 1,
    async prepare(room) {
      await room.run(["git", "init", "--quiet"])
    },
    async write(room, { url }, name) {
      const signed = commit({ program, stand }, room, name, url)
      const identifier = await signed.catch((cause: unknown) => {
        throw new Error(room.has(GITSIGN_LOG) ? room.read(GITSIGN_LOG) : "git", { cause })
      })
      room.write(`${name}.txt`, identifier)
    },
    async verify(room, door, name) {
      const digest = createHash("sha256")
        .update(room.read(`${name}.txt`))
        .digest("hex")
      room.write(`${name}.json`, await bundleAbout({ log: stand.closed }, digest))
      const { words } = keyless(keylessRoot(stand, door, room), "")
      const what = ["--bundle", `${name}.json`, "--artifact", `${name}.txt`]
      await room.run([...countersign, "verify", ...words, ...what])
    },
  }
  return [checkOf(stand, writing, "keyless, API v1")]
}
