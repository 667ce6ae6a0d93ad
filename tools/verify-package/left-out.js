// What the package of verifiers has in the place of modules that it comes without: the same names, which say so when
// they are called; by the path in dist.

/** OpenSSL called through koffi, which is compiled: signatures are verified in JavaScript then. */
const openssl = `import { Trouble } from "../../core/base/errors.js"
export function loadOpenSsl() {
  throw new Trouble("disk", "OpenSSL is not called by this package")
}
`

/** ML-DSA-44 weighs a sixth of the file for browsers. Bundles of the door itself have it. */
const mlDsa = `import { refuse } from "./core/base/errors.js"
const verify = () =>
  refuse("unsupported", "cosignature: ML-DSA-44 is not in this build for browsers; bundle countersign-verify itself")
export const ml_dsa44 = { verify }
`

/** What entries are found by is made where they are logged, which verifiers never do. */
const statementTerms = `import { bug } from "../core/base/errors.js"
export function statementTerms() {
  return bug("a verifier has no search terms")
}
`

export const leftOutOfPackage = new Map([["crypto/engines/openssl.js", openssl]])

export const leftOutOfBrowsers = new Map([["entry/statement-terms.js", statementTerms]])

/** By what is imported; their own imports are seen from dist. */
export const packagesLeftOutOfBrowsers = new Map([["@noble/post-quantum/ml-dsa.js", mlDsa]])
