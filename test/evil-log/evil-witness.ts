// A witness that cosigns whatever it is given, at any time it is told: for the rows of the taxonomy in which a
// witness contradicts itself. Serves what it holds like a real one.
import { createHash, generateKeyPairSync, type KeyObject, sign } from "node:crypto"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { utf8 } from "../../src/core/base/bytes.ts"
import { cosignatureMessage, timestamped } from "../../src/core/note/cosignature.ts"
import { formatNote, formatVkey, makeVkey, parseNote, type Vkey } from "../../src/core/note/note.ts"

export interface EvilWitness {
  readonly name: string
  readonly vkey: string
  readonly url: string
  /** The note with this witness's line added, of this time in Unix seconds. */
  cosign(note: string, time: number): string
  /** What the witness gives out as its newest checkpoint of the log. */
  shows: string | undefined
  /** Whether it answers at all. */
  isUp: boolean
  close(): Promise<void>
}

function publicBytes(key: KeyObject): Uint8Array {
  return new Uint8Array(key.export({ type: "spki", format: "der" }).subarray(-32))
}

function cosigned(vkey: Vkey, key: KeyObject, note: string, time: number): string {
  const { text, signatures } = parseNote(note)
  const signature = new Uint8Array(sign(null, cosignatureMessage(time, text), key))
  const { name, keyId } = vkey
  return formatNote(text, [...signatures, { name, keyId, signature: timestamped(time, signature) }])
}

export async function openEvilWitness(name: string, origin: string): Promise<EvilWitness> {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519")
  const vkey = makeVkey(name, 4, publicBytes(publicKey))
  const hash = createHash("sha256").update(utf8(origin)).digest("hex")
  const server = createServer((request, response) => {
    if (!witness.isUp) {
      response.destroy()
      return
    }
    const isAsked = request.method === "GET" && request.url === `/${hash}/checkpoint`
    if (!isAsked || witness.shows === undefined) {
      response.writeHead(404, { "content-type": "text/plain" }).end("not found\n")
      return
    }
    response.writeHead(200, { "content-type": "text/plain" }).end(witness.shows)
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const witness: EvilWitness = {
    name,
    vkey: formatVkey(vkey),
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cosign: (note, time) => cosigned(vkey, privateKey, note, time),
    shows: undefined,
    isUp: true,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return witness
}
