// A log in memory behind a listening HTTP server, and signed submissions for it.
import { createHash, generateKeyPairSync, sign } from "node:crypto"
import type { Server } from "node:http"
import type { AddressInfo } from "node:net"
import { openPemKey } from "../../src/crypto/keys/pem-key.ts"
import { createRekorSigner } from "../../src/crypto/signers/rekor-signer.ts"
import { dssePae } from "../../src/entry/dsse.ts"
import type { SignatureVerifier } from "../../src/entry/entry.ts"
import type { DsseRequest } from "../../src/entry/kinds/dsse-v002.ts"
import type { HashedrekordRequest } from "../../src/entry/kinds/hashedrekord-v002.ts"
import { createEntryTerms } from "../../src/entry/kinds/terms.ts"
import { verifyPortably } from "../../src/entry/portable-verification.ts"
import { createHttpServer, type HttpServerOptions } from "../../src/http/log/server.ts"
import type { LogLimits } from "../../src/log/limits.ts"
import type { Log } from "../../src/log/ports/log.ts"
import { type Publisher, publishAtOnce } from "../../src/log/ports/publishing.ts"
import type { SearchLimits } from "../../src/log/search/index.ts"
import { newDisk, openLogOn, proposalOf } from "../log/opened-log.ts"
import { notePort } from "./door/contract-check.ts"

const portable: SignatureVerifier = {
  engine: "portable",
  verify: (check) => Promise.resolve(verifyPortably(check)),
  close: () => Promise.resolve(),
}

export interface ServedLog {
  readonly log: Log
  readonly server: Server
  readonly port: number
  close(): Promise<void>
}

export interface ServedLogOptions
  extends Omit<HttpServerOptions, "log" | "rekorSigner" | "publisher"> {
  /** By default what is signed is published. */
  readonly publisher?: (log: Log) => Publisher | Promise<Publisher>
  /** Puts something in front of the log. */
  readonly log?: (log: Log) => Log
  /** By default the portable one. */
  readonly verifier?: SignatureVerifier
  readonly limits?: Partial<LogLimits & SearchLimits>
}

/** Opens an empty log and lets `server` listen on a free port of the loopback interface. */
export async function openServedLog(options: ServedLogOptions = {}): Promise<ServedLog> {
  const disk = { ...newDisk(), terms: createEntryTerms(100) }
  const { log } = await openLogOn(disk, options.limits, options.verifier ?? portable)
  const rekorSigner = createRekorSigner(disk.identity, openPemKey(disk.keys.ecdsa))
  const { publisher: makePublisher, ...others } = options
  const publisher = (await makePublisher?.(log)) ?? publishAtOnce(log)
  const own = { rekorSigner, publisher, log: options.log?.(log) ?? log }
  const http = createHttpServer({ ...others, ...own })
  await new Promise<void>((resolve) => http.server.listen(0, "127.0.0.1", resolve))
  const { port } = http.server.address() as AddressInfo
  notePort(port, "log")
  return {
    log,
    server: http.server,
    port,
    async close() {
      await http.close()
      publisher.close()
      await log.close()
    },
  }
}

/** Appends entries with made-up bodies, without signatures. */
export async function fill(log: Log, count: number): Promise<void> {
  await Promise.all(Array.from({ length: count }, (_, i) => log.add(proposalOf(`{"entry":${i}}`))))
}

const key = generateKeyPairSync("ec", { namedCurve: "P-256" })
export const publicKey = key.publicKey.export({ type: "spki", format: "der" }).toString("base64")

/** A submission whose signature holds; another artifact makes another entry. */
export function signedRequest(artifact: string): HashedrekordRequest {
  return {
    kind: "hashedrekord",
    digest: `sha256:${createHash("sha256").update(artifact).digest("hex")}`,
    signature: sign("sha256", Buffer.from(artifact), key.privateKey).toString("base64"),
    publicKey,
  }
}

/** A submission of an envelope, signed by a new key. */
export function signedEnvelope(
  statement = '{"subject":[]}',
  { publicKey, privateKey } = generateKeyPairSync("ed25519"),
): DsseRequest {
  const payload = Buffer.from(statement)
  const payloadType = "application/vnd.in-toto+json"
  const sig = sign(null, dssePae(payloadType, payload), privateKey).toString("base64")
  const spki = publicKey.export({ type: "spki", format: "der" }).toString("base64")
  return {
    kind: "dsse",
    envelope: { payload: payload.toString("base64"), payloadType, signatures: [{ sig }] },
    verifiers: [{ publicKey: spki }],
  }
}
