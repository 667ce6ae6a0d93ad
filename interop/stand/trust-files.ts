// What clients are configured with: the files that `countersign trust` and `countersign keys` write for the
// log, and the same for another log in its name.
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { fetchText } from "../running/service.ts"
import { runCountersign, type ServedLog } from "./served-log.ts"

export interface TrustFiles {
  readonly trustedRoot: string
  /** Signing configs with one Rekor API each, and with both, as the log itself gives it. */
  readonly signing: Readonly<Record<1 | 2, string>>
  readonly signingBoth: string
  /** The log's key as PEM. */
  readonly logKey: string
  /** Another log's key under this log's URL. */
  readonly foreignRoot: string
  readonly foreignKey: string
}

/** Writes all of them below `folder`. */
export async function writeTrustFiles(log: ServedLog, folder: string): Promise<TrustFiles> {
  const path = (name: string) => join(folder, name)
  const write = (name: string, text: string) => {
    writeFileSync(path(name), text)
    return path(name)
  }
  const keys = (data: string, ...words: readonly string[]) =>
    runCountersign(["keys", "--data", data, ...words], folder)
  const rootOf = (data: string) => keys(data, "--format", "trusted-root", "--url", log.url)
  const pinned = write("pinned.json", await rootOf(log.data))
  const trust = (out: string, ...words: readonly string[]) =>
    runCountersign(
      ["trust", "--log", log.url, "--trusted-root", pinned, "--out", out, ...words],
      folder,
    )
  await trust(path("trust-2"))
  await trust(path("trust-1"), "--api-version", "1")
  await runCountersign(["init", "--data", path("foreign"), "--origin", "localhost"], folder)
  return {
    trustedRoot: path("trust-2/trusted_root.json"),
    signing: {
      1: path("trust-1/signing_config.json"),
      2: path("trust-2/signing_config.json"),
    },
    signingBoth: write("both.json", await fetchText(`${log.url}/v1/signing-config.json`)),
    logKey: write("log.pub", await keys(log.data, "--format", "pem")),
    foreignRoot: write("foreign.json", await rootOf(path("foreign"))),
    foreignKey: write("foreign.pub", await keys(path("foreign"), "--format", "pem")),
  }
}
