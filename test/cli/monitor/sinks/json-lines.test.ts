import { appendFileSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { alertText } from "../../../../src/cli/monitor/sinks/alert-message.ts"
import { jsonLinesSink } from "../../../../src/cli/monitor/sinks/json-lines.ts"
import { Trouble } from "../../../../src/core/base/errors.ts"
import { alertOf, newFolder } from "./made-alert.ts"

function linesOf(path: string): unknown[] {
  return readFileSync(path, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line))
}

test("the sink jsonl appends one line an alert, to a file that only its owner reads", async () => {
  const path = join(newFolder(), "alerts.jsonl")
  const sink = jsonLinesSink({ name: "jsonl", path })
  await sink.deliver(alertOf({ summary: "a\nb" }))
  await sink.deliver(alertOf({ id: "2" }))
  expect(linesOf(path)).toMatchObject([{ summary: "a\nb" }, { id: "2" }])
  expect(statSync(path).mode & 0o777).toBe(0o600)
  renameSync(path, `${path}.1`)
  await sink.deliver(alertOf({ id: "3" }))
  expect(linesOf(path)).toMatchObject([{ id: "3" }])
})

test("names evidence that is too long for some receivers instead of sending it along", async () => {
  const path = join(newFolder(), "alerts.jsonl")
  const sink = jsonLinesSink({ name: "jsonl", path })
  for (const length of [262_144, 262_145]) {
    const evidence = { id: "ef".repeat(32), isKept: true, text: "x".repeat(length) }
    await sink.deliver(alertOf({ evidence }))
    expect(alertText(alertOf({ evidence }))).toContain(`evidence  ${evidence.id}`)
  }
  const evidence = { id: "ef".repeat(32), isKept: true }
  expect(linesOf(path)).toEqual([
    expect.objectContaining({ evidence: { ...evidence, text: "x".repeat(262_144) } }),
    expect.objectContaining({ evidence }),
  ])
})

test("the sink jsonl begins a new line after one that was cut off", async () => {
  const path = join(newFolder(), "alerts.jsonl")
  writeFileSync(path, "")
  const sink = jsonLinesSink({ name: "jsonl", path })
  await sink.deliver(alertOf())
  appendFileSync(path, '{"cut')
  await sink.deliver(alertOf({ id: "2" }))
  const lines = readFileSync(path, "utf8").split("\n")
  expect(lines).toHaveLength(4)
  expect(JSON.parse(lines[2] as string)).toMatchObject({ id: "2" })
})

test("the sink jsonl fails if the disk is full, or the file cannot be written", async () => {
  for (const path of ["/dev/full", join(newFolder(), "no", "alerts.jsonl")]) {
    const delivery = jsonLinesSink({ name: "jsonl", path }).deliver(alertOf())
    await expect(delivery).rejects.toBeInstanceOf(Trouble)
  }
})

test("says that there was no room for a file, and sends along what is kept nowhere else", async () => {
  const path = join(newFolder(), "alerts.jsonl")
  const sink = jsonLinesSink({ name: "jsonl", path })
  const text = "x".repeat(300_000)
  const evidence = { id: "ef".repeat(32), effect: "convicts", isKept: false, text } as const
  await sink.deliver(alertOf({ evidence, watched: "acme" }))
  expect(linesOf(path)).toMatchObject([{ evidence, watched: "acme" }])
  const told = alertText(alertOf({ evidence, watched: "acme" }))
  expect(told).toMatch(/^effect {4}convicts$/m)
  expect(told).toMatch(/^kept {6}no: there was no room for the file$/m)
  expect(told).toMatch(/^watched {3}acme$/m)
  expect(told).toContain(text)
})
