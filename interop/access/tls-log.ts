// A log that speaks TLS itself, with certificates of private authorities: one for the server, one for its clients.
// Anyone may read; entries are taken from writers with a token or with a certificate that the access rules name.
import type { Room } from "../running/room.ts"
import { freePort } from "../running/service.ts"
import { type ClosedLog, pinLog } from "../stand/closed-log.ts"
import { countersign } from "../stand/served-log.ts"
import { writeCertificate } from "../stand/signing.ts"

export interface TlsLog extends Pick<ClosedLog, "url" | "data" | "pinned" | "logKey"> {
  /** The server's authority, as PEM. */
  readonly authority: string
}

const ACCESS = `anonymous: [read]
certificates:
  - name: builders
    subject-alternative-name: spiffe://interop/build/*
    scopes: [submit]
`

const CA = ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign"]

/** Writes BUILD.pem and .crt, a client's of the authority that the log knows, and others that it is not to take. */
async function writeCertificates(room: Room): Promise<void> {
  for (const name of ["authority", "clients", "strangers"]) {
    await writeCertificate(room, { name, extensions: CA })
  }
  const leaves = [
    ["server", "authority", "subjectAltName=DNS:localhost,IP:127.0.0.1", "serverAuth"],
    ["build", "clients", "subjectAltName=URI:spiffe://interop/build/one", "clientAuth"],
    ["visitor", "clients", "subjectAltName=URI:spiffe://interop/visit/one", "clientAuth"],
    ["forged", "strangers", "subjectAltName=URI:spiffe://interop/build/one", "clientAuth"],
  ] as const
  for (const [name, issuer, names, usage] of leaves) {
    const extensions = ["basicConstraints=critical,CA:FALSE", names, `extendedKeyUsage=${usage}`]
    await writeCertificate(room, { name, issuer, extensions })
  }
}

/** Makes one in the room, and serves it until the room is left. */
export async function serveTlsLog(room: Room): Promise<TlsLog> {
  await writeCertificates(room)
  const port = await freePort()
  const url = `https://localhost:${port}`
  const data = room.path("tls-log")
  const tls = ["--tls-certificate", "server.crt", "--tls-key", "server.pem"]
  const clients = ["--tls-client-ca", "clients.crt", "--access", room.write("access.yml", ACCESS)]
  const serve = [...countersign, "serve", "--dev", "--data", data, ...tls, ...clients]
  await room.serve({
    words: (address) => [...serve, "--listen", `127.0.0.1:${port}`, "--admin-listen", address],
    probe: "/metrics",
  })
  const pinned = await pinLog(data, url, room.folder)
  return { url, data, ...pinned, authority: room.path("authority.crt") }
}
