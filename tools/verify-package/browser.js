// The keyed verifier as one file for browsers. It comes without ML-DSA-44, which weighs a sixth of it: a cosignature
// by such a key is refused as not supported. Bundles of the door itself have it.
import { rolldown } from "rolldown"

const WITHOUT = "countersign:no-ml-dsa"

const noMlDsa = `
import { refuse } from "../base/errors.js"
export function verifyMlDsa44() {
  return refuse("unsupported", "cosignature: ML-DSA-44 is not in this build for browsers; bundle countersign-verify itself")
}
`

/** Puts `noMlDsa` in the place of dist/core/note/ml-dsa.js, in its folder. */
const withoutMlDsa = {
  name: WITHOUT,
  load(id) {
    return /[\\/]core[\\/]note[\\/]ml-dsa\.js$/.test(id) ? noMlDsa : null
  },
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

/** The text of one ES module without imports. */
export function browserFile(input) {
  return bundled(input, [withoutMlDsa])
}
