// Logs in memory as Sigstore's clients know them: Rekor v1, which promises entries with a time and has checkpoints of
// its own form, and Rekor v2, whose entries have no time. Real keys and signatures, a naive tree, no server.
import { generateKeyPairSync } from "node:crypto"
import { formatCheckpoint } from "../../src/core/note/checkpoint.ts"
import { parseVkey } from "../../src/core/note/note.ts"
import { parseOrigin } from "../../src/core/note/origin.ts"
import { asHash } from "../../src/core/tree/hash.ts"
import { openPemKey } from "../../src/crypto/keys/pem-key.ts"
import { createLogSigner } from "../../src/crypto/signers/log-signer.ts"
import { createRekorSigner } from "../../src/crypto/signers/rekor-signer.ts"
import { logIdOf } from "../../src/sigstore/trusted-root.ts"
import { base64 } from "../entry/signers.ts"
import { mth, path } from "../reference.ts"
import { rootLog, type Window } from "./authority.ts"

export interface EntryName {
  readonly kind: string
  readonly version: string
}

/** A TransparencyLogEntry as JSON; tests change what they like. */
export interface EntryJson {
  logIndex: string
  logId: { keyId: string }
  kindVersion: EntryName
  integratedTime?: string
  inclusionPromise?: { signedEntryTimestamp: string }
  inclusionProof?: {
    logIndex: string
    rootHash: string
    treeSize: string
    hashes: string[]
    checkpoint: { envelope: string }
  }
  canonicalizedBody: string
}

export interface Rekor {
  readonly version: 1 | 2
  /** Appends the body; `at` is the time that version 1 promises. */
  add(name: EntryName, body: Uint8Array, at: Date): Promise<EntryJson>
  /** As it stands in a trusted root. */
  trusted(validFor?: Window): object
}

const SPKI_ED25519 = Buffer.from("302a300506032b6570032100", "hex")

function pem(key: ReturnType<typeof generateKeyPairSync>["privateKey"]): string {
  return key.export({ type: "pkcs8", format: "pem" }) as string
}

/** A new log with new keys and three entries that are about nothing. */
export function makeRekor(version: 1 | 2, name = `rekor${version}.example`): Rekor {
  const origin = parseOrigin(name)
  const keys = {
    ecdsa: openPemKey(pem(generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey)),
    ed25519: openPemKey(pem(generateKeyPairSync("ed25519").privateKey)),
  }
  const signer = createLogSigner(origin, keys)
  const rekor = createRekorSigner({ origin, treeId: "2605736670972794746" }, keys.ecdsa)
  const vkey = parseVkey(signer.vkeys[version === 1 ? 0 : 1] ?? "")
  const logId = logIdOf(vkey)
  const spki =
    version === 1 ? vkey.publicKey : Uint8Array.from([...SPKI_ED25519, ...vkey.publicKey])
  const bodies: Uint8Array[] = [1, 2, 3].map((i) => Uint8Array.of(i))

  async function headOf() {
    const head = { size: bodies.length, root: asHash(mth(bodies)) }
    const checkpoint = await signer.sign(formatCheckpoint(origin, head))
    const published = { ...head, checkpoint }
    return { ...head, envelope: version === 1 ? await rekor.checkpoint(published) : checkpoint }
  }

  async function promised(body: string, index: number, at: Date) {
    const integratedTime = Math.floor(at.getTime() / 1000)
    const logID = Buffer.from(logId).toString("hex")
    const entry = { body, integratedTime, logID, logIndex: index }
    const signedEntryTimestamp = base64(await rekor.signEntry(entry))
    return { integratedTime: String(integratedTime), inclusionPromise: { signedEntryTimestamp } }
  }

  return {
    version,
    async add(kindVersion, body, at) {
      const index = bodies.push(body) - 1
      const { size, root, envelope } = await headOf()
      const canonicalizedBody = base64(body)
      return {
        logIndex: String(index),
        logId: { keyId: base64(logId) },
        kindVersion,
        ...(version === 1 && (await promised(canonicalizedBody, index, at))),
        inclusionProof: {
          logIndex: String(index),
          rootHash: base64(root),
          treeSize: String(size),
          hashes: path(index, bodies).map(base64),
          checkpoint: { envelope },
        },
        canonicalizedBody,
      }
    },
    trusted: (validFor) =>
      rootLog({
        baseUrl: `https://${name}`,
        spki,
        keyType: version === 1 ? "ecdsa-p256" : "ed25519",
        logId,
        ...(validFor && { validFor }),
      }),
  }
}
