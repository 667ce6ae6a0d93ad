// What to do where the compiled part of better-sqlite3 is missing or was made for another machine: packages may be
// installed without running scripts, without a compiler, or for another version of Node.
import { createRequire } from "node:module"
import { dirname } from "node:path"
import Database from "better-sqlite3"
import { Trouble } from "../../core/base/errors.ts"

const COMPILERS =
  "apt install python3 make g++ (Debian, Ubuntu), dnf install python3 make gcc-c++ (Fedora, RHEL), " +
  "apk add python3 make g++ (Alpine), xcode-select --install (macOS)"

/** By what loads the part: the package "bindings" says that there is no file, Node that it cannot use the one there is. */
function whatIsWrong({ message, code }: NodeJS.ErrnoException): string | undefined {
  if (message.startsWith("Could not locate the bindings file")) {
    return "its compiled part is not there (packages were installed with --ignore-scripts, or without a compiler)"
  }
  if (code !== "ERR_DLOPEN_FAILED") return undefined
  const [first = ""] = message.split("\n")
  return `its compiled part cannot be loaded (${first})`
}

/** The folder whose node_modules has better-sqlite3. */
function installation(): string {
  const manifest = createRequire(import.meta.url).resolve("better-sqlite3/package.json")
  return dirname(dirname(dirname(manifest)))
}

/** Trouble that says what to do, or undefined for an error of another kind. */
export function bindingTrouble(reason: unknown): Trouble | undefined {
  const wrong = reason instanceof Error ? whatIsWrong(reason) : undefined
  if (wrong === undefined) return undefined
  const machine = `Node ${process.versions.node} on ${process.platform} ${process.arch}`
  return new Trouble(
    "disk",
    `SQLite is missing: this command needs a database, which better-sqlite3 opens, and ${wrong} for ${machine}. ` +
      `Run "npm rebuild --ignore-scripts=false better-sqlite3" in ${installation()}; if it asks for a compiler, ` +
      `install one first: ${COMPILERS}. Verifying and submitting need no database and work without it`,
    { cause: reason },
  )
}

/** Throws that Trouble where databases cannot be opened: for who makes files before the first database. */
export function assertSqlite(): void {
  try {
    new Database(":memory:").close()
  } catch (reason) {
    throw bindingTrouble(reason) ?? reason
  }
}
