// A real container registry on loopback for the checks with images: Debian's docker-registry.
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { startServer } from "../running/process.ts"
import { environment } from "../running/room.ts"
import { freePort, untilServing } from "../running/service.ts"

export interface Registry {
  /** HOST:PORT, as it stands in the names of images. */
  readonly address: string
  stop(): Promise<void>
}

/** Serves an empty registry; `program` is the path of docker-registry. */
export async function serveRegistry(program: string, folder: string): Promise<Registry> {
  const place = join(folder, "registry")
  mkdirSync(place)
  const port = await freePort()
  const configuration = [
    "version: 0.1",
    "log: {level: error}",
    `storage: {filesystem: {rootdirectory: ${join(place, "data")}}}`,
    `http: {addr: "127.0.0.1:${port}"}`,
  ]
  const file = join(place, "config.yml")
  writeFileSync(file, `${configuration.join("\n")}\n`)
  const running = startServer([program, "serve", file], { cwd: place, env: environment(place) })
  await untilServing(`http://127.0.0.1:${port}/v2/`, running)
  return { address: `localhost:${port}`, stop: () => running.stop() }
}
