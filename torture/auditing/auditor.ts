// An observer of a log, apart from it: it keeps every acknowledged entry and every signed head that was seen anywhere,
// and holds what the log serves to them, with RFC 6962 and signed notes of its own. It imports nothing of the program.
import { createAsking } from "./asking.ts"
import { isConsistent, leafHash, rootOfInclusion, type TreeHead } from "./merkle.ts"
import { createTreeReading } from "./served-tree.ts"
import { readHeadKey, readSignedHead } from "./signed-head.ts"
import { createTimes } from "./times.ts"

export interface Auditor {
  /**
   * An acknowledged entry, as the HTTP answer of POST /v1/entries gave it (JSON, parsed). Checks the answer by itself:
   * the signature of the checkpoint, the inclusion proof, one index for one entry. The next audit says what is wrong.
   */
  acknowledged(answer: unknown): void
  /** A signed checkpoint seen anywhere. */
  head(checkpoint: string): void
  /** Acknowledged entries kept. */
  readonly size: number
  /** Heads kept. */
  readonly heads: number
  /**
   * Everything kept against a log that serves at `url`: each entry at its index, each pair of neighbouring heads
   * consistent, no two heads of one size, the root made again from all entry bundles. With `new` only what came since
   * the audit before is read; of proofs a part is asked for. Gives what is broken, empty if all holds.
   */
  audit(url: string, what?: "all" | "new"): Promise<readonly string[]>
  /** Ends its connections. */
  close(): void
}

interface Receipt {
  readonly index: number
  readonly leafHash: string
  readonly body: string
  readonly inclusionProof: {
    readonly index: number
    readonly size: number
    readonly root: string
    readonly hashes: readonly string[]
  }
  readonly checkpoint: string
}

const MOST_BROKEN = 50
const CHECKPOINTS = 256
const PROOFS = { all: 128, new: 8 }
const TIMES = { all: 64, new: 4 }

function text(reason: unknown): string {
  return reason instanceof Error ? reason.message : String(reason)
}

/** At most `most` of a list, spread over it evenly; the last one always. */
function sample<Item>(items: readonly Item[], most: number): readonly Item[] {
  const step = Math.max(1, Math.ceil(items.length / most))
  return items.filter((_, i) => (items.length - 1 - i) % step === 0)
}

