// `countersign sign` with a key file that cosign has made, for the clients that verify what comes of it.
import type { Room } from "../running/room.ts"
import { countersign } from "../stand/served-log.ts"
import { writeArtifact } from "../stand/signing.ts"
import { expectSame, type Stand } from "../stand/stand.ts"
import { entryOf } from "./damage.ts"

const PASSPHRASE = { COSIGN_PASSWORD: "of the interop run" }

/** What is signed: the file's bytes, or a statement about it. */
export type SignedForm = "file" | "statement"

/** As the statement is logged for cosign and sigstore-go, and for sigstore-js. */
export type EntryKind = "hashedrekord" | "dsse"

export function formWords(form: SignedForm): readonly string[] {
  return form === "file" ? [] : ["--predicate", "predicate.json", "--predicate-type", "custom"]
}

/** Writes cosign.key, which has a passphrase, and cosign.pub. */
export async function makeCosignKey(cosign: string, room: Room): Promise<void> {
  await room.run([cosign, "generate-key-pair"], PASSPHRASE)
  room.write("predicate.json", '{"reviewed":true}\n')
}

/** Signs with cosign.key; `words` say what, and where its bundle goes. */
export async function sign(stand: Stand, room: Room, words: readonly string[]): Promise<void> {
  const trust = ["--log", stand.log.url, "--trusted-root", stand.files.trustedRoot]
  await room.run([...countersign, "sign", ...trust, "--key", "cosign.key", ...words], PASSPHRASE)
}

/** Signs two files, into good.json and other.json, and the first of them twice, which must be one entry. Gives its name. */
export async function signTwo(
  stand: Stand,
  room: Room,
  form: SignedForm,
  kind: EntryKind,
): Promise<string> {
  const [artifact, other] = [writeArtifact(room), writeArtifact(room, "other.txt")]
  const signed = [
    ["other.json", other],
    ["good.json", artifact],
    ["again.json", artifact],
  ] as const
  for (const [bundle, file] of signed) {
    await sign(stand, room, [
      ...formWords(form),
      "--entry-kind",
      kind,
      "--artifact",
      file,
      "--bundle",
      bundle,
    ])
  }
  const [first, again] = [room.read("good.json"), room.read("again.json")].map(entryOf)
  expectSame(again?.logIndex, first?.logIndex, "index of what was signed twice")
  return artifact
}
