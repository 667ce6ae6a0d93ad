// A real container registry on loopback for the checks with images: Debian's docker-registry.
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { environment } from "../running/room.ts"
import { openService } from "../running/service.ts"

export interface Registry {
  /** HOST:PORT, as it stands in the names of images. */
  readonly address: string
  stop(): Promise<void>
}

/** Who is told of everything that is pushed. */
export interface Notified {
  readonly url: string
  readonly token: string
}

function notifications({ url, token }: Notified): readonly string[] {
  const headers = `{Authorization: ["Bearer ${token}"]}`
  const endpoint = `{name: told, url: "${url}", headers: ${headers}, timeout: 5s, threshold: 3, backoff: 1s}`
  return [`notifications: {endpoints: [${endpoint}]}`]
}

/** Serves an empty registry; `program` is the path of docker-registry. */
export async function serveRegistry(
  program: string,
  folder: string,
  notified?: Notified,
): Promise<Registry> {
  const place = join(folder, "registry")
  mkdirSync(place)
  const file = join(place, "config.yml")
  const { url, start, stop } = await openService({
    words(address) {
      const configuration = [
        "version: 0.1",
        "log: {level: error}",
        `storage: {filesystem: {rootdirectory: ${join(place, "data")}}}`,
        `http: {addr: "${address}"}`,
        ...(notified === undefined ? [] : notifications(notified)),
      ]
      writeFileSync(file, `${configuration.join("\n")}\n`)
      return [program, "serve", file]
    },
    probe: "/v2/",
    cwd: place,
    env: environment(place),
  })
  await start()
  return { address: `localhost:${new URL(url).port}`, stop }
}
