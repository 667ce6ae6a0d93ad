// The texts that readers may make of the bytes of a payload. Nearly all read UTF-8, some with what is wrong in it
// replaced; Python's reader guesses UTF-16 and UTF-32 as well. Where bytes may be read so, every reading is given.

const decoder = new TextDecoder("utf-8", { ignoreBOM: true })

const UNITS_A_PIECE = 8192

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

function decodeWide(payload: Uint8Array, { bytes, isLittle }: WideForm): string {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength)
  const pieces: string[] = []
  let units: number[] = []
  const flush = (): void => {
    pieces.push(String.fromCharCode(...units))
    units = []
  }
  for (let at = 0; at + bytes <= payload.length; at += bytes) {
    const code = bytes === 2 ? view.getUint16(at, isLittle) : view.getUint32(at, isLittle)
    if (code > 0xffff) units.push(0xd7c0 + ((code >>> 10) & 0x7ff), 0xdc00 + (code & 0x3ff))
    else units.push(code)
    if (units.length >= UNITS_A_PIECE) flush()
  }
  flush()
  return pieces.join("")
}

function withoutNul(payload: Uint8Array): Uint8Array {
  return payload.filter((byte) => byte !== 0)
}

/** One text, or five for bytes that may be UTF-16 or UTF-32; in the first one NUL bytes are left out. */
export function payloadTexts(payload: Uint8Array): readonly string[] {
  const isMarked = payload[0] === 0xfe || payload[0] === 0xff
  if (!isMarked && !payload.includes(0)) return [decoder.decode(payload)]
  const wide = wideForms.map((form) => decodeWide(payload, form))
  return [decoder.decode(withoutNul(payload)), ...wide]
}