export function createAuditor(vkey: string): Auditor {
  const key = readHeadKey(vkey)
  const asking = createAsking()
  const times = createTimes(asking)
  const entries = new Map<number, Buffer>()
  const places = new Map<string, number>()
  const heads = new Map<number, Buffer>()
  const read = new Map<string, TreeHead>()
  const wrong: string[] = []
  let reading = createTreeReading(asking)
  let hasPublished = false
  let unlooked: number[] = []
  let unproven: number[] = []

  function say(broken: string): void {
    if (wrong.length < MOST_BROKEN && !wrong.includes(broken)) wrong.push(broken)
  }

  function readHead(checkpoint: string): TreeHead {
    const known = read.get(checkpoint)
    if (known !== undefined) return known
    const head = readSignedHead(key, checkpoint)
    if (read.size >= CHECKPOINTS) read.clear()
    read.set(checkpoint, head)
    const before = heads.get(head.size)
    if (before === undefined) {
      heads.set(head.size, head.root)
      unproven.push(head.size)
    } else if (!before.equals(head.root)) {
      say(`fork: two heads of size ${head.size} were signed`)
    }
    return head
  }

  function keepReceipt(answer: Receipt): void {
    const { index, inclusionProof: proof } = answer
    const leaf = leafHash(Buffer.from(answer.body, "base64"))
    const head = readHead(answer.checkpoint)
    if (leaf.toString("hex") !== answer.leafHash)
      say(`answer for ${index}: not the hash of its body`)
    const path = proof.hashes.map((each) => Buffer.from(each, "hex"))
    const root = rootOfInclusion({ leaf, index, size: head.size }, path)
    const isOfHead = proof.size === head.size && proof.root === head.root.toString("hex")
    if (!isOfHead || proof.index !== index || root?.equals(head.root) !== true) {
      say(`answer for ${index}: its inclusion proof does not lead to its head of size ${head.size}`)
    }
    const name = leaf.toString("base64")
    const place = places.get(name) ?? index
    if (place !== index) say(`one entry was acknowledged at ${place} and at ${index}`)
    const other = entries.get(index)
    if (other?.equals(leaf) === false) say(`two entries were acknowledged at ${index}`)
    if (other !== undefined) return
    places.set(name, index)
    entries.set(index, leaf)
    unlooked.push(index)
  }

  async function askHead(url: string, path: string): Promise<TreeHead | undefined> {
    const { status, body } = await asking.ask(url + path)
    // A log with witnesses has published nothing before its first quorum, and something ever after.
    if (path === "/checkpoint" && status === 503 && !hasPublished) return undefined
    if (path === "/checkpoint") hasPublished = true
    if (status !== 200) throw new Error(`${path}: expected a head, found ${status}`)
    const note = path === "/checkpoint" ? String(body) : String(JSON.parse(String(body)).checkpoint)
    return readHead(note)
  }

  async function checkProof(url: string, from: number, to: number): Promise<void> {
    const [older, newer] = [heads.get(from), heads.get(to)]
    if (older === undefined || newer === undefined) return
    const { status, body } = await asking.ask(`${url}/v1/proofs/consistency?from=${from}&to=${to}`)
    const hashes: readonly string[] = status === 200 ? JSON.parse(String(body)).hashes : []
    const proof = hashes.map((each) => Buffer.from(each, "hex"))
    const holds = isConsistent({ size: from, root: older }, { size: to, root: newer }, proof)
    if (status !== 200 || !holds) {
      say(`heads of sizes ${from} and ${to}: no proof that they are of one tree (${status})`)
    }
  }

  async function checkTree(url: string, what: "all" | "new"): Promise<void> {
    const largest = Math.max(0, ...unproven, ...(what === "all" ? heads.keys() : []))
    const head = await askHead(url, "/v1/head")
    await askHead(url, "/checkpoint")
    const size = head?.size ?? 0
    if (size < Math.max(largest, reading.size)) {
      say(
        `rolled back: it serves size ${size}, a head of ${Math.max(largest, reading.size)} was seen`,
      )
    }
    if (what === "all") reading = createTreeReading(asking)
    await reading.readTo(url, size, new Set(heads.keys()))
    const sizes = what === "all" ? [...heads.keys()] : unproven
    // Others were seen while this audit went on.
    const judged = sizes.filter((each) => reading.rootAt(each) !== undefined)
    for (const each of judged) {
      if (heads.get(each)?.equals(reading.rootAt(each) ?? Buffer.of()) !== true) {
        say(`the head of size ${each} is not that of the entries that are served`)
      }
    }
    const sorted = [...heads.keys()].filter((each) => each <= size).sort((a, b) => a - b)
    const pairs = sorted.slice(1).map((to, i) => [sorted[i] ?? 0, to] as const)
    const recent = new Set(judged)
    const wanted = pairs.filter(([, to]) => recent.has(to))
    for (const [from, to] of sample(wanted, PROOFS[what])) await checkProof(url, from, to)
    unproven = unproven.filter((each) => reading.rootAt(each) === undefined)
  }

  /** What was acknowledged while the audit goes on is left to the next one. */
  async function checkEntries(url: string, indexes: readonly number[], looks: number) {
    const missing = indexes.filter(
      (each) => reading.leaf(each)?.equals(entries.get(each) ?? Buffer.of()) !== true,
    )
    for (const each of missing.slice(0, MOST_BROKEN)) {
      say(`lost: the entry that was acknowledged at ${each} is not there`)
    }
    for (const each of await times.look(url, sample(indexes, looks))) say(each)
  }

  return {
    acknowledged(answer) {
      try {
        keepReceipt(answer as Receipt)
      } catch (reason) {
        say(`an answer that is none: ${text(reason)}`)
      }
    },
    head(checkpoint) {
      try {
        readHead(checkpoint)
      } catch (reason) {
        say(text(reason))
      }
    },
    get size() {
      return entries.size
    },
    get heads() {
      return heads.size
    },
    async audit(url, what = "all") {
      const asked = unlooked.length
      const indexes = what === "all" ? [...entries.keys()] : [...unlooked]
      try {
        await checkTree(url, what)
        await checkEntries(url, indexes, TIMES[what])
        unlooked = unlooked.slice(asked)
      } catch (reason) {
        say(`not to be audited: ${text(reason)}`)
      }
      return [...wrong]
    },
    close: asking.close,
  }
}
