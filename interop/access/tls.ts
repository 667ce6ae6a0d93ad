// TLS by the log itself under a private authority: both generations of cosign with a token, our own commands, and curl
// with client certificates.
import { createHash } from "node:crypto"
import type { Check } from "../running/check.ts"
import type { Room } from "../running/room.ts"
import { type Door, makeToken, openDoor } from "../stand/closed-log.ts"
import { countersign } from "../stand/served-log.ts"
import { signFile, writeArtifact } from "../stand/signing.ts"
import { expectSame } from "../stand/stand.ts"
import { serveTlsLog, type TlsLog } from "./tls-log.ts"

interface Cosigns {
  readonly cosign2: string
  readonly cosign3: string
}

const KEY = ["--key", "cosign.key", "--yes"]
const PUBLIC = ["--key", "cosign.pub"]
const UNKNOWN_AUTHORITY = /certificate signed by unknown authority/

function certificates(name: string): Readonly<Record<string, string>> {
  return { SSL_CERT_FILE: name }
}

async function openWriter(log: TlsLog, room: Room, version: string): Promise<Door> {
  const token = await makeToken(log.data, room, "writer")
  const ours = ["--ca-file", log.authority, "--api-version", version]
  return await openDoor(log, room, "writer", [...ours, "--signing-token-file", token])
}

async function useCosign3(program: string, room: Room): Promise<void> {
  const log = await serveTlsLog(room)
  const artifact = writeArtifact(room)
  await room.run([program, "generate-key-pair"])
  const { signingConfig, trustedRoot } = await openWriter(log, room, "2")
  const trust = ["--trusted-root", trustedRoot, "--bundle", "bundle.json", artifact]
  const sign = [program, "sign-blob", ...KEY, "--signing-config", signingConfig, ...trust]
  await room.refused(sign, UNKNOWN_AUTHORITY, certificates("strangers.crt"))
  await room.run(sign, certificates(log.authority))
  await room.run([program, "verify-blob", ...PUBLIC, ...trust])
}

async function useCosign2(program: string, room: Room): Promise<void> {
  const log = await serveTlsLog(room)
  const artifact = writeArtifact(room)
  await room.run([program, "generate-key-pair"])
  const { url, logKey } = await openWriter(log, room, "1")
  const bundle = ["--bundle", "bundle.json", artifact]
  const sign = [program, "sign-blob", ...KEY, "--rekor-url", url, ...bundle]
  await room.refused(sign, UNKNOWN_AUTHORITY, certificates("strangers.crt"))
  await room.run(sign, certificates(log.authority))
  const env = { SIGSTORE_REKOR_PUBLIC_KEY: logKey }
  await room.run([program, "verify-blob", ...PUBLIC, "--offline", ...bundle], env)
}

/** With a token in a file, and without. */
async function useOurs(room: Room): Promise<void> {
  const log = await serveTlsLog(room)
  const { artifact, publicKey } = await signFile(room)
  const token = await makeToken(log.data, room, "writer")
  const trust = ["--trusted-root", log.pinned]
  const sign = [...countersign, "sign", "--log", log.url, ...trust, "--retries", "0"]
  const what = ["--artifact", artifact, "--key", "signer.pem", "--bundle", "bundle.json"]
  const writer = ["--token-file", token]
  const authority = ["--ca-file", log.authority]
  await room.refused([...sign, ...what, ...writer], /certificate/)
  await room.refused([...sign, ...what, ...authority], /401|unauthenticated/)
  await room.run([...sign, ...what, ...writer, ...authority])
  const verify = ["verify", "--bundle", "bundle.json", "--artifact", artifact, "--key", publicKey]
  await room.run([...countersign, ...verify, ...trust])
}

/** A submission as JSON, in a file. */
async function writeSubmission(room: Room): Promise<string> {
  const { artifact, signature } = await signFile(room)
  await room.run([
    "openssl",
    "pkey",
    "-in",
    "signer.pem",
    "-pubout",
    "-outform",
    "DER",
    "-out",
    "key",
  ])
  const request = {
    kind: "hashedrekord",
    digest: `sha256:${createHash("sha256").update(room.readBytes(artifact)).digest("hex")}`,
    signature: room.readBytes(signature).toString("base64"),
    publicKey: room.readBytes("key").toString("base64"),
  }
  return room.write("request.json", JSON.stringify(request))
}

/** The status that curl gets for a submission with the certificate NAME; 000 where TLS turned it away. */
async function postWithCurl(log: TlsLog, room: Room, name?: string): Promise<string> {
  const certificate = name === undefined ? [] : ["--cert", `${name}.crt`, "--key", `${name}.pem`]
  const body = ["-H", "content-type: application/json", "--data-binary", "@request.json"]
  const how = [
    "-sS",
    "--noproxy",
    "*",
    "-o",
    "answer.json",
    "-w",
    "%{http_code}",
    "--cacert",
    log.authority,
  ]
  const { stdout } = await room.run([
    ...["sh", "-c", '"$@" || [ $? = 56 ] || [ $? = 35 ]', "sh"],
    ...["curl", ...how, ...certificate, ...body, `${log.url}/v1/entries`],
  ])
  return stdout.trim()
}

async function useCurl(room: Room): Promise<void> {
  const log = await serveTlsLog(room)
  await writeSubmission(room)
  expectSame(await postWithCurl(log, room), "401", "without a certificate")
  expectSame(await postWithCurl(log, room, "visitor"), "401", "with a certificate of no writer")
  const forged = await postWithCurl(log, room, "forged")
  if (forged !== "000" && forged !== "401") {
    throw new Error(
      `with another authority's certificate: expected 401 or nothing, found ${forged}`,
    )
  }
  expectSame(await postWithCurl(log, room, "build"), "201", "with a writer's certificate")
}

/** Everything that is to be done over TLS. */
export function tlsChecks({ cosign2, cosign3 }: Cosigns): readonly Check[] {
  return [
    {
      operation: "cosign 3, API v2: sign-blob with a token, SSL_CERT_FILE",
      run: (room) => useCosign3(cosign3, room),
    },
    {
      operation: "cosign 2, API v1: sign-blob with a token, SSL_CERT_FILE",
      run: (room) => useCosign2(cosign2, room),
    },
    { operation: "countersign sign, --token-file and --ca-file", run: useOurs },
    { operation: "curl with a client certificate, and with wrong ones", run: useCurl },
  ]
}
