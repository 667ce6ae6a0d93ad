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

/** Words alone: whatever is found, the signature stays refused. The door itself explains it. */
const signatureDiagnosis = `const why = "the file for browsers does not look into why"
export const MOST_READINGS = 0
export const LONGEST_READING = 0
export const looksLikeP1363 = () => false
export const p1363Finding = () => why
export const formFinding = () => undefined
export const readingsOf = () => []
export const paddingFinding = () => undefined
export const nothingFits = () => why
export const explainSignature = () => why
`

/** The same of keys in other forms than SPKI: they are refused, and not named. */
const foreignKeys = `export const foreignLabel = (label) => ({
  found: "PEM of " + JSON.stringify(label.slice(0, 60)),
  advice: "give the signer's public key or certificate",
})
export const privateKeyIn = () => undefined
export const foreignText = () => undefined
export const foreignDer = () => undefined
`

/** A kind that no bundle has: a verifier says the same of it without being able to log it. */
const rekord = `export const rekordV001 = {
  kind: "rekord",
  version: "0.0.1",
  read: undefined,
  checks: undefined,
  envelope: undefined,
  rekorV1: undefined,
  statement: undefined,
}
`

/** Names of what takes submissions and reads entries for others, which a verifier of bundles never does. */
function neverCalled(path, ...names) {
  const errors = "../".repeat(path.split("/").length - 1)
  return [
    path,
    `import { bug } from "${errors}core/base/errors.js"
const never = () => bug("a verifier for browsers takes no submissions")
export { ${names.map((name) => `never as ${name}`).join(", ")} }
`,
  ]
}

export const leftOutOfPackage = new Map([["crypto/engines/openssl.js", openssl]])

export const leftOutOfBrowsers = new Map([
  ["entry/statement-terms.js", statementTerms],
  ["entry/signature-diagnosis.js", signatureDiagnosis],
  ["core/base/foreign-key.js", foreignKeys],
  ["entry/kinds/rekord-v001.js", rekord],
  neverCalled("core/base/foreign-signature.js", "BARE_SIGNATURE", "foreignForm"),
  neverCalled("entry/search-terms.js", "assertFindable", "distinct", "sha256Text", "termsOf"),
  neverCalled(
    "entry/rekor-v1/parts.js",
    ...["assertMessageKey", "needed", "neededText", "readHash", "readPemVerifier"],
    ...["readSignature", "readSigned"],
  ),
  neverCalled(
    "entry/kinds/recorded.js",
    ...["derSignature", "digestV1", "digestV2", "envelopeChecks", "pemSignature"],
    ...["readRecordedPem", "signedArtifactChecks", "signedDigestChecks", "uncachedKeys"],
  ),
])

/** By what is imported; their own imports are seen from dist. */
export const packagesLeftOutOfBrowsers = new Map([["@noble/post-quantum/ml-dsa.js", mlDsa]])
