// Prints what is in the package as CycloneDX, for a release. `npm sbom --omit dev` leaves out packages that are also a
// peer of one for development (yaml), so everything is listed first and package-lock.json says what stays.
import { execFileSync } from "node:child_process"
import { readFileSync } from "node:fs"

const root = new URL("..", import.meta.url)
const { packages } = JSON.parse(readFileSync(new URL("package-lock.json", root), "utf8"))

const NAME = /^.*node_modules\//
const shipped = new Set(
  Object.entries(packages)
    .filter(([path, { dev }]) => path !== "" && dev !== true)
    .map(([path, { name, version }]) => `${name ?? path.replace(NAME, "")}@${version}`),
)

const words = ["sbom", "--package-lock-only", "--sbom-format", "cyclonedx"]
const text = execFileSync("npm", [...words, "--sbom-type", "application"], {
  cwd: root,
  encoding: "utf8",
  maxBuffer: 64 * 1024 * 1024,
})
const all = JSON.parse(text)
const { component } = all.metadata
component.name = packages[""].name

const idOf = ({ name, version }) => `${name}@${version}`
const components = all.components.filter((each) => shipped.has(idOf(each)))
const missing = [...shipped].filter((id) => !components.some((each) => idOf(each) === id))
if (missing.length > 0) throw new Error(`npm sbom does not list ${missing.join(", ")}`)

const refs = new Set([component["bom-ref"], ...components.map((each) => each["bom-ref"])])
const dependencies = all.dependencies
  .filter(({ ref }) => refs.has(ref))
  .map(({ ref, dependsOn = [] }) => ({
    ref,
    dependsOn: dependsOn.filter((each) => refs.has(each)),
  }))
process.stdout.write(`${JSON.stringify({ ...all, components, dependencies }, undefined, 2)}\n`)
