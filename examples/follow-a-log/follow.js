// Follows a log: prints every entry, and ends if what the log signs is ever not the tree of its entries.
// Usage: node follow.js URL TRUSTED_ROOT, where TRUSTED_ROOT is a file that came over a trusted channel.
import { createHash } from "node:crypto"
import { readFileSync } from "node:fs"
import { setTimeout as pause } from "node:timers/promises"
import { createLogClient, parseTrustedRoot, signingLog } from "countersign/client"

const [url, trustedRoot] = process.argv.slice(2)
const log = createLogClient({ url })
const pinned = parseTrustedRoot(readFileSync(trustedRoot, "utf8"))
const sha256 = (...parts) => createHash("sha256").update(Buffer.concat(parts)).digest()
const node = (left, right) => sha256(Buffer.of(1), left, right)

const peaks = [] // the roots of the perfect subtrees that the tree consists of, largest first
for (let size = 0; ; await pause(1_000)) {
  const checkpoint = await log.checkpoint()
  signingLog(checkpoint, pinned) // throws unless a pinned key signed it
  const [origin, newSize, root] = checkpoint.split("\n")
  for (; size < Number(newSize); size++) {
    const { body } = await log.entry(size)
    let peak = sha256(Buffer.of(0), body)
    for (let at = size; at % 2 === 1; at = (at - 1) / 2) peak = node(peaks.pop(), peak)
    peaks.push(peak)
    console.log(`${origin} ${size} ${Buffer.from(body)}`)
  }
  const own = peaks.length > 0 ? peaks.reduceRight((right, left) => node(left, right)) : sha256()
  if (size !== Number(newSize) || own.toString("base64") !== root) {
    throw new Error(`${origin} signed a tree of ${newSize} that is not the tree of its entries`)
  }
}
