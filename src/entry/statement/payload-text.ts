// The texts that readers may make of the bytes of a payload. Nearly all read UTF-8, some with what is wrong in it
// replaced. Python's reader takes UTF-16 and UTF-32 as well and tells them by the first bytes; where these may be so,
// every such reading is given.

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true })

const UNITS_A_PIECE = 8192
const BYTE_ORDER_MARK = 0xfeff

interface WideForm {
  readonly bytes: 2 | 4
  readonly isLittle: boolean
}

const wideForms: readonly WideForm[] = [
  { bytes: 2, isLittle: true },
  { bytes: 2, isLittle: false },
  { bytes: 4, isLittle: true },
  { bytes: 4, isLittle: false },
]

function readUnit(payload: Uint8Array, at: number, { bytes, isLittle }: WideForm): number {
  let code = 0
  for (let i = 0; i < bytes; i++) {
    const place = at + (isLittle ? bytes - 1 - i : i)
    code = code * 256 + (payload[place] as number)
  }
  return code
}

/** Whether it may begin a JSON text in this form: with a character of ASCII, or with the mark of the form. */
function mayBe(payload: Uint8Array, form: WideForm): boolean {
  if (payload.length < form.bytes) return false
  const first = readUnit(payload, 0, form)
  return first === BYTE_ORDER_MARK || (first > 0 && first < 0x80)
}

function decodeWide(payload: Uint8Array, form: WideForm): string {
  const { bytes } = form
  const pieces: string[] = []
  let units: number[] = []
  for (let at = 0; at + bytes <= payload.length; at += bytes) {
    const code = readUnit(payload, at, form)
    if (code > 0xffff) units.push(0xd7c0 + ((code >>> 10) & 0x7ff), 0xdc00 + (code & 0x3ff))
    else units.push(code)
    if (units.length < UNITS_A_PIECE) continue
    pieces.push(String.fromCharCode(...units))
    units = []
  }
  pieces.push(String.fromCharCode(...units))
  return pieces.join("")
}

function withoutNul(payload: Uint8Array): Uint8Array {
  return payload.includes(0) ? payload.filter((byte) => byte !== 0) : payload
}

/** One text, in which NUL bytes are left out, or up to three for bytes that may be UTF-16 or UTF-32. */
export function payloadTexts(payload: Uint8Array): readonly string[] {
  const wide = wideForms.filter((form) => mayBe(payload, form))
  return [utf8.decode(withoutNul(payload)), ...wide.map((form) => decodeWide(payload, form))]
}
