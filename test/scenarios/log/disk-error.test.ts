// The disk refuses to keep what was written (strace makes a sync fail with EIO): the server ends, it
// acknowledged nothing of that batch, and the next start recovers.
import { spawnSync } from "node:child_process"
import { expect, test } from "vitest"
import { countersign, serve } from "../process.ts"
import { writeAll } from "./load.ts"
import { newLog } from "./new-log.ts"
import { createRecorder } from "./recorder.ts"

const hasStrace = spawnSync("strace", ["-f", "-o", "/dev/null", "true"]).status === 0
if (!hasStrace) console.warn("SKIPPED: strace does not run here, so no disk error was tried")

/** strace's words that let the `nth` sync of one file fail. */
function failingSync(file: string, nth: number): readonly string[] {
  const calls = ["fsync", "fdatasync"]
  const injections = calls.flatMap((call) => ["-e", `inject=${call}:error=EIO:when=${nth}`])
  const watched = ["-P", file, "-e", `trace=${calls.join(",")}`]
  return ["strace", "-f", "-qq", "-o", "/dev/null", ...watched, ...injections]
}

const failures = [
  // The first batch syncs the header of the write-ahead log and then its frames, the others sync once.
  { what: "write-ahead log", nth: 1, acknowledged: 0 },
  { what: "write-ahead log", nth: 4, acknowledged: 2 },
  { what: "head guard", nth: 1, acknowledged: 0 },
  { what: "head guard", nth: 3, acknowledged: 2 },
] as const

async function expectRecovery({ what, nth, acknowledged }: (typeof failures)[number]) {
  const { data, database, guard, options, trust } = await newLog()
  const recorder = createRecorder(trust)
  const file = what === "head guard" ? guard : `${database}-wal`
  const served = await serve(data, { ...options, under: failingSync(file, nth) })
  const sizes = new Set<number>()
  const writing = writeAll(served.client, [1, 1, 1, 5], (request, receipt) => {
    sizes.add(receipt.proof.size)
    recorder.keep(request, receipt)
  })
  const ended = await served.ended
  await writing
  expect(ended).toMatchObject({ code: null, signal: "SIGKILL" })
  expect(ended.stderr).toContain("the state of the log is unknown")
  expect(sizes.size).toBe(acknowledged)

  const recovered = await serve(data, options)
  const size = await recorder.audit(recovered.client)
  const fsck = await countersign("fsck", "--data", data, "--json")
  expect(fsck).toMatchObject({ code: 0 })
  expect(JSON.parse(fsck.stdout)).toMatchObject({ size, findings: 0 })
}

for (const failure of failures) {
  const { what, nth, acknowledged } = failure
  test.runIf(hasStrace)(
    `if sync ${nth} of the ${what} fails, ${acknowledged} batches are acknowledged, and kept`,
    () => expectRecovery(failure),
  )
}
