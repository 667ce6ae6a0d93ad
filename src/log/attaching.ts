// Attaching messages: the bytes that were signed are held against the body of their entry, signatures included where the
// body binds only a payload, and then kept beside the tree. They take their turn between batches, all that wait in one
// commit; who submits entries does not wait for their verification.
import { equalBytes } from "../core/base/bytes.ts"
import type { HashName } from "../core/base/digest.ts"
import { Refusal, refuse, Trouble } from "../core/base/errors.ts"
import type { TreeHasher } from "../core/tree/hash.ts"
import type { SignatureCheck, SignatureVerifier } from "../entry/entry.ts"
import { type EntryMessage, messageOf } from "../entry/kinds/message.ts"
import { readSummary } from "../entry/kinds/summary.ts"
import { parseDigest, refuseSignature } from "../entry/signature.ts"
import { isPae, parsePae } from "../entry/statement/pae.ts"
import type { AttachedMessage, LogEntry } from "./ports/log.ts"
import type { Attached, NewMessage, StoredMessage } from "./ports/message.ts"
import type { LogReads, Redaction } from "./ports/store.ts"

export type MessageHash = (name: HashName, bytes: Uint8Array) => Uint8Array

/** A message that is the one of its entry if all checks hold. */
export interface ProvenMessage extends Pick<EntryMessage, "digest" | "checks"> {
  readonly form: string
}

/** Rejects as `messageOf` refuses. Long messages take seconds: a server asks a thread of its own. */
export type MessageProver = (body: Uint8Array, bytes: Uint8Array) => Promise<ProvenMessage>

interface AttachingOptions {
  readonly reads: Pick<LogReads, "attachment" | "messages">
  entry(index: number): Promise<LogEntry>
  readonly verifier: SignatureVerifier
  readonly hasher: TreeHasher
  /** The platform's, for messages of megabytes. */
  readonly hash: MessageHash
  readonly prove: MessageProver
  /** Bytes of the longest message that is kept; 0 keeps none. */
  readonly messageBytes: number
  /** Writes some, durably; calls do not overlap. */
  write(messages: readonly NewMessage[]): Promise<readonly Attached[]>
}

interface Waiting {
  readonly message: NewMessage
  readonly resolve: (attached: Attached) => void
  readonly reject: (reason: unknown) => void
}

/** On the calling thread. */
export const proveHere: MessageProver = async (body, bytes) => {
  const { message, digest, checks } = messageOf(body, bytes)
  return { form: message.form, digest, checks }
}

/** Messages that may be under way, and what one commit takes of them. */
const MOST_UNDER_WAY = 16
const MOST_AT_ONCE = 16
const MOST_OF_A_DIGEST = 16
/** Up to so many bytes a message may be a commit, of which only a part has the digest. */
const LONGEST_COMMIT = 262_144
const BYTES_AT_ONCE = 8 * 1024 * 1024

function gone(digest: string, { redacted }: Redaction): never {
  const when = new Date(redacted).toISOString()
  return refuse("gone", `the message with the digest ${digest} was redacted at ${when}`)
}

/** Whether the digest in the body is of the whole message. */
function isBound(body: Uint8Array): boolean {
  return readSummary(body).digest !== undefined
}

function digestOf(body: Uint8Array): string | undefined {
  const { digest, payload } = readSummary(body)
  return digest ?? payload
}

/** The oldest, at most 16 and 8 MiB of them; the first one whatever its length. */
function takeSome(waiting: Waiting[]): readonly Waiting[] {
  let bytes = 0
  const end = waiting.findIndex(({ message }, i) => {
    bytes += message.bytes.length
    return i > 0 && (i === MOST_AT_ONCE || bytes > BYTES_AT_ONCE)
  })
  return waiting.splice(0, end < 0 ? waiting.length : end)
}

/** Writes what waits, some at once. */
function createQueue(write: AttachingOptions["write"]) {
  const waiting: Waiting[] = []
  let isWriting = false

  async function writeSome(some: readonly Waiting[]): Promise<void> {
    try {
      const attached = await write(some.map(({ message }) => message))
      some.forEach(({ resolve }, i) => {
        resolve(attached[i] as Attached)
      })
    } catch (reason) {
      for (const { reject } of some) reject(reason)
    }
  }

  async function writeAll(): Promise<void> {
    isWriting = true
    while (waiting.length > 0) await writeSome(takeSome(waiting))
    isWriting = false
  }

  return (message: NewMessage): Promise<Attached> =>
    new Promise((resolve, reject) => {
      waiting.push({ message, resolve, reject })
      if (!isWriting) void writeAll()
    })
}

