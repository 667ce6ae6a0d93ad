// Where things of the checkout lie: two folders above these sources, three above what is compiled of them.
import { existsSync } from "node:fs"

const ABOVE = new URL("../../", import.meta.url)
const isSource = existsSync(new URL("package.json", ABOVE))
const PROJECT = isSource ? ABOVE : new URL("../", ABOVE)

/** The path of a file of the project, `name` being relative to its root. */
export function projectPath(name: string): string {
  return decodeURIComponent(new URL(name, PROJECT).pathname)
}
