// A log in memory for the offline verifier's tests: real keys and checkpoints, a naive tree, no server.
import { generateKeyPairSync } from "node:crypto"
import type { Receipt } from "../../src/client/receipt.ts"
import { formatCheckpoint } from "../../src/core/note/checkpoint.ts"
import { parseVkey } from "../../src/core/note/note.ts"
import { parseOrigin } from "../../src/core/note/origin.ts"
import { asHash } from "../../src/core/tree/hash.ts"
import { openPemKey } from "../../src/crypto/keys/pem-key.ts"
import { createLogSigner } from "../../src/crypto/signers/log-signer.ts"
import type { EntryRequest } from "../../src/entry/kinds/registry.ts"
import { proposeEntry } from "../../src/entry/kinds/request.ts"
import { verifyPortably } from "../../src/entry/portable-verification.ts"
import {
  formatTrustedRoot,
  type PinnedLog,
  parseTrustedRoot,
} from "../../src/sigstore/trusted-root.ts"
import { mth, path, sha256 } from "../reference.ts"

export interface MadeLog {
  readonly origin: string
  readonly vkeys: readonly string[]
  readonly ecdsaSpki: Uint8Array
  readonly trustedRoot: readonly PinnedLog[]
  /** Appends the request's body and gives the receipt under the newest head. */
  add(request: EntryRequest): Promise<Receipt>
  /** Appends a body as it is. */
  addBody(body: Uint8Array): Promise<Receipt>
}

function pem(key: ReturnType<typeof generateKeyPairSync>["privateKey"]): string {
  return key.export({ type: "pkcs8", format: "pem" }) as string
}

function bodyOf(request: EntryRequest): Uint8Array {
  const { claims, body } = proposeEntry(request)
  return body(claims.map((checks) => checks.findIndex(verifyPortably)))
}

/** A new log with new keys. `cosign` may add lines to each checkpoint's note. */
export function makeLog(
  name = "log.example",
  cosign = (note: string, _text: string) => note,
): MadeLog {
  const origin = parseOrigin(name)
  const signer = createLogSigner(origin, {
    ecdsa: openPemKey(pem(generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey)),
    ed25519: openPemKey(pem(generateKeyPairSync("ed25519").privateKey)),
  })
  const bodies: Uint8Array[] = []

  async function addBody(body: Uint8Array): Promise<Receipt> {
    const index = bodies.push(body) - 1
    const head = { size: bodies.length, root: asHash(mth(bodies)) }
    const text = formatCheckpoint(origin, head)
    return {
      index,
      leafHash: sha256(Uint8Array.of(0), body),
      body,
      proof: { ...head, index, hashes: path(index, bodies) },
      checkpoint: cosign(await signer.sign(text), text),
    }
  }

  const ecdsaSpki = parseVkey(signer.vkeys[0] ?? "").publicKey
  const root = { baseUrl: `https://${name}`, spki: ecdsaSpki, validFrom: new Date(0) }
  return {
    origin: name,
    vkeys: signer.vkeys,
    ecdsaSpki,
    trustedRoot: parseTrustedRoot(formatTrustedRoot([root])),
    add: (request) => addBody(bodyOf(request)),
    addBody,
  }
}
