// A log whose keys are not in its own files: cosign 3 signs into it over both Rekor APIs, and verifies.
import { existsSync } from "node:fs"
import { join } from "node:path"
import type { Check } from "../running/check.ts"
import type { Room } from "../running/room.ts"
import { openDoor, pinLog, sizeOf } from "../stand/closed-log.ts"
import { countersign } from "../stand/served-log.ts"
import { writeArtifact } from "../stand/signing.ts"
import { apiVersions, expectSame } from "../stand/stand.ts"
import { agentPlace, lackOf, type Place, signerPlace, tokenPlace } from "./places.ts"

const DATA = "remote-log"

/** Makes a log whose keys are there, and serves it until the room is left. */
async function serveRemoteLog(room: Room, { words, env }: Place) {
  await room.run([...countersign, "init", "--data", DATA, "--origin", "localhost", ...words], env)
  const serve = [...countersign, "serve", "--data", DATA, ...words]
  const service = await room.serve({
    words: (address) => [...serve, "--listen", address],
    probe: "/readyz",
    env,
  })
  const url = service.url.replace("127.0.0.1", "localhost")
  const data = room.path(DATA)
  // The public halves of keys elsewhere are in the data directory, those of a signer's are not.
  const signer = words.includes("--signer") ? words : []
  return { url, ...(await pinLog(data, url, room.folder, signer)) }
}

async function signAndVerify(cosign: string, room: Room, place: Place): Promise<void> {
  const log = await serveRemoteLog(room, place)
  const secrets = ["ecdsa.pem", "ed25519.pem"].map((name) => join(room.path(DATA), "keys", name))
  expectSame(
    secrets.filter((path) => existsSync(path)),
    [],
    "keys in the log's own files",
  )
  const artifact = writeArtifact(room)
  await room.run([cosign, "generate-key-pair"])
  for (const version of apiVersions) {
    const door = await openDoor(log, room, `v${version}`, ["--api-version", String(version)])
    const bundle = ["--trusted-root", door.trustedRoot, "--bundle", `v${version}.json`, artifact]
    const how = ["--key", "cosign.key", "--yes", "--signing-config", door.signingConfig]
    await room.run([cosign, "sign-blob", ...how, ...bundle])
    await room.run([cosign, "verify-blob", "--key", "cosign.pub", ...bundle])
  }
  expectSame(await sizeOf(log), 2, "size of the log")
}

interface Kind {
  readonly title: string
  readonly open: (room: Room) => Promise<Place>
  readonly lack?: string | undefined
}

const kinds: readonly Kind[] = [
  {
    title: "OpenSSH's agent",
    open: agentPlace,
    lack: lackOf(["ssh-agent", "ssh-add", "ssh-keygen"], "openssh-client"),
  },
  {
    title: "a token of SoftHSM2",
    open: tokenPlace,
    lack: lackOf(["softhsm2-util", "pkcs11-tool"], "softhsm2, opensc"),
  },
  { title: "a signer process", open: signerPlace },
]

/** Everything about a log's keys that cosign 3 is to see nothing of. */
export function keyChecks(cosign: string): readonly Check[] {
  return kinds.map(({ title, open, lack }) => ({
    operation: `the log's keys in ${title}: sign-blob, verify-blob`,
    run: async (room) => await signAndVerify(cosign, room, await open(room)),
    ...(lack === undefined ? {} : { lack }),
  }))
}
