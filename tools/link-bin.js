// Run after a build in a checkout: puts this package's own command where `npx countersign` looks first.
// Without it npx makes an installation of its own in its cache, which takes seconds each time.
import { mkdirSync, rmSync, symlinkSync } from "node:fs"
import { fileURLToPath } from "node:url"

const bin = new URL("../node_modules/.bin/", import.meta.url)
const link = new URL("countersign", bin)

mkdirSync(bin, { recursive: true })
rmSync(link, { force: true })
symlinkSync("../../dist/cli/main.js", fileURLToPath(link))
