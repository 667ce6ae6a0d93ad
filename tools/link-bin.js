// Run after a build in a checkout: puts this package's own command where `npx countersign` looks first.
// Without it npx makes an installation of its own in its cache, which takes seconds each time.
import { chmodSync, mkdirSync, rmSync, symlinkSync } from "node:fs"
import { fileURLToPath } from "node:url"

const bin = new URL("../node_modules/.bin/", import.meta.url)
const link = new URL("countersign", bin)

chmodSync(new URL("../dist/cli/main.js", import.meta.url), 0o755)
mkdirSync(bin, { recursive: true })
rmSync(link, { force: true })
symlinkSync("../../dist/cli/main.js", fileURLToPath(link))
