import { readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import type { Outcome, Result } from "../../../interop/running/report.ts"
import { handTable } from "../../../interop/running/table.ts"
import { checkout } from "../../scenarios/process.ts"

function result(client: string, operation: string, outcome: Outcome = "pass"): Result {
  return { client, operation, outcome, seconds: 1 }
}

const results = [
  result("cosign 2.5.0", "old bundle for countersign verify: sign-blob"),
  result(
    "cosign 2.5.0",
    "bundles of countersign submit: refused, as it knows no entries of API v2",
  ),
  result("cosign 3.1.1", "API v2 for countersign verify: sign-blob"),
  result("cosign 3.1.1", "keyless, API v2: sign-blob, verify-blob, countersign verify", "FAIL"),
  result("cosign 3.1.1", "bundles of countersign submit: verify-blob"),
  result("cosign 3.1.1", "bundles of countersign sign, file: verify-blob"),
  result("cosign 3.1.1", "API v2: writes with a token, refused without"),
  result("sigsum-go 0.14.1", "everything"),
  result("gitsign of sid", "everything", "skip"),
]

test("the table says of each client what goes which way", () => {
  const [head, , ...rows] = handTable(results).trimEnd().split("\n")
  expect(head).toContain("by an identity")
  expect(rows).toEqual([
    "| cosign 2 | yes | – | no | – | – | – |",
    "| cosign 3 | yes | fails | yes | yes | – | yes |",
  ])
})

test("README.md has a table of that form, in which nothing fails", () => {
  const readme = readFileSync(join(checkout, "README.md"), "utf8")
  const [head = ""] = handTable(results).split("\n")
  expect(readme).toContain(head)
  const rows = readme.slice(readme.indexOf(head)).split("\n\n", 1)[0]
  expect(rows).not.toContain("fails")
})
