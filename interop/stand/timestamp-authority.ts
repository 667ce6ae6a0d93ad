// A timestamp authority (RFC 3161) on loopback, by openssl's command line: entries of version 2 have no
// time of their own, so verifiers that demand one need it from such an authority.
import { X509Certificate } from "node:crypto"
import { createServer, type IncomingMessage, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import type { Room } from "../running/room.ts"
import { writeCertificate } from "./signing.ts"

export interface TimestampAuthority {
  /** Where requests are posted to. */
  readonly url: string
  /** As it stands in a trusted root, in JSON. */
  readonly trusted: object
  stop(): Promise<void>
}

/** sigstore-js asks for this path below the URL that it is given; others post to the URL itself. */
export const TIMESTAMP_PATH = "/api/v1/timestamp"

const CONFIGURATION = `[own]
serial = serial
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha384, sha512
ess_cert_id_alg = sha256
`

async function writeCertificates(room: Room): Promise<void> {
  await writeCertificate(room, {
    name: "root",
    extensions: ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign"],
  })
  await writeCertificate(room, {
    name: "tsa",
    issuer: "root",
    extensions: [
      "basicConstraints=critical,CA:FALSE",
      "keyUsage=critical,digitalSignature",
      "extendedKeyUsage=critical,timeStamping",
    ],
  })
  room.write("tsa.cnf", CONFIGURATION)
  room.write("serial", "01\n")
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** Brings sigstore-js's form of a request into the one of the RFC. */
async function writeQuery(room: Room, body: Buffer): Promise<void> {
  if (body[0] !== "{".charCodeAt(0)) {
    room.write("query", body)
    return
  }
  const { artifactHash } = JSON.parse(body.toString()) as { readonly artifactHash: string }
  const digest = Buffer.from(artifactHash, "base64").toString("hex")
  const words = ["openssl", "ts", "-query", "-digest", digest, "-sha256", "-cert"]
  await room.run([...words, "-out", "query"])
}

async function timestamp(room: Room, body: Buffer): Promise<Buffer> {
  await writeQuery(room, body)
  const how = ["-config", "tsa.cnf", "-section", "own", "-signer", "tsa.crt", "-inkey", "tsa.pem"]
  await room.run(["openssl", "ts", "-reply", "-queryfile", "query", "-out", "reply", ...how])
  return room.readBytes("reply")
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** Serves timestamps one at a time; its keys and files are in `room`. */
export async function serveTimestamps(room: Room): Promise<TimestampAuthority> {
  await writeCertificates(room)
  let last: Promise<unknown> = Promise.resolve()
  const server = createServer(async (request, response) => {
    const body = await readBody(request)
    const reply = last.then(() => timestamp(room, body))
    last = reply.catch(() => {})
    try {
      const content = await reply
      response.writeHead(201, { "content-type": "application/timestamp-reply" }).end(content)
    } catch (error) {
      response.writeHead(400, { "content-type": "text/plain" }).end(String(error))
    }
  })
  const url = await listen(server)
  const certificates = ["tsa.crt", "root.crt"].map((name) => ({
    rawBytes: new X509Certificate(room.read(name)).raw.toString("base64"),
  }))
  return {
    url,
    trusted: {
      subject: { organization: "countersign", commonName: "tsa" },
      uri: url,
      certChain: { certificates },
      validFor: { start: "2020-01-01T00:00:00Z" },
    },
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
