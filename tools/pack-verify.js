// Makes the package of verifiers out of dist: what needs neither server, nor database, nor a compiler. It is refused
// if the modules reach a package that is compiled, or a server, or more packages than it may bring along.
//   node tools/pack-verify.js [FOLDER]   writes countersign-verify-VERSION.tgz to FOLDER, else to this checkout
import { execFileSync } from "node:child_process"
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { gzipSync } from "node:zlib"
import { browserFile } from "./verify-package/browser.js"
import { installedWith, reachedFrom } from "./verify-package/graph.js"
import { leftOutOfPackage } from "./verify-package/left-out.js"

const MOST_PACKAGES = 15
const LARGEST_BROWSER_FILE = 45_000
const SERVER_PACKAGES = ["better-sqlite3", "express", "koffi", "piscina"]
const NAME = "countersign-verify"

const root = fileURLToPath(new URL("..", import.meta.url))
const dist = join(root, "dist")
const own = JSON.parse(readFileSync(join(root, "package.json"), "utf8"))

/** Doors by what follows the package's name in an import line. */
const doors = {
  ".": "library/verify.js",
  "./keyless": "library/keyless.js",
  "./client": "library/client.js",
  "./audit": "library/audit.js",
}
const program = "cli/verifier.js"
const browser = "browser/verify.js"

const built = Object.entries(doors).filter(([, file]) => existsSync(join(dist, file)))

function refuse(message) {
  console.error(`pack-verify: ${message}`)
  process.exit(1)
}

function assertLight(packages, installed) {
  for (const { name, obstacle } of installed) {
    const way = packages.get(name)
    const reached = way === undefined ? name : `${name}, which dist/${way} imports,`
    if (SERVER_PACKAGES.includes(name)) refuse(`${reached} belongs to the server`)
    if (obstacle !== undefined) refuse(`${reached} ${obstacle}`)
  }
  if (installed.length > MOST_PACKAGES) {
    const names = installed.map(({ name }) => name).join(", ")
    refuse(`expected up to ${MOST_PACKAGES} packages, found ${installed.length}: ${names}`)
  }
}

function door(file) {
  const place = `./dist/${file}`
  return { types: place.replace(/\.js$/, ".d.ts"), default: place }
}

function manifest(packages) {
  const { version, license, engines, homepage, repository, bugs, type } = own
  const dependencies = [...packages.keys()].toSorted().map((name) => {
    const range = own.dependencies[name] ?? refuse(`${name} is no dependency of package.json`)
    return [name, range]
  })
  return {
    name: NAME,
    version,
    description: "Verifies Sigstore bundles offline: signature, log entry, proof and checkpoint.",
    keywords: own.keywords,
    homepage,
    repository,
    bugs,
    license,
    type,
    engines,
    bin: { [NAME]: `dist/${program}` },
    files: ["dist"],
    sideEffects: false,
    exports: {
      ...Object.fromEntries(built.map(([path, file]) => [path, door(file)])),
      "./browser": door(browser),
      "./package.json": "./package.json",
    },
    dependencies: Object.fromEntries(dependencies),
  }
}

function write(folder, name, text) {
  const place = join(folder, name)
  mkdirSync(dirname(place), { recursive: true })
  writeFileSync(place, text)
}

async function fill(folder, { files, packages }) {
  for (const file of files) {
    const text = leftOutOfPackage.get(file)
    if (text === undefined) cpSync(join(dist, file), join(folder, "dist", file))
    else write(folder, `dist/${file}`, text)
  }
  write(folder, "package.json", `${JSON.stringify(manifest(packages), null, 2)}\n`)
  cpSync(join(root, "tools/verify-package/README.md"), join(folder, "README.md"))
  if (existsSync(join(root, "LICENSE"))) cpSync(join(root, "LICENSE"), join(folder, "LICENSE"))
  const code = await browserFile(doors["."], dist)
  write(folder, `dist/${browser}`, code)
  write(
    folder,
    `dist/${browser.replace(/\.js$/, ".d.ts")}`,
    'export * from "../library/verify.js"\n',
  )
  const size = gzipSync(code, { level: 9 }).length
  if (size > LARGEST_BROWSER_FILE) {
    refuse(`expected a file for browsers of ${LARGEST_BROWSER_FILE} bytes with gzip, found ${size}`)
  }
  return size
}

const declared = (file) => file.replace(/\.js$/, ".d.ts")
const modules = built.flatMap(([, file]) => [file, declared(file)])
const reached = reachedFrom([...modules, program], dist, leftOutOfPackage)
const installed = installedWith(reached.packages.keys(), root)
assertLight(reached.packages, installed)
const folder = mkdtempSync(join(tmpdir(), "countersign-verify-"))
try {
  const size = await fill(folder, reached)
  const destination = resolve(process.argv[2] ?? root)
  const words = ["pack", "--silent", "--ignore-scripts", "--pack-destination", destination]
  const file = execFileSync("npm", words, { cwd: folder, encoding: "utf8" }).trim()
  console.log(join(destination, file))
  console.log(`${installed.length} packages: ${installed.map(({ name }) => name).join(", ")}`)
  console.log(`file for browsers: ${size} bytes with gzip`)
} finally {
  rmSync(folder, { recursive: true })
}
