// docs/exit-codes.md: its tables are what the program does.
import { readFileSync } from "node:fs"
import { dirname } from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import {
  EXIT_FAILURE,
  EXIT_FALSE,
  EXIT_FINE,
  EXIT_UNJUDGED,
  EXIT_USAGE,
  exitCodeOf,
  verdictOf,
} from "../../src/cli/command/exit-code.ts"
import { Refusal, type RefusalCode } from "../../src/core/base/errors.ts"
import { formatVkey } from "../../src/core/note/note.ts"
import { makeFork } from "../../src/evidence/head-evidence.ts"
import { anyRoot, log, noteOf, otherLog } from "../evidence/made-cases.ts"
import { type Ran, run } from "./command/fake-terminal.ts"
import { openSignedFiles, type SignedFiles } from "./verify/signed-files.ts"

const text = readFileSync(new URL("../../docs/exit-codes.md", import.meta.url), "utf8")

/** The rows of the table with this heading, without the marks of code. */
function rowsOf(heading: string): readonly (readonly string[])[] {
  const lines = text.slice(text.indexOf(heading)).split("\n")
  const table = lines.slice(
    2,
    lines.findIndex((line) => !line.startsWith("|")),
  )
  return table.map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll("`", "")),
  )
}

test("the codes are those of the program", () => {
  const codes = rowsOf("| code | what it says").map(([code]) => Number(code))
  expect(codes).toEqual([EXIT_FINE, EXIT_FAILURE, EXIT_USAGE, EXIT_FALSE, EXIT_UNJUDGED])
})

test("refusals are sorted as the program sorts them", () => {
  const listed = new Map(rowsOf("| refusal | code |").map(([name, code]) => [name, Number(code)]))
  const others = ["not-allowed", "not-found", "gone", "beyond-tree", "conflict", "try-later"]
  for (const code of [...listed.keys(), ...others] as RefusalCode[]) {
    const found = exitCodeOf(verdictOf(new Refusal(code, "x")))
    expect([code, found]).toEqual([code, listed.get(code) ?? EXIT_FAILURE])
  }
})

let files: SignedFiles
let artifact: string

beforeAll(async () => {
  files = await openSignedFiles()
  artifact = await files.sign("a.bin")
  await files.sign("b.bin")
})

afterAll(() => files.workspace.close())

/** A policy that pins another log's key. */
function otherPolicy(): string {
  return files.workspace.write("other.policy", `log ${formatVkey(otherLog.vkey)}\nquorum none\n`)
}

interface Runs {
  /** With something that does not hold. */
  readonly isFalse?: () => Promise<Ran>
  /** With something that cannot be read. */
  readonly isUnreadable: () => Promise<Ran>
}

const page = async () => new Response("<html>Sign in</html>", { status: 200 })

/** A command that asks a log: the wrong one, and one that answers with a page. */
function asking(name: string, ...words: readonly string[]): Runs {
  const log = () => ["--log", files.workspace.url]
  const [command = "", ...rest] = [...name.split(" "), ...words]
  return {
    isFalse: () => run([command, ...rest, ...log(), "--policy", otherPolicy()]),
    isUnreadable: () =>
      run([command, ...rest, ...log(), "--policy", files.workspace.policy], { fetch: page }),
  }
}

/** A data directory with this audit log. */
function auditOf(text: string): string {
  files.workspace.write("audit.log", text)
  return dirname(files.workspace.path("audit.log"))
}

function commands(): Readonly<Record<string, Runs>> {
  const { workspace, keys } = files
  const bundle = `${artifact}.sigstore.json`
  const html = workspace.write("page.html", "<html>Sign in</html>")
  const [a = "", b = ""] = [1, 2].map((n) => noteOf({ size: 5, root: anyRoot(n) }, [log]))
  const changed = makeFork(log.vkey, a, b).text.replace("kind fork", "kind time")
  const evidence = workspace.write("changed.evidence", changed)
  return {
    verify: {
      isFalse: () => files.verify("--bundle", bundle, "--artifact", html),
      isUnreadable: () => files.verify("--bundle", html, "--artifact", artifact),
    },
    "evidence verify": {
      isFalse: () => run(["evidence", "verify", evidence]),
      isUnreadable: () => run(["evidence", "verify", html]),
    },
    "audit verify": {
      isFalse: () => run(["audit", "verify", "--data", auditOf("{}\n")]),
      isUnreadable: () => run(["audit", "verify", "--data", auditOf("<html>")]),
    },
    checkpoint: asking("checkpoint"),
    entry: asking("entry", "0"),
    proof: asking("proof", "0"),
    "search --verify": asking("search", "--verify", "--artifact", artifact),
    submit: asking("submit", "--artifact", html, "--key", keys.secret),
    trust: asking("trust", "--out", workspace.path("trust")),
    fsck: asking("fsck"),
    "export-tiles": asking("export-tiles", "--out", workspace.path("tiles")),
    "heads list": { isUnreadable: () => run(["heads", "list", "--heads", html]) },
    attach: { isUnreadable: () => run(["attach", "--log", workspace.url, "--bundle", html]) },
    "watch add": {
      isUnreadable: () => run(["watch", "add", workspace.path("w.watch"), "--bundle", html]),
    },
  }
}

describe("every command of the table ends with its codes", () => {
  const rows = rowsOf("| command | does not hold")

  test("and there is a try for each", () => {
    expect(rows.map(([name]) => name)).toEqual(Object.keys(commands()))
  })

  test.each(rows)("%s", async (name = "", isFalse, isUnreadable) => {
    const runs = commands()[name]
    const found = runs?.isFalse === undefined ? "–" : String((await runs.isFalse()).code)
    const unreadable = await runs?.isUnreadable()
    expect([found, String(unreadable?.code)]).toEqual([isFalse, isUnreadable])
  })
})
