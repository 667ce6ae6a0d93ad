// What goes from hand to hand between each client and this project's verifier, as README.md has it: a table made of the
// results of a whole run.
import type { Result } from "./report.ts"

interface Column {
  readonly title: string
  readonly isOf: (operation: string) => boolean
}

const columns: readonly Column[] = [
  {
    title: "its bundles by a key, here",
    isOf: (operation) => / for countersign verify/.test(operation) && !/keyless/.test(operation),
  },
  {
    title: "its bundles by an identity, here",
    isOf: (operation) => /keyless.*countersign verify/.test(operation),
  },
  {
    title: "`countersign submit`'s bundles, there",
    isOf: (operation) => /bundles of countersign submit/.test(operation),
  },
  {
    title: "`countersign sign`'s bundles, there",
    isOf: (operation) => /bundles of countersign sign/.test(operation),
  },
  {
    title: "its entries by `fetch-bundle`, there",
    isOf: (operation) => /bundles of countersign fetch-bundle/.test(operation),
  },
  {
    title: "writes with a token",
    isOf: (operation) => /writes with a token/.test(operation),
  },
]

/** `cosign 3` of `cosign 3.1.1`, and other clients without their version. */
function family(client: string): string {
  return /^cosign \d/.exec(client)?.[0] ?? client.replace(/ .*/, "")
}

function cell(results: readonly Result[]): string {
  const run = results.filter(({ outcome }) => outcome !== "skip")
  if (run.length === 0) return "–"
  if (run.some(({ outcome }) => outcome === "FAIL")) return "fails"
  return run.some(({ operation }) => /refused, as/.test(operation)) ? "no" : "yes"
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`
}

/** The clients of which there is something to say, in the order of the results, as Markdown. */
export function handTable(results: readonly Result[]): string {
  const run = results.filter(({ outcome }) => outcome !== "skip")
  const families = [...new Set(run.map(({ client }) => family(client)))]
  const rows = families.map((name) => {
    const own = results.filter(({ client }) => family(client) === name)
    const cells = columns.map(({ isOf }) => cell(own.filter(({ operation }) => isOf(operation))))
    return [name, ...cells]
  })
  const told = rows.filter(([, ...cells]) => cells.some((text) => text !== "–"))
  const head = ["client", ...columns.map(({ title }) => title)]
  return [row(head), row(head.map(() => "---")), ...told.map(row), ""].join("\n")
}
