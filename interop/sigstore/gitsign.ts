// gitsign: commits signed by an identity, logged on the Rekor API v1. What it logs is the commit's identifier as text,
// signed for the log alone, so that only the log has what a verifier needs. `gitsign verify` is left out: it asks for
// the public service's root of trust wherever it runs.
import { createHash } from "node:crypto"
import type { Check } from "../running/check.ts"
import type { Room } from "../running/room.ts"
import { ISSUER } from "../stand/identity.ts"
import { expectMatch, type Stand } from "../stand/stand.ts"
import { bundleAbout } from "./entry-bundle.ts"
import { keyless, takeBundle } from "./own-verifier.ts"

interface Gitsign {
  readonly program: string
  readonly stand: Stand
}

/** Where gitsign writes why it failed: git passes on no more than that it did. */
export const GITSIGN_LOG = "gitsign.log"

/** Gives the identifier of a new signed commit, logged at `log`. */
export async function commit(
  { program, stand }: Gitsign,
  room: Room,
  message: string,
  log = stand.log.url,
): Promise<string> {
  const env = {
    ...stand.keyless.env,
    GITSIGN_FULCIO_URL: stand.fulcio.url,
    GITSIGN_REKOR_URL: log,
    GITSIGN_OIDC_ISSUER: ISSUER,
    GITSIGN_TOKEN_PROVIDER: "envvar",
    GITSIGN_LOG: room.path(GITSIGN_LOG),
    SIGSTORE_ID_TOKEN: stand.fulcio.issuer.token(),
  }
  const settings = {
    "user.name": "signer",
    "user.email": "signer@example.org",
    "gpg.format": "x509",
    "gpg.x509.program": program,
  }
  const words = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`])
  const commitment = ["commit", "--quiet", "--allow-empty", "-S", "-m", message]
  await room.run(["git", ...words, ...commitment], env)
  const { stdout } = await room.run(["git", "rev-parse", "HEAD"])
  return expectMatch(stdout, /^[0-9a-f]{40}/, "git rev-parse")[0]
}

async function takeCommits(gitsign: Gitsign, room: Room): Promise<void> {
  const { stand } = gitsign
  await room.run(["git", "init", "--quiet"])
  for (const name of ["other", "good"]) {
    const identifier = await commit(gitsign, room, name)
    room.write(`${name}.txt`, identifier)
    const digest = createHash("sha256").update(identifier).digest("hex")
    room.write(`${name}.json`, await bundleAbout(stand, digest))
  }
  const { trustedRoot, foreignRoot } = stand.keyless
  await takeBundle(room, keyless(trustedRoot, foreignRoot), "good.json", "other.json", "good.txt")
}

/** Everything that gitsign is to do. */
export function gitsignChecks(program: string, stand: Stand): readonly Check[] {
  return [
    {
      operation: "keyless, API v1: commit -S, its entry for countersign verify",
      run: (room) => takeCommits({ program, stand }, room),
    },
  ]
}
