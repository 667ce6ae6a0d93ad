// The audit log of real processes: what servers and commands record, and that they share one chain.
import { execFile } from "node:child_process"
import { mkdtempSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { expect, test } from "vitest"
import {
  auditFile,
  readActs,
  readAuditHead,
  recordAct,
} from "../../../src/storage/files/audit-file.ts"
import { countersign, PATIENCE, serve } from "../process.ts"
import { newLog } from "./new-log.ts"

const run = promisify(execFile)

test("processes that record acts at the same time make one chain", async () => {
  const path = auditFile(mkdtempSync(join(tmpdir(), "audit-")))
  const built = new URL("../../../dist/storage/files/audit-file.js", import.meta.url).href
  const script = `
    const { recordAct } = await import(${JSON.stringify(built)})
    for (let i = 0; i < 15; i++) recordAct(${JSON.stringify(path)}, { event: "redacted", about: { i } })`
  const writers = Array.from({ length: 4 }, () =>
    run(process.execPath, ["--input-type=module", "-e", script]),
  )
  await Promise.all(writers)
  for await (const { act } of readActs(path)) expect(act.event).toBe("redacted")
  expect(readAuditHead(path)?.records).toBe(60)
})

interface Health {
  readonly audit: { readonly records: number; readonly hash: string }
}

test("starts, stops, changed settings and redactions are in it, and /healthz shows its head", async () => {
  const { data, options } = await newLog()
  const first = await serve(data, options)
  const { audit } = (await (await fetch(`${first.url}/healthz`)).json()) as Health
  expect(audit.records).toBe(1)
  await first.stop()
  const second = await serve(data, { words: [...options.words, "--allow-kinds", "dsse"] })
  await second.stop()
  await countersign("redact", "--data", data, "--index", "0")
  const listed = await countersign("audit", "list", "--data", data, "--json")
  const events = listed.stdout
    .trim()
    .split("\n")
    .map((line) => (JSON.parse(line) as { event: string }).event)
  expect(events).toEqual([
    ...["start", "stop", "start", "writers-changed", "configuration-changed", "stop"],
    ...["redacted", "failed"],
  ])
  const head = `${audit.records}:${audit.hash}`
  const verified = await countersign("audit", "verify", "--data", data, "--head", head)
  expect(verified).toMatchObject({ code: 0 })
})

test("rules of who may write that changed in their file, and limits that are off, are changes", async () => {
  const { data, options } = await newLog()
  const access = join(data, "access.yaml")
  const words = [...options.words, "--access", access]
  writeFileSync(access, "anonymous: [read]\n")
  const first = await serve(data, { words: [...words, "--limit", "search=off"] })
  first.send("SIGHUP")
  writeFileSync(access, "anonymous: [read, submit]\n")
  first.send("SIGHUP")
  await expect.poll(() => readAuditHead(auditFile(data))?.records, PATIENCE).toBe(2)
  await first.stop()
  await (await serve(data, { words: [...words, "--limit", "submit=off"] })).stop()
  writeFileSync(access, "anonymous: []\n")
  await (await serve(data, { words: [...words, "--limit", "submit=off"] })).stop()
  const events: string[] = []
  for await (const { act } of readActs(auditFile(data))) events.push(act.event)
  expect(events).toEqual([
    ...["start", "writers-changed", "stop"],
    ...["start", "writers-changed", "configuration-changed", "stop"],
    ...["start", "writers-changed", "stop"],
  ])
})

test("an act for which there is no space is not done, and leaves no damage", async () => {
  const path = auditFile(mkdtempSync(join(tmpdir(), "audit-")))
  const built = new URL("../../../dist/storage/files/audit-file.js", import.meta.url).href
  const script = `
    process.on("SIGXFSZ", () => {})
    const { recordedly } = await import(${JSON.stringify(built)})
    let done = 0
    const about = { text: "x".repeat(1500) }
    const act = () => recordedly(${JSON.stringify(path)}, { event: "redacted", about }, () => done++)
    while (await act().then(() => true, () => false));
    await act().catch(() => {})
    console.log(done)`
  const limited = 'ulimit -f 20; exec "$0" --input-type=module -e "$1"'
  const { stdout } = await run("bash", ["-c", limited, process.execPath, script])
  const done = Number(stdout)
  expect(done).toBeGreaterThan(5)
  let records = 0
  for await (const { act } of readActs(path)) records = act.seq
  expect(records).toBe(done)
  recordAct(path, { event: "stop" })
  expect(readAuditHead(path)?.records).toBe(done + 1)
})
