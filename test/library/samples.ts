// The files that the examples of the library read: a log of five entries with its pins, a bundle, a
// checkpoint that a witness has cosigned, and a case of a log that forked.
import { createHash, createPublicKey, generateKeyPairSync, sign } from "node:crypto"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import type { LogClient } from "../../src/client/log-client.ts"
import { parseCheckpoint } from "../../src/core/note/checkpoint.ts"
import { formatSignatureLine, formatVkey, parseNote } from "../../src/core/note/note.ts"
import type { EntryRequest } from "../../src/entry/kinds/registry.ts"
import { makeFork } from "../../src/evidence/head-evidence.ts"
import { anyRoot, log as forkedLog, noteOf } from "../evidence/made-cases.ts"
import { makeWorld, signIn } from "../keyless/world.ts"
import { countersign, programCommand, type ServedLog, startServing } from "../scenarios/process.ts"
import { testSigner } from "../signers.ts"

const witness = testSigner("w1.localhost", 4, 7)
const COSIGNED_AT = 1_800_000_000

function requestOf(artifact: string, privateKey: string): EntryRequest {
  return {
    kind: "hashedrekord",
    digest: `sha256:${createHash("sha256").update(artifact).digest("hex")}`,
    signature: sign("sha256", Buffer.from(artifact), privateKey).toString("base64"),
    publicKey: createPublicKey(privateKey)
      .export({ type: "spki", format: "der" })
      .toString("base64"),
  }
}

async function keysOf(data: string, format: string): Promise<string> {
  const words = format === "vkey" ? [] : ["--format", format, "--url", "http://localhost:3000"]
  return (await countersign("keys", "--data", data, ...words)).stdout
}

function cosigned(note: string): string {
  const { text } = parseNote(note)
  return note + formatSignatureLine(witness.sign(text, parseCheckpoint(text), COSIGNED_AT))
}

async function growLog(client: LogClient, put: Put): Promise<void> {
  const { privateKey, publicKey } = generateKeyPairSync("ec", {
    namedCurve: "P-256",
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  })
  const request = requestOf("hello\n", privateKey)
  put("artifact.txt", "hello\n")
  put("signer.pem", privateKey)
  put("signer.pub", publicKey)
  put("request.json", JSON.stringify(request))
  await client.submit(request)
  put("older.checkpoint", await client.checkpoint())
  for (const other of "1234") await client.submit(requestOf(other, privateKey))
  put("checkpoint", cosigned(await client.checkpoint()))
  put("artifact.txt.sigstore.json", await client.bundle(0))
  put("proof.txt", await client.tlogProof(0))
  put("entries", await client.tile({ kind: "entries", index: 0, width: 5 }))
}

/** What is signed by a certificate, logged at another log, and the trusted root that is for it. */
async function signRelease(put: Put): Promise<void> {
  const world = makeWorld()
  put("release.txt", world.artifact)
  put("release.txt.sigstore.json", JSON.stringify(await signIn(world, 2, "blob")))
  put("sigstore_root.json", world.trustedRoot)
}

type Put = (name: string, content: string | Uint8Array) => void

/** Serves a log whose data is below `folder`, and puts the files there. */
export async function makeSamples(folder: string): Promise<ServedLog> {
  const data = join(folder, "data")
  const put: Put = (name, content) => writeFileSync(join(folder, name), content)
  const words = ["serve", "--dev", "--data", data, "--listen", "127.0.0.1:0"]
  const served = await startServing([...programCommand, ...words])
  if (!("client" in served)) throw new Error(`no log is served:\n${served.stderr}`)
  await growLog(served.client, put)
  await signRelease(put)
  put("trusted_root.json", await keysOf(data, "trusted-root"))
  put("log.vkey", `${(await keysOf(data, "vkey")).trimEnd().split("\n").at(-1)}\n`)
  const logs = /^log .*$/m.exec(await keysOf(data, "policy"))?.[0]
  put("log.policy", `${logs}\nwitness w1 ${formatVkey(witness.vkey)}\nquorum w1\n`)
  const notes = [1, 2].map((seed) => noteOf({ size: 3, root: anyRoot(seed) }, [forkedLog]))
  put("case.evidence", makeFork(forkedLog.vkey, notes[0] ?? "", notes[1] ?? "").text)
  return served
}
