// Run before a build: takes away what earlier builds have left, so that no file of an earlier layout is shipped.
import { rmSync } from "node:fs"

rmSync(new URL("../dist", import.meta.url), { recursive: true, force: true, maxRetries: 3 })
