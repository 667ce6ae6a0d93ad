// The table of limits on bodies in docs/operating.md has the figures of the code.
import { readFileSync } from "node:fs"
import { expect, test } from "vitest"
import {
  LONGEST_ADD_CHECKPOINT,
  USUAL_ADD_CHECKPOINT,
} from "../../src/core/note/add-checkpoint-length.ts"
import { defaultBodyBudgets, defaultHttpConfig } from "../../src/http/serving/config.ts"

const operating = readFileSync(new URL("../../docs/operating.md", import.meta.url), "utf8")
const section = operating.split("\n## Limits on bodies\n")[1]?.split("\n## ")[0] ?? ""
const rows = section
  .split("\n")
  .filter((line) => line.startsWith("| `"))
  .map((line) => line.split("|").map((cell) => cell.trim()))

test("every group has its budget in the table", () => {
  const { other: _, ...groups } = defaultBodyBudgets
  const found = rows.map(([, group = "", , , , budget]) => [
    group.replaceAll("`", ""),
    Number(budget),
  ])
  const mebibytes = Object.entries(groups).map(([group, bytes]) => [group, bytes / 1024 / 1024])
  expect(found).toEqual(mebibytes)
})

test("the longest bodies are those of the code", () => {
  const figures = new Map(rows.map(([, group = "", , , longest = ""]) => [group, longest]))
  const { requestLimit, batchLimit, bodyRate, bodyGrace } = defaultHttpConfig
  const written = (bytes: number) => bytes.toLocaleString("en")
  expect(figures.get("`submission`")).toContain(written(requestLimit))
  expect(figures.get("`batch`")).toContain(written(batchLimit))
  expect(figures.get("`add-checkpoint`")).toContain(written(USUAL_ADD_CHECKPOINT))
  expect(figures.get("`add-checkpoint`")).toContain(written(LONGEST_ADD_CHECKPOINT))
  expect(section).toContain(
    `${bodyRate / 1024} KiB a second, measured over ${bodyGrace / 1000} seconds`,
  )
})
