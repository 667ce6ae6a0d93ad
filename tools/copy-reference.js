// Run after a build: puts openapi.yaml as JSON beside the code that validates by it, which a start then reads in no
// time, and the script of the page at /docs, with its licences, beside the code that serves it, so that the package
// has all of the page and needs no other package for it.
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { parse } from "yaml"

const root = new URL("../", import.meta.url)
const document = readFileSync(new URL("openapi.yaml", root), "utf8")
writeFileSync(new URL("dist/http/door/openapi.json", root), JSON.stringify(parse(document)))

const redoc = new URL("node_modules/redoc/", root)
const target = new URL("dist/http/reference/redoc/", root)
const script = "redoc.standalone.js"
mkdirSync(target, { recursive: true })
copyFileSync(new URL(`bundles/${script}`, redoc), new URL(script, target))
const licences = [
  readFileSync(new URL("LICENSE", redoc), "utf8"),
  readFileSync(new URL(`bundles/${script}.LICENSE.txt`, redoc), "utf8"),
]
writeFileSync(new URL(`${script}.LICENSE.txt`, target), `Redoc\n\n${licences.join("\n\n")}`)
