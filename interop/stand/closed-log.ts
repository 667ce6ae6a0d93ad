// A log that anyone may read and that takes entries only from writers with a token, and the doors that it has for
// clients: files of `countersign trust`, with a token in the signing config or without.
import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { Room } from "../running/room.ts"
import { fetchText } from "../running/service.ts"
import { countersign, runCountersign, type ServedLog, serveLog } from "./served-log.ts"

export interface ClosedLog extends ServedLog {
  /** A trusted root of the log's key, taken from its data. */
  readonly pinned: string
  /** The log's key as PEM. */
  readonly logKey: string
}

/** A log as one writer or a stranger is told of it. */
export interface Door {
  /** As it stands in the signing config: what follows `--rekor-url`. */
  readonly url: string
  readonly signingConfig: string
  readonly trustedRoot: string
  readonly logKey: string
}

interface SigningConfig {
  readonly rekorTlogUrls: readonly { readonly url: string }[]
}

/**
 * Writes the trusted root and the key of a log, which is reached at `url`, into `folder`; `more` are words of `keys`.
 */
export async function pinLog(
  data: string,
  url: string,
  folder: string,
  more: readonly string[] = [],
): Promise<Pick<ClosedLog, "pinned" | "logKey">> {
  const keys = (...words: readonly string[]) =>
    runCountersign(["keys", "--data", data, ...more, ...words], folder)
  const written = (name: string, text: string) => {
    const path = join(folder, name)
    writeFileSync(path, text)
    return path
  }
  return {
    pinned: written("pinned-closed.json", await keys("--format", "trusted-root", "--url", url)),
    logKey: written("closed.pub", await keys("--format", "pem")),
  }
}

/** Makes and serves one in `folder`. */
export async function serveClosedLog(folder: string): Promise<ClosedLog> {
  const log = await serveLog(folder, "closed", ["--anonymous", "read"])
  return { ...log, ...(await pinLog(log.data, log.url, folder)) }
}

/** Makes a token that lets add entries, in a file of the room, and gives its name. */
export async function makeToken(data: string, room: Room, name: string): Promise<string> {
  const file = `${name}.token`
  const what = ["--name", name, "--scope", "submit", "--expires", "1h", "--out", file]
  await room.run([...countersign, "token", "create", "--data", data, ...what])
  return file
}

/** Writes a door into the room, by `countersign trust`; `words` are more of its words. */
export async function openDoor(
  { url, pinned, logKey }: Pick<ClosedLog, "url" | "pinned" | "logKey">,
  room: Room,
  name: string,
  words: readonly string[],
): Promise<Door> {
  const what = ["--log", url, "--trusted-root", pinned, "--out", name]
  await room.run([...countersign, "trust", ...what, ...words])
  const signingConfig = room.path(`${name}/signing_config.json`)
  const { rekorTlogUrls } = JSON.parse(readFileSync(signingConfig, "utf8")) as SigningConfig
  const [service] = rekorTlogUrls
  if (service === undefined) throw new Error("the signing config has no log")
  const trustedRoot = room.path(`${name}/trusted_root.json`)
  return { url: service.url, signingConfig, trustedRoot, logKey }
}

/** The size of the log, by its checkpoint. */
export async function sizeOf({ url }: Pick<ClosedLog, "url">): Promise<number> {
  return Number((await fetchText(`${url}/checkpoint`)).split("\n")[1])
}

/** The files of the log's data in which these bytes are. */
export function filesWith({ data }: ClosedLog, text: string): readonly string[] {
  return readdirSync(data, { recursive: true, withFileTypes: true })
    .filter((file) => file.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .filter((path) => readFileSync(path).includes(text))
}
