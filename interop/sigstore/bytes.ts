// Bytes in base64 with one bit changed.

/** The base64 of other bytes: the first bit of the first one is flipped. */
export function flipped(base64: string): string {
  const bytes = Buffer.from(base64, "base64")
  const [first] = bytes
  if (first === undefined) throw new Error("expected base64 of a byte at least, found none")
  bytes[0] = first ^ 1
  return bytes.toString("base64")
}
