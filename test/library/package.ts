// The package as npm would publish it: built from nothing in a copy of the checkout, packed, and installed into
// another project without a network.
import { execFile } from "node:child_process"
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync } from "node:fs"
import { dirname, join, relative } from "node:path"
import { promisify } from "node:util"
import { checkout } from "../scenarios/process.ts"

const run = promisify(execFile)
const LARGEST_OUTPUT = 16 * 1024 * 1024

export interface Packed {
  /** Every file in the tarball, as paths in the package. */
  readonly files: readonly string[]
  readonly tarball: string
}

const left: ReadonlySet<string> = new Set([".git", "node_modules", "data", "coverage"])

function isCopied(path: string): boolean {
  const [top = ""] = relative(checkout, path).split("/")
  return !left.has(top) && !top.startsWith("dist") && !top.endsWith(".tgz")
}

/** A copy of the checkout in `folder`, built; whatever is in dist here is not looked at. */
export async function buildCopy(folder: string): Promise<string> {
  const copy = join(folder, "copy")
  cpSync(checkout, copy, { recursive: true, filter: isCopied })
  symlinkSync(join(checkout, "node_modules"), join(copy, "node_modules"))
  await run("npm", ["run", "--silent", "build"], { cwd: copy })
  return copy
}

/** Packs such a copy. */
export async function pack(folder: string): Promise<Packed> {
  const copy = await buildCopy(folder)
  const words = ["pack", "--json", "--ignore-scripts", "--pack-destination", folder]
  const { stdout } = await run("npm", words, { cwd: copy, maxBuffer: LARGEST_OUTPUT })
  const [packed] = JSON.parse(stdout) as readonly [
    { readonly filename: string; readonly files: readonly { readonly path: string }[] },
  ]
  const files = packed.files.map(({ path }) => path).sort()
  return { files, tarball: join(folder, packed.filename) }
}

function link(project: string, name: string): void {
  const place = join(project, "node_modules", name)
  mkdirSync(dirname(place), { recursive: true })
  rmSync(place, { recursive: true, force: true })
  symlinkSync(join(checkout, "node_modules", name), place)
}

/** Unpacks the tarball into a project's node_modules, beside the types of Node and nothing else. */
export async function install(tarball: string, project: string): Promise<void> {
  const place = join(project, "node_modules/countersign")
  mkdirSync(place, { recursive: true })
  await run("tar", ["-xzf", tarball, "--strip-components=1", "-C", place])
  link(project, "@types/node")
}

/** Installs what the package needs at run time, which is that of the checkout. */
export function installDependencies(project: string): void {
  const place = join(project, "node_modules/countersign/package.json")
  const { dependencies } = JSON.parse(readFileSync(place, "utf8")) as {
    readonly dependencies: Readonly<Record<string, string>>
  }
  for (const name of Object.keys(dependencies)) link(project, name)
}

/** Puts better-sqlite3 into the project as it is where its scripts have not run. */
export function withoutBinding(project: string): void {
  const place = join(project, "node_modules/better-sqlite3")
  rmSync(place, { recursive: true, force: true })
  for (const name of ["lib", "package.json"]) {
    cpSync(join(checkout, "node_modules/better-sqlite3", name), join(place, name), {
      recursive: true,
    })
  }
  link(project, "bindings")
}
