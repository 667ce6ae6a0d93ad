// The keyed verifier as one file for browsers. It comes without ML-DSA-44: a cosignature by such a key is refused as not
// supported.
import { join } from "node:path"
import { rolldown } from "rolldown"
import { leftOutOfBrowsers, packagesLeftOutOfBrowsers } from "./left-out.js"

/** Puts texts in the places of modules of `dist` and of packages. */
function leavingOut(dist) {
  const byFile = new Map(Array.from(leftOutOfBrowsers, ([name, text]) => [join(dist, name), text]))
  const placeOf = (imported) => join(dist, `${imported.replaceAll(/\W/g, "-")}.left-out.js`)
  for (const [imported, text] of packagesLeftOutOfBrowsers) byFile.set(placeOf(imported), text)
  return {
    name: "left-out",
    resolveId: (imported) => (packagesLeftOutOfBrowsers.has(imported) ? placeOf(imported) : null),
    load: (id) => byFile.get(id) ?? null,
  }
}

async function bundled(input, plugins) {
  const bundle = await rolldown({ input, plugins, platform: "browser", logLevel: "silent" })
  const { output } = await bundle.generate({ format: "esm", minify: true, codeSplitting: false })
  await bundle.close()
  const imports = output.flatMap((chunk) => [...chunk.imports, ...chunk.dynamicImports])
  if (output.length !== 1 || imports.length > 0) {
    throw new Error(`expected one file for browsers, found one that imports ${imports.join(", ")}`)
  }
  return output[0].code
}

/** The text of one ES module without imports: a door of `dist`. */
export function browserFile(door, dist) {
  return bundled(join(dist, door), [leavingOut(dist)])
}
