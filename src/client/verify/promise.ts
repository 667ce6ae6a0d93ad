// The signed entry timestamp of Rekor v1: the log's word that it took a body at a time under an index. It is inclusion by
// that word alone; nobody but the log itself can be held to it.
import { equalBytes } from "../../core/base/bytes.ts"
import { refuse } from "../../core/base/errors.ts"
import { formatEd25519Spki, parseSpki } from "../../core/base/spki.ts"
import { formatBase64, formatHex } from "../../core/base/text.ts"
import { parseVkey, type Vkey } from "../../core/note/note.ts"
import { type Origin, parseOrigin } from "../../core/note/origin.ts"
import type { Hash } from "../../core/tree/hash.ts"
import { messageAlgorithm } from "../../entry/algorithm.ts"
import { canonicalJson } from "../../entry/canonical-json.ts"
import type { TransparencyLogEntry } from "../../sigstore/transparency-log-entry.ts"
import { logIdOf, rekorLogId } from "../../sigstore/trusted-root.ts"
import { isLogId, type Trust } from "../trust.ts"
import type { VerifierEngine } from "./engine.ts"

/** A key that may have made a promise. */
interface PromiseKey {
  readonly origin: Origin
  readonly spki: Uint8Array
}

function vkeysOf(trust: Exclude<Trust, { trustedRoot: unknown }>): readonly Vkey[] {
  const vkeys =
    "policy" in trust ? trust.policy.logs.map(({ vkey }) => vkey) : trust.vkeys.map(parseVkey)
  return vkeys.filter(({ type }) => type === 1 || type === 2)
}

function keyOfVkey(vkey: Vkey): PromiseKey {
  const spki = vkey.type === 1 ? formatEd25519Spki(vkey.publicKey) : vkey.publicKey
  return { origin: parseOrigin(vkey.name), spki }
}

/** The trusted keys of this ID. */
export function promiseKeys(trust: Trust, logId: Hash): readonly PromiseKey[] {
  if ("trustedRoot" in trust) return trust.trustedRoot.filter((log) => isLogId(log, logId))
  return vkeysOf(trust)
    .filter((vkey) => {
      const ids = [logIdOf(vkey), rekorLogId(keyOfVkey(vkey).spki)]
      return ids.some((id) => equalBytes(id, logId))
    })
    .map(keyOfVkey)
}

/** What is signed (Rekor v1): RFC 8785 of the members that the log answered with. */
function promisedBytes({ body, integratedTime = 0, logId, index }: TransparencyLogEntry) {
  return canonicalJson({
    body: formatBase64(body),
    integratedTime,
    logID: formatHex(logId),
    logIndex: index,
  })
}

/** Refuses `bad-signature` unless the promise of the entry holds under the key. */
export function verifyPromise(
  entry: TransparencyLogEntry,
  promise: Uint8Array,
  { origin, spki }: PromiseKey,
  { checkSignature }: VerifierEngine,
): void {
  const key = parseSpki(spki)
  const algorithm = key && messageAlgorithm[key.type]
  const signed = { form: "message", message: promisedBytes(entry), hash: "sha256" } as const
  if (algorithm !== undefined && checkSignature({ algorithm, spki, signature: promise, signed })) {
    return
  }
  refuse("bad-signature", `the signed entry timestamp does not hold under the key of ${origin}`)
}
