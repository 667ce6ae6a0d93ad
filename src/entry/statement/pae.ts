// The pre-authentication encoding of DSSE v1: the bytes that the signatures of an envelope are made over. Lengths
// stand before type and payload, so the way back has one answer or none.
import { concat, parseUtf8, utf8 } from "../../core/base/bytes.ts"
import { refuse } from "../../core/base/errors.ts"
import { parseDecimal } from "../../core/base/text.ts"

export const IN_TOTO_PAYLOAD_TYPE = "application/vnd.in-toto+json"

export interface SignedPayload {
  readonly payloadType: string
  readonly payload: Uint8Array
}

/** DSSE v1, "pre-authentication encoding": the message that the signatures are made over. */
export function dssePae(payloadType: string, payload: Uint8Array): Uint8Array {
  const type = utf8(payloadType)
  const start = concat(utf8(`DSSEv1 ${type.length} `), type, utf8(` ${payload.length} `))
  return concat(start, payload)
}

const START = utf8("DSSEv1 ")
const SPACE = 0x20
/** Characters of a decimal up to 2^53-1, with the blank behind it. */
const LONGEST_LENGTH = 17

export function isPae(bytes: Uint8Array): boolean {
  return START.every((byte, i) => bytes[i] === byte)
}

interface Part {
  readonly bytes: Uint8Array
  readonly end: number
}

function readPart(bytes: Uint8Array, at: number, what: string): Part {
  const space = bytes.subarray(at, at + LONGEST_LENGTH).indexOf(SPACE)
  if (space < 0) refuse("malformed", `message: expected the length of the ${what}, found none`)
  const text = parseUtf8(bytes.subarray(at, at + space), `length of the ${what}`)
  const length = parseDecimal(text, `length of the ${what}`)
  const start = at + space + 1
  const left = bytes.length - start
  if (length > left) {
    refuse("malformed", `message: expected ${length} bytes of ${what}, found ${left}`)
  }
  return { bytes: bytes.subarray(start, start + length), end: start + length }
}

/** The way back from {@link dssePae}. Refuses `malformed` for bytes that it does not make. */
export function parsePae(bytes: Uint8Array): SignedPayload {
  if (!isPae(bytes)) refuse("malformed", 'message: expected "DSSEv1 " at its start, found none')
  const type = readPart(bytes, START.length, "payload type")
  if (bytes[type.end] !== SPACE) {
    refuse("malformed", "message: expected a blank behind the payload type, found another byte")
  }
  const payload = readPart(bytes, type.end + 1, "payload")
  if (payload.end !== bytes.length) {
    const more = bytes.length - payload.end
    refuse("malformed", `message: expected its end behind the payload, found ${more} more bytes`)
  }
  return { payloadType: parseUtf8(type.bytes, "payload type"), payload: payload.bytes }
}
