// What counts as a good run of the clients, and what people see of it.
import { expect, test } from "vitest"
import { isWanted, readOptions } from "../../../interop/options.ts"
import { createRunner } from "../../../interop/running/check.ts"
import {
  EVERYTHING,
  isGood,
  missingClients,
  type Outcome,
  type Result,
  reportText,
} from "../../../interop/running/report.ts"
import { makeTemporaryFolder } from "../folder.ts"

function result(client: string, outcome: Outcome, reason?: string): Result {
  const base = { client, operation: "sign", outcome, seconds: 1.25 }
  return reason === undefined ? base : { ...base, reason }
}

const needed = [
  "cosign 3.1.1",
  "rekor-cli 1.5.3",
  "sigstore-js 4.1.1",
  "litetlog 0.4.3",
  "torchwood 0.9.0",
  "sigsum-go 0.14.1, sigsum-log-go 0.15.2",
]
const passed = needed.map((client) => result(client, "pass"))

test("a run is good if something passed and nothing failed", () => {
  expect(isGood(passed, false)).toBe(true)
  expect(isGood([...passed, result("cosign 2.5.0", "FAIL", "no")], false)).toBe(false)
  expect(isGood([result("cosign 3", "skip", "no mirror")], false)).toBe(false)
  expect(isGood([], false)).toBe(false)
})

test.each(needed)("a run that must be whole is not good without %s", (client) => {
  const others = passed.filter((it) => it.client !== client)
  const run = [...others, result(client, "skip", "no mirror")]
  expect(isGood(passed, true)).toBe(true)
  expect(isGood(run, true)).toBe(false)
  expect(isGood(run, false)).toBe(true)
  expect(missingClients(run)).toEqual([client.split(" ")[0]])
})

test("either generation of a client will do", () => {
  const older = { ...result("cosign of trixie", "skip", "no mirror"), operation: EVERYTHING }
  expect(isGood([...passed, older], true)).toBe(true)
})

test("a run that must be whole is not good if a check was left out", () => {
  const run = [...passed, result("torchwood 0.9.0", "skip", "no ssh-agent")]
  expect(isGood(run, true)).toBe(false)
  expect(isGood(run, false)).toBe(true)
  expect(missingClients(run)).toEqual(["torchwood"])
})

test("the table groups by client and shows reasons, remarks and sums", () => {
  const results = [result("a 1", "pass"), result("b 2", "FAIL", "why"), result("a 1", "pass")]
  expect(reportText({ results, remarks: ["UNVERIFIED"] })).toBe(`a 1
  pass  sign  1.3 s
  pass  sign  1.3 s

b 2
  FAIL  sign  1.3 s
        why

!! UNVERIFIED
2 pass, 1 FAIL, 0 skip
`)
})

test("a check that throws is a failure with its reason, one that lacks something is left out", async () => {
  const runner = createRunner(makeTemporaryFolder(), () => {})
  const run = () => Promise.reject(new Error("because"))
  await runner.run({
    name: "a",
    checks: [
      { operation: "one", run },
      { operation: "two", run, lack: "no registry" },
      { operation: "three", run: async (room) => void (await room.run(["true"])) },
      {
        operation: "four",
        run: async (room) => void (await room.run(["sh", "-c", "echo x; exit 7"])),
      },
      { operation: "five", run: (room) => room.refused(["true"], /./) },
      { operation: "six", run: (room) => room.refused(["sh", "-c", "echo y; exit 7"], /z/) },
    ],
  })
  expect(runner.report().results).toMatchObject([
    { outcome: "FAIL", reason: "because" },
    { outcome: "skip", reason: "no registry" },
    { outcome: "pass" },
    { outcome: "FAIL", reason: expect.stringMatching(/exit 7: x$/) },
    { outcome: "FAIL", reason: expect.stringContaining("expected a refusal") },
    { outcome: "FAIL", reason: expect.stringMatching(/expected \/z\/ .*found: y$/) },
  ])
})

test("--only takes beginnings of clients' names", () => {
  const options = readOptions(["--only", "cosign 3, rekor-cli", "--json", "x.json"])
  if (options === "help") throw new Error("expected options")
  expect(options.json).toBe("x.json")
  const names = ["cosign 2.5.0", "cosign 3.1.1", "rekor-cli 1.5.3", "sigstore-js 4.1.1"]
  expect(names.filter((name) => isWanted(options, name))).toEqual([
    "cosign 3.1.1",
    "rekor-cli 1.5.3",
  ])
  expect(() => readOptions(["--nothing"])).toThrow("--nothing")
})
