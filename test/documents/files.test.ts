// The files that docs/operating.md shows are read as they stand there, and its table of findings has every kind.
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { parseSinks } from "../../src/cli/monitor/sinks/sinks-file.ts"
import { findingKinds } from "../../src/monitor/findings/finding.ts"
import { parseWatch } from "../../src/monitor/watch/watch.ts"
import { checkout } from "../scenarios/process.ts"

const operating = readFileSync(join(checkout, "docs/operating.md"), "utf8")

/** What stands below a heading, down to the next one of its kind. */
function section(heading: string): string {
  const [, below = ""] = operating.split(`\n### ${heading}\n`)
  return below.split(/^##/m)[0] ?? ""
}

/** The first fenced block below a heading. */
function block(heading: string): string {
  return /^```\n([\s\S]+?)^```$/m.exec(section(heading))?.[1] ?? ""
}

/** The names in the first column of a table. */
function firstColumn(heading: string): readonly string[] {
  const cells = section(heading).match(/^\| `[^|]*\|/gm) ?? []
  return cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name))
}

test("the watch file is one", async () => {
  const digest = `${"0".repeat(64)}\n`
  const watch = await parseWatch(block("Watch file"), () => Promise.resolve(digest))
  expect(watch.subjects.map(({ name }) => name)).toEqual(["acme"])
  expect(watch.signers.map(({ name }) => name)).toEqual(["release"])
  expect(watch.files).toEqual(["released.txt", "signed.jsonl"])
  expect([watch.duplicates, watch.unknown]).toEqual(["violation", "ignore"])
  expect([watch.opaque, watch.explainWithin]).toEqual(["count", 24])
  expect(watch.subjects[0]?.images).toHaveLength(2)
})

test("the sinks file has a line of every kind", () => {
  const kinds = parseSinks(block("Sinks file")).map(({ line }) => line.kind)
  expect(kinds).toEqual(["jsonl", "exec", "webhook", "smtp", "witness", "ping"])
  expect(firstColumn("Sinks file").map((name) => name.split(" ", 1)[0])).toEqual(kinds)
})

test("the table of findings has every kind", () => {
  expect([...firstColumn("Findings")].sort()).toEqual([...findingKinds].sort())
})
