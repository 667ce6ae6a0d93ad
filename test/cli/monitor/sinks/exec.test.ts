import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { execSink } from "../../../../src/cli/monitor/sinks/exec.ts"
import { alertOf, newFolder } from "./made-alert.ts"

const LONG = 20_000

/** Writes a program and makes a sink of it. */
function sinkOf(folder: string, script: string, timeout = LONG, words: readonly string[] = []) {
  const command = join(folder, "hook")
  writeFileSync(command, `#!/bin/sh\n${script}\n`)
  chmodSync(command, 0o755)
  return execSink({ name: "exec", command, words, timeout })
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return !readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z ")
  } catch {
    return false
  }
}

describe("the sink exec", () => {
  test("gives the alert as variables and as JSON, without a shell in between", async () => {
    const folder = newFolder()
    const script = `cd '${folder}'; env > env; cat > stdin; printf '%s\\n' "$@" > words`
    const sink = sinkOf(folder, script, LONG, ["$HOME; touch x", "b"])
    await sink.deliver(alertOf({ summary: "line\nbreak\u0000 $(touch y)" }))
    const read = (name: string) => readFileSync(join(folder, name), "utf8")
    expect(read("words")).toBe("$HOME; touch x\nb\n")
    const env = new Map(
      read("env")
        .split("\n")
        .map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
    )
    expect(
      Object.fromEntries([...env].filter(([name]) => name?.startsWith("COUNTERSIGN_"))),
    ).toEqual({
      COUNTERSIGN_ALERT: "ab".repeat(32),
      COUNTERSIGN_EVENT: "opened",
      COUNTERSIGN_KEY: "fork log.example",
      COUNTERSIGN_KIND: "fork",
      COUNTERSIGN_GRADE: "PROVEN",
      COUNTERSIGN_ORIGIN: "log.example",
      COUNTERSIGN_INDEX: "7",
      COUNTERSIGN_SUMMARY: "line break  $(touch y)",
      COUNTERSIGN_EVIDENCE: "cd".repeat(32),
      COUNTERSIGN_EFFECT: "convicts",
      COUNTERSIGN_TIME: "2027-01-15T08:00:00.000Z",
      COUNTERSIGN_TEST: "0",
    })
    expect(JSON.parse(read("stdin"))).toMatchObject({
      type: "countersign.alert.v1",
      id: "ab".repeat(32),
      evidence: { effect: "convicts", isKept: true, text: "tlog-evidence/v2\nkind fork\n" },
    })
    expect(existsSync(join(folder, "x")) || existsSync(join(folder, "y"))).toBe(false)
  })

  test("does not hand on the secrets of its own environment", async () => {
    const folder = newFolder()
    process.env["COUNTERSIGN_TEST_SECRET"] = "secret"
    await sinkOf(folder, `env > '${folder}/env'`).deliver(alertOf())
    delete process.env["COUNTERSIGN_TEST_SECRET"]
    expect(readFileSync(join(folder, "env"), "utf8")).not.toContain("secret")
  })

  test("fails if the program fails, or is not there", async () => {
    const folder = newFolder()
    await expect(sinkOf(folder, "exit 75").deliver(alertOf())).rejects.toThrow("exit code 75")
    await expect(sinkOf(folder, "kill -9 $$").deliver(alertOf())).rejects.toThrow("SIGKILL")
    const missing = execSink({
      name: "exec",
      command: join(folder, "no"),
      words: [],
      timeout: LONG,
    })
    await expect(missing.deliver(alertOf())).rejects.toThrow("ENOENT")
  })

  test("takes a program that closes its input or ends without reading it", async () => {
    const folder = newFolder()
    const evidence = { id: "cd".repeat(32), isKept: true, text: "x".repeat(1_000_000) }
    await sinkOf(folder, "exec 0<&-; exit 0").deliver(alertOf({ evidence }))
    await sinkOf(folder, "exit 0").deliver(alertOf({ evidence }))
    await expect(
      sinkOf(folder, "exec 0<&-; exit 1").deliver(alertOf({ evidence })),
    ).rejects.toThrow("exit code 1")
  })

  test("kills a program that hangs, with everything that it started", async () => {
    const folder = newFolder()
    const script = `trap '' TERM; sleep 600 & echo $! > '${folder}/child'; echo $$ > '${folder}/own'; wait; sleep 600`
    await expect(sinkOf(folder, script, 500).deliver(alertOf())).rejects.toThrow("did not end")
    const pids = ["own", "child"].map((name) => Number(readFileSync(join(folder, name), "utf8")))
    await expect.poll(() => pids.filter(isAlive)).toEqual([])
  })

  test("does not wait for what a program leaves running", async () => {
    const folder = newFolder()
    await sinkOf(folder, `sleep 600 & echo $! > '${folder}/child'; exit 0`).deliver(alertOf())
    process.kill(Number(readFileSync(join(folder, "child"), "utf8")), "SIGKILL")
  })
})
