// Run after a build: puts the script of the page at /docs, with its licences, beside the code that serves it, so
// that the package has all of the page and needs no other package for it.
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"

const bundle = new URL("../node_modules/redoc/bundles/", import.meta.url)
const target = new URL("../dist/http/reference/redoc/", import.meta.url)
const script = "redoc.standalone.js"

mkdirSync(target, { recursive: true })
copyFileSync(new URL(script, bundle), new URL(script, target))
const licence = readFileSync(new URL("../node_modules/redoc/LICENSE", import.meta.url), "utf8")
const others = readFileSync(new URL(`${script}.LICENSE.txt`, bundle), "utf8")
writeFileSync(new URL(`${script}.LICENSE.txt`, target), `Redoc\n\n${licence}\n\n${others}`)
