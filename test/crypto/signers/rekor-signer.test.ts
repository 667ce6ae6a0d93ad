import { generateKeyPairSync, verify } from "node:crypto"
import { beforeAll, describe, expect, test } from "vitest"
import { formatCheckpoint } from "../../../src/core/note/checkpoint.ts"
import { parseNote } from "../../../src/core/note/note.ts"
import { asHash } from "../../../src/core/tree/hash.ts"
import { openPemKey } from "../../../src/crypto/keys/pem-key.ts"
import { createLogSigner } from "../../../src/crypto/signers/log-signer.ts"
import { createRekorSigner } from "../../../src/crypto/signers/rekor-signer.ts"
import type { NewestHead } from "../../../src/log/ports/log.ts"
import { newDisk } from "../../log/opened-log.ts"

describe("createRekorSigner()", () => {
  const disk = newDisk()
  const root = asHash(new Uint8Array(32).fill(7))
  let signer: ReturnType<typeof createRekorSigner>
  let published: NewestHead
  beforeAll(async () => {
    signer = createRekorSigner(disk.identity, openPemKey(disk.keys.ecdsa))
    const checkpoint = await disk.signer.sign(
      formatCheckpoint(disk.identity.origin, { size: 5, root }),
    )
    published = { size: 5, root, time: 0, checkpoint }
  })

  test("has the log ID and the PEM of the ECDSA key", () => {
    expect(signer.logId).toBe(disk.identity.keyFingerprints[0])
    expect(signer.publicKeyPem).toMatch(/^-----BEGIN PUBLIC KEY-----\n/)
  })

  test("makes a checkpoint of the same head under the v1 origin, once", async () => {
    const [first, second] = await Promise.all([
      signer.checkpoint(published),
      signer.checkpoint(published),
    ])
    const { text, signatures } = parseNote(first)
    const { origin, treeId } = disk.identity
    expect(text).toBe(`${origin} - ${treeId}\n5\n${Buffer.from(root).toString("base64")}\n`)
    expect(signatures.map(({ name }) => name)).toEqual([origin])
    expect(second).toBe(first)
    const signature = signatures[0]?.signature ?? new Uint8Array(0)
    expect(verify("sha256", Buffer.from(text), signer.publicKeyPem, signature)).toBe(true)
  })

  test("signs a promise in RFC 8785 and nothing else that comes along", async () => {
    const promise = { logIndex: 3, body: "e30=", logID: "ab", integratedTime: 9, extra: "x" }
    const signature = await signer.signEntry(promise)
    const text = '{"body":"e30=","integratedTime":9,"logID":"ab","logIndex":3}'
    expect(verify("sha256", Buffer.from(text), signer.publicKeyPem, signature)).toBe(true)
  })

  async function signedByOthers(): Promise<string> {
    const pem = { type: "pkcs8", format: "pem" } as const
    const ecdsa = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export(pem)
    const ed25519 = generateKeyPairSync("ed25519").privateKey.export(pem)
    const keys = { ecdsa: openPemKey(ecdsa as string), ed25519: openPemKey(ed25519 as string) }
    const other = createLogSigner(disk.identity.origin, keys)
    return await other.sign(parseNote(published.checkpoint).text)
  }

  test.each([
    ["of another size", async () => ({ ...published, size: 6 })],
    ["of another root", async () => ({ ...published, root: asHash(new Uint8Array(32)) })],
    ["that another key signed", async () => ({ ...published, checkpoint: await signedByOthers() })],
    [
      "whose checkpoint was changed",
      async () => {
        const checkpoint = published.checkpoint.replace("\n5\n", "\n6\n")
        return { ...published, size: 6, checkpoint }
      },
    ],
  ])("does not sign a head %s", async (_, make) => {
    const head = await make()
    const error = await signer.checkpoint(head).catch((reason: unknown) => reason)
    expect(String(error)).toMatch(/bug: .*not published/)
  })
})
