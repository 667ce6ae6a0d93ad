// The body of a submission to Rekor v2: held against the contract, then read into the log's own form.
import { shown } from "../../core/base/errors.ts"
import type { EntryRequest } from "../../entry/kinds/registry.ts"
import { type RekorV2Request, readRekorV2Request } from "../../sigstore/rekor-v2-request.ts"
import type { Contract } from "../door/contract.ts"
import { type Mismatch, refuseMismatch } from "../door/mismatch.ts"

/** In the words of protobuf: a member that nobody knows is an unknown field. */
function refuseRequest(mismatch: Mismatch): never {
  const { keyword, member = "", reason } = mismatch
  const isUnknown = keyword === "additionalProperties"
  return refuseMismatch("request", mismatch, isUnknown ? `unknown field ${shown(member)}` : reason)
}

/** Refuses `malformed`, `too-large` or `unsupported`, naming the field; what is signed is not looked at. */
export function requestReader(contract: Contract): (bytes: Buffer) => EntryRequest {
  const read = contract.bodyReader<RekorV2Request>("rekorV2AddEntry", refuseRequest)
  return (bytes) => readRekorV2Request(read(bytes))
}