export function createAttaching(options: AttachingOptions) {
  const { reads, verifier, hasher, hash, prove, messageBytes } = options
  const { messages } = reads
  const queue = createQueue(options.write)
  const onIdle: (() => void)[] = []
  let underWay = 0

  async function failing(checks: readonly SignatureCheck[]): Promise<SignatureCheck | undefined> {
    const held = await Promise.all(checks.map((check) => verifier.verify(check)))
    return checks.find((_, i) => held[i] !== true)
  }

  /** Refuses `mismatch` a long message that cannot have this digest, before it is read. */
  function assertMayHave(digest: string, bytes: Uint8Array): void {
    if (bytes.length <= LONGEST_COMMIT) return
    const { hash: name, bytes: expected } = parseDigest(digest)
    const parts = isPae(bytes) ? [bytes, parsePae(bytes).payload] : [bytes]
    if (parts.some((part) => equalBytes(hash(name, part), expected))) return
    refuse("mismatch", `message: expected one with the digest ${digest}, found another`)
  }

  /** Refuses what is not the message of this entry. */
  async function proven(body: Uint8Array, bytes: Uint8Array): Promise<ProvenMessage> {
    const digest = digestOf(body)
    if (digest !== undefined) assertMayHave(digest, bytes)
    const found = await prove(body, bytes)
    const wrong = await failing(found.checks)
    if (wrong !== undefined) refuseSignature("message: the entry's signature", [wrong])
    return found
  }

  /** Refuses `gone` if it was taken away, as a message or with the envelope that came with the entry. */
  async function assertNotRedacted(index: number, digest: string): Promise<void> {
    const redacted = await messages.redacted(digest)
    if (redacted !== undefined) gone(digest, { redacted })
    const attachment = await reads.attachment(index)
    if (attachment !== undefined && "redacted" in attachment) gone(digest, attachment)
  }

  /**
   * Of an envelope each message has a signature in the log, of a text there is one for a digest. A commit may come
   * with any signature in it, so that there could be any number of them.
   */
  async function assertRoom({ digest, form, index, checksum }: NewMessage): Promise<void> {
    if (form === "dsse-pae") return
    const numbers = await messages.numbersOf(digest, index)
    if (numbers.length < MOST_OF_A_DIGEST) return
    for (const sequence of numbers) {
      const known = await messages.at(sequence)
      if (known !== undefined && equalBytes(known.checksum, checksum)) return
    }
    refuse("conflict", `there are ${numbers.length} messages with the digest ${digest} already`)
  }

  /** The message if it is kept already and was proven to be of this entry. */
  async function knownOf(
    index: number,
    body: Uint8Array,
    checksum: Uint8Array,
  ): Promise<AttachedMessage | undefined> {
    const digest = digestOf(body)
    const numbers = digest === undefined ? [] : await messages.numbersOf(digest, index)
    for (const sequence of numbers) {
      const stored = await messages.at(sequence)
      if (stored?.bytes === undefined || !equalBytes(stored.checksum, checksum)) continue
      if (stored.index !== index && !isBound(body)) continue
      return { digest: stored.digest, form: stored.form, sequence, isNew: false }
    }
    return undefined
  }

  async function attach(index: number, bytes: Uint8Array): Promise<AttachedMessage> {
    const { body } = await options.entry(index)
    const checksum = hasher.leaf(bytes)
    const known = await knownOf(index, body, checksum)
    if (known !== undefined) return known
    const { digest, form } = await proven(body, bytes)
    await assertNotRedacted(index, digest)
    const added = { digest, form, index, bytes, checksum }
    await assertRoom(added)
    const attached = await queue(added)
    return "redacted" in attached ? gone(digest, attached) : { digest, form, ...attached }
  }

  /** Throws Trouble `damaged` for bytes that are not as they were written. */
  function intact({ sequence, bytes, checksum }: StoredMessage): Uint8Array | undefined {
    if (bytes === undefined || equalBytes(hasher.leaf(bytes), checksum)) return bytes
    throw new Trouble("damaged", `message ${sequence} is not as it was written`)
  }

  async function bytesOf(sequence: number): Promise<Uint8Array | undefined> {
    const stored = await messages.at(sequence)
    return stored && intact(stored)
  }

  /** Whether a stored message is of the entry with this body. */
  async function isOf(
    index: number,
    body: Uint8Array,
    { index: own, digest, bytes }: StoredMessage,
  ): Promise<boolean> {
    if (bytes === undefined) return false
    const isHashed = (): boolean =>
      equalBytes(hash(parseDigest(digest).hash, bytes), parseDigest(digest).bytes)
    // It was proven when it came.
    if (own === index || (isBound(body) && isHashed())) return true
    try {
      return (await failing((await prove(body, bytes)).checks)) === undefined
    } catch (error) {
      if (error instanceof Refusal) return false
      throw error
    }
  }

  return {
    /** As Log.attach; refuses `not-allowed`, `too-large` and `try-later` before anything is read. */
    async attach(index: number, bytes: Uint8Array): Promise<AttachedMessage> {
      if (messageBytes === 0) refuse("not-allowed", "this log keeps no messages")
      if (bytes.length > messageBytes) {
        refuse("too-large", `message: expected up to ${messageBytes} bytes, found ${bytes.length}`)
      }
      if (underWay >= MOST_UNDER_WAY) {
        refuse("try-later", `${underWay} messages are under way; try again in a second`)
      }
      underWay += 1
      try {
        return await attach(index, bytes)
      } finally {
        underWay -= 1
        if (underWay === 0) for (const resolve of onIdle.splice(0)) resolve()
      }
    },
    /** As Log.message. */
    async message(index: number): Promise<Uint8Array> {
      const { body } = await options.entry(index)
      const digest = digestOf(body)
      if (digest !== undefined) {
        for (const sequence of await messages.numbersOf(digest, index)) {
          const stored = await messages.at(sequence)
          if (stored === undefined) continue
          const bytes = intact(stored)
          if (bytes !== undefined && (await isOf(index, body, stored))) return bytes
        }
        await assertNotRedacted(index, digest)
      }
      return refuse("not-found", `no message is attached to entry ${index}`)
    },
    /** As Log.messageWith. */
    async messageWith(digest: string): Promise<Uint8Array> {
      const [sequence] = await messages.numbersOf(digest, -1)
      const bytes = sequence === undefined ? undefined : await bytesOf(sequence)
      if (bytes !== undefined) return bytes
      const redacted = await messages.redacted(digest)
      if (redacted !== undefined) gone(digest, { redacted })
      return refuse("not-found", `no message with the digest ${digest} is attached`)
    },
    /** Resolves when nothing is under way. */
    async idle(): Promise<void> {
      if (underWay > 0) await new Promise<void>((resolve) => onIdle.push(resolve))
    },
  }
}
