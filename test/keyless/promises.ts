// Promises of the certificate log that are not as usual.
import type { Authority, LeafOptions } from "../authority/authority.ts"
import { AT } from "./world.ts"

/** One promise with extensions, as logs of static tiles make them. */
export function promisesWith(
  authority: Authority,
  extensions: Uint8Array,
): Exclude<LeafOptions["promises"], "none" | undefined> {
  return (signed) => [authority.promise(signed, AT, extensions)]
}
