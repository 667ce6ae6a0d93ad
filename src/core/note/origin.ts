// The name of a log: the first line of its checkpoints and the key name of its signatures.
import { utf8 } from "../base/bytes.ts"
import { refuse, shown } from "../base/errors.ts"

/** The mark of {@link Origin} in the type system; nothing of it exists at run time. */
export declare const originBrand: unique symbol
/** A log's origin: 1 to 255 bytes of UTF-8 without spaces, control characters or `+`. */
export type Origin = string & { readonly [originBrand]: true }

const NAME = /^[^\p{White_Space}\p{Cc}+]+$/u
const LONGEST_NAME = 255

/**
 * Takes a text for an origin. Refuses `malformed` unless it can be both an origin line (C2SP tlog-checkpoint) and
 * a key name (C2SP signed-note).
 *
 * @example
 * ```ts
 * import { parseOrigin } from "countersign/audit"
 *
 * console.log(parseOrigin("log.example.com")) // log.example.com
 * ```
 */
export function parseOrigin(text: string): Origin {
  if (NAME.test(text) && text.isWellFormed() && utf8(text).length <= LONGEST_NAME) {
    return text as Origin
  }
  return refuse(
    "malformed",
    `origin: expected 1 to ${LONGEST_NAME} bytes without spaces, controls or "+", found ${shown(text)}`,
  )
}
