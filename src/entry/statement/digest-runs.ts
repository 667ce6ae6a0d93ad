// Runs of hex digits that are as long as a digest (40, 64, 96 or 128), found in bytes of ASCII whatever stands
// around them. Knows no JSON: what is a digest to some reader stands here as its digits.

/** Hex digits of SHA-1 (as Git has it), SHA-256, SHA-384 and SHA-512. */
const digestLengths: ReadonlySet<number> = new Set([40, 64, 96, 128])

const SHORTEST = 40
const LONGEST = 128

const isHex = new Uint8Array(256)
for (const char of "0123456789abcdefABCDEF") isHex[char.charCodeAt(0)] = 1

const latin1 = new TextDecoder("latin1")

/**
 * Calls back with each run of exactly 40, 64, 96 or 128 hex digits, in lower case; of a longer or another run,
 * nothing. Linear; looks at one byte of forty where there are no digits.
 */
export function eachDigestRun(bytes: Uint8Array, found: (hex: string) => void): void {
  const { length } = bytes
  // Every run of 40 or more has a digit at some multiple of 40.
  for (let probe = SHORTEST - 1; probe < length; probe += SHORTEST) {
    if (isHex[bytes[probe] as number] === 0) continue
    let start = probe
    while (start > 0 && isHex[bytes[start - 1] as number] === 1) start -= 1
    let end = probe + 1
    while (end < length && isHex[bytes[end] as number] === 1) end += 1
    const digits = end - start
    if (digits <= LONGEST && digestLengths.has(digits)) {
      found(latin1.decode(bytes.subarray(start, end)).toLowerCase())
    }
    // On to the last multiple within this run, so that no run is walked twice.
    if (end - 1 > probe) probe += Math.floor((end - 1 - probe) / SHORTEST) * SHORTEST
  }
}
