// Takes the lock of the data directory in its first argument, says so on a line, and holds it.
import { createViteServer } from "vitest/node"

const vite = await createViteServer({
  appType: "custom",
  configFile: false,
  logLevel: "error",
  optimizeDeps: { noDiscovery: true },
  root: new URL("../../..", import.meta.url).pathname,
  server: { hmr: false, middlewareMode: true, watch: null, ws: false },
})
const { lockDataDirectory } = await vite.ssrLoadModule("/src/storage/disk/process-lock.ts")
lockDataDirectory(process.argv[2])
process.stdout.write("locked\n")
setInterval(() => {}, 60_000)
