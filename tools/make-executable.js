// Run after a build: lets the commands be started by their names, as the compiler writes plain files.
import { chmodSync } from "node:fs"

for (const name of ["main", "verifier"]) {
  chmodSync(new URL(`../dist/cli/${name}.js`, import.meta.url), 0o755)
}
