// What the package of verifiers has in the place of modules that it comes without: the same names, which say so when
// they are called. By the path in dist.

/** OpenSSL called through koffi, which is compiled: signatures are verified in JavaScript then. */
const openssl = `import { Trouble } from "../../core/base/errors.js"
export function loadOpenSsl() {
  throw new Trouble("disk", "OpenSSL is not called by this package")
}
`

/** ML-DSA-44 weighs a sixth of the file for browsers. Bundles of the door itself have it. */
const mlDsa = `import { refuse } from "../base/errors.js"
export function verifyMlDsa44() {
  return refuse("unsupported", "cosignature: ML-DSA-44 is not in this build for browsers; bundle countersign-verify itself")
}
`

/** What entries are found by is made where they are logged, which verifiers never do. */
const statementTerms = `import { bug } from "../core/base/errors.js"
export function statementTerms() {
  return bug("a verifier has no search terms")
}
`

export const leftOutOfPackage = new Map([["crypto/engines/openssl.js", openssl]])

export const leftOutOfBrowsers = new Map([
  ["core/note/ml-dsa.js", mlDsa],
  ["entry/statement-terms.js", statementTerms],
])
