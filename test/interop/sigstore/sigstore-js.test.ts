// The checks of `npm run interop` that need nothing from Debian: sigstore-js against the built program.
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, onTestFinished, test } from "vitest"
import { createRunner } from "../../../interop/running/check.ts"
import { openRoom } from "../../../interop/running/room.ts"
import { sigstoreJsChecks } from "../../../interop/sigstore/sigstore-js.ts"
import { serveTimestamps } from "../../../interop/stand/timestamp-authority.ts"
import { formatTrustedRoot } from "../../../src/sigstore/trusted-root.ts"
import { makeSigner } from "../../entry/signers.ts"
import { serve } from "../../scenarios/process.ts"
import { makeTemporaryFolder } from "../folder.ts"

test("sigstore-js signs and verifies on both Rekor APIs, and refuses wrong bundles", async () => {
  const folder = makeTemporaryFolder()
  const write = (name: string, content: string) => {
    writeFileSync(join(folder, name), content)
    return join(folder, name)
  }
  const words = ["--dev", "--public-url", "http://localhost"]
  const { url, client } = await serve(join(folder, "log"), { words })
  const timestamps = await serveTimestamps(openRoom(folder))
  onTestFinished(() => timestamps.stop())
  const { spki } = makeSigner("ecdsa-p256")
  const foreign = [{ baseUrl: "http://localhost", spki, validFrom: new Date(0) }]
  const checks = sigstoreJsChecks({
    url,
    trustedRoot: write("root.json", await client.trustedRoot()),
    foreignRoot: write("foreign.json", formatTrustedRoot(foreign)),
    timestamps,
  })
  const runner = createRunner(folder, () => {})
  await runner.run({ name: "sigstore-js", checks })
  const { results } = runner.report()
  expect(results.filter(({ outcome }) => outcome !== "pass")).toEqual([])
  expect(results).toHaveLength(checks.length)
})
