// Where the worker threads of this floor are: a thread cannot run TypeScript on every Node, so it always
// runs what the build made, also when the rest runs from the sources.
import { existsSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { bug } from "../../core/base/errors.ts"

/** The built file of a worker, by its path below `crypto`, without an ending. */
export function workerFile(name: string): string {
  const here = new URL(import.meta.url)
  const folder = here.pathname.endsWith(".js") ? "../" : "../../../dist/crypto/"
  const file = fileURLToPath(new URL(`${folder}${name}.js`, here))
  return existsSync(file) ? file : bug(`${file} is missing: run "npm run build" first`)
}
