// What the tests of the verifier do with a bundle over a log of Rekor v1: verify it, change its entry, log another body.
import { expect } from "vitest"
import { type BundleCheck, verifyBundle } from "../../../src/client/verify/verify.ts"
import { utf8 } from "../../../src/core/base/bytes.ts"
import { readTrustedRoot } from "../../../src/sigstore/trusted-root.ts"
import { makeSigner } from "../../entry/signers.ts"
import { type EntryJson, type MadeV1, makeRekorLog } from "./made-rekor.ts"

/** The log that the tests of one file share. */
export const log = makeRekorLog()

export const p256 = () => ({ signer: makeSigner("ecdsa-p256") })

/** Verifies under the trusted root of a log. */
export function check(made: MadeV1, changes: Partial<BundleCheck> = {}, of = log) {
  const { text, artifact, key } = made
  const trust = readTrustedRoot(of.trustedRoot)
  return verifyBundle({ bundle: text, artifact, key, trust, ...changes })
}

/** The bundle with its one entry changed, of a version. */
export function changed(
  made: MadeV1,
  change: (entry: EntryJson) => EntryJson,
  version = "0.3",
): MadeV1 {
  return { ...made, text: made.around([change(made.entry)], version) }
}

/** The bundle with an entry of another body, which the log has. */
export function relogged(made: MadeV1, change: (body: string) => string): MadeV1 {
  const body = Buffer.from(made.entry.canonicalizedBody, "base64").toString()
  expect(change(body)).not.toBe(body)
  return { ...made, text: made.around([log.add(utf8(change(body)))]) }
}
