// What built modules need: the files of dist that they reach, the packages that these name, and every package that
// an installation of those brings along.
import { existsSync, readFileSync, realpathSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join, posix } from "node:path"

/** Enough for what the compiler writes: import and export lines, `import(…)`, and workers by their URL. */
const SPECIFIER =
  /^(?:import|export)\s(?:[\w\s{},*$]*\sfrom\s)?\s*"([^"]+)"|\bimport\("([^"]+)"\)|\bnew URL\("(\.[^"]+\.js)", import\.meta\.url\)/gm

function specifiersIn(text) {
  const code = text.replaceAll(/\/\*[\s\S]*?\*\//g, "").replaceAll(/(^|\s)\/\/.*$/gm, "$1")
  return Array.from(
    code.matchAll(SPECIFIER),
    ([, named, loaded, address]) => named ?? loaded ?? address,
  )
}

function packageOf(specifier) {
  const [first, second] = specifier.split("/")
  return first.startsWith("@") ? `${first}/${second}` : first
}

/** The file of dist that a relative specifier means; declarations name sources, of which they are all there is. */
function neighbour(name, specifier) {
  const next = posix.join(posix.dirname(name), specifier)
  return name.endsWith(".d.ts") ? next.replace(/\.(?:js|ts)$/, ".d.ts") : next
}

/** Files as paths in `dist`; packages by name, each with one file that names it. Some files have other texts. */
export function reachedFrom(entries, dist, texts) {
  const files = new Set()
  const packages = new Map()
  const open = [...entries]
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (files.has(name)) continue
    files.add(name)
    for (const specifier of specifiersIn(
      texts.get(name) ?? readFileSync(join(dist, name), "utf8"),
    )) {
      if (specifier.startsWith(".")) open.push(neighbour(name, specifier))
      else if (!specifier.startsWith("node:")) packages.set(packageOf(specifier), name)
    }
  }
  return { files: [...files].toSorted(), packages }
}

/** Undefined if it is not installed. */
function manifestOf(name, from) {
  for (const folder of createRequire(from).resolve.paths(`${name}/package.json`) ?? []) {
    const file = join(folder, name, "package.json")
    if (existsSync(file)) {
      const place = realpathSync(dirname(file))
      return { place, manifest: JSON.parse(readFileSync(file, "utf8")) }
    }
  }
  return undefined
}

const scripts = ["preinstall", "install", "postinstall"]

/** Why an installation of the package would run or compile something; undefined if it does not. */
function nativeReason({ place, manifest }) {
  if (existsSync(join(place, "binding.gyp"))) return "is compiled where it is installed"
  const run = scripts.find((name) => manifest.scripts?.[name] !== undefined)
  return run && `runs a script, ${run}, where it is installed`
}

/** Every package of an installation by its folder: `{ name, version, place, obstacle? }`, sorted by name. */
export function installedWith(names, root) {
  const found = new Map()
  function add(name, from) {
    const it = manifestOf(name, from)
    // Optional ones may be for other machines.
    if (it === undefined || found.has(it.place)) return
    const { version } = it.manifest
    found.set(it.place, { name, version, place: it.place, obstacle: nativeReason(it) })
    const needed = { ...it.manifest.dependencies, ...it.manifest.optionalDependencies }
    for (const each of Object.keys(needed)) add(each, join(it.place, "package.json"))
  }
  for (const name of names) add(name, join(root, "package.json"))
  return [...found.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1))
}
