// Bytes from better-sqlite3 without Buffer's methods, some of which differ from those of Uint8Array.

export function plain(bytes: Buffer): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
}

export function optional(bytes: Buffer | undefined): Uint8Array | undefined {
  return bytes === undefined ? undefined : plain(bytes)
}
