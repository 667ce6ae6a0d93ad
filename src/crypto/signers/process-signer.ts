// The log's keys in a signer process of its own, as the log uses them: checkpoints for the sequencer, and what Rekor
// v1 clients need. The signer judges by itself what it signs; here its answers are verified before they are used.
import { createHash } from "node:crypto"
import { bug, Refusal, refuse, shown } from "../../core/base/errors.ts"
import { formatPem } from "../../core/base/pem.ts"
import { formatEd25519Spki } from "../../core/base/spki.ts"
import { formatCheckpoint, parseCheckpoint } from "../../core/note/checkpoint.ts"
import {
  formatNote,
  lineOf,
  openNote,
  parseNote,
  parseVkey,
  type Vkey,
} from "../../core/note/note.ts"
import { parseOrigin } from "../../core/note/origin.ts"
import type { SignedHead } from "../../log/ports/log.ts"
import type { LogSigner, ProveFrom, RekorSigner } from "../../log/ports/signer.ts"
import type { LogIdentity } from "../../log/ports/store.ts"
import { OldSize } from "../../signer/judgement.ts"
import type { SignerIdentity } from "../../signer/message.ts"
import { promisedBytes } from "../../signer/promised-bytes.ts"
import { createMessageVerification, createNoteVerification } from "../engines/note-verification.ts"
import type { SignerChannel } from "./signer-channel.ts"

export interface ProcessSigner {
  /** The log that the signer was made for. */
  readonly identity: LogIdentity
  readonly vkeys: readonly string[]
  /** SPKI DER of the ECDSA key, for trust files. */
  readonly ecdsaSpki: Uint8Array
  /** The size that the signer remembers. */
  readonly size: number
  readonly log: LogSigner
  readonly rekor: RekorSigner
  close(): void
}

const ECDSA = 0x02
const ED25519 = 0x01
/** Another signature of an earlier process may have been under way. */
const MOST_TRIES = 3

/** Characters of what a signer says. */
const LONGEST_REASON = 500

function fingerprintOf({ type, publicKey }: Vkey): string {
  const spki = type === ECDSA ? publicKey : formatEd25519Spki(publicKey)
  return createHash("sha256").update(spki).digest("hex")
}

/** What the log must not go on after; the message says what the operator has to look at. */
function refusedBySigner({ message }: Refusal): Refusal {
  return new Refusal(
    "conflict",
    `the signer refuses: ${shown(message, LONGEST_REASON).slice(1, -1)}. It has signed another tree than this log has now: an older copy of the ` +
      "data was put in place, or somebody else uses this log's signer. Nothing more is signed. Stop the log, " +
      'keep the data, and see operating.md, "A signer of its own"',
  )
}

function readIdentity({ origin, treeId, vkeys }: SignerIdentity) {
  const name = parseOrigin(origin)
  const keys = vkeys.map(parseVkey)
  const [ecdsa, ed25519] = keys
  if (ecdsa?.type !== ECDSA || ed25519?.type !== ED25519 || keys.some((key) => key.name !== name)) {
    return refuse("mismatch", `expected the ECDSA and the Ed25519 key of ${name}, found others`)
  }
  const keyFingerprints = keys.map(fingerprintOf)
  return { identity: { origin: name, treeId, keyFingerprints }, keys, ecdsa }
}

/**
 * Asks a signer who it is. Refuses `malformed` and `mismatch`; throws trouble ("busy") if it is away. Closing ends
 * the channel. `onRefused` is told why a checkpoint was refused, before the log hears of it.
 */
export async function openProcessSigner(
  channel: SignerChannel,
  onRefused: (reason: string) => void = () => {},
): Promise<ProcessSigner> {
  const told = await channel.ask({ ask: "identity" })
  if (!("identity" in told)) refuse("malformed", "expected the signer to say who it is")
  const { identity, keys, ecdsa } = readIdentity(told.identity)
  const { origin, keyFingerprints } = identity
  const { size } = told.identity
  return {
    identity,
    vkeys: told.identity.vkeys,
    ecdsaSpki: ecdsa.publicKey,
    size,
    log: {
      ...{ origin, keyFingerprints, vkeys: told.identity.vkeys },
      sign: checkpointSigner(channel, keys, size, onRefused),
    },
    rekor: createProcessRekorSigner(channel, ecdsa, identity),
    close: channel.close,
  }
}

function checkpointSigner(
  channel: SignerChannel,
  keys: readonly Vkey[],
  size: number,
  onRefused: (reason: string) => void,
) {
  const holds = createNoteVerification()
  let remembered = size

  async function ask(text: string, prove: ProveFrom, tries: number): Promise<string> {
    const head = parseCheckpoint(text)
    try {
      // From beyond the head there is no proof; the signer then says why it refuses.
      const from = Math.min(remembered, head.size)
      const proof = await prove(from)
      const answer = await channel.ask({ ask: "checkpoint", text, from, proof })
      const note = "note" in answer ? answer.note : bug("the signer answers something else")
      remembered = head.size
      return ownNote(text, note, keys, holds)
    } catch (reason) {
      if (reason instanceof OldSize && tries < MOST_TRIES) {
        remembered = reason.size
        return await ask(text, prove, tries + 1)
      }
      if (!(reason instanceof Refusal)) throw reason
      tell(onRefused, reason)
      throw refusedBySigner(reason)
    }
  }

  return (text: string, prove: ProveFrom) => ask(text, prove, 1)
}

function tell(onRefused: (reason: string) => void, { message }: Refusal): void {
  try {
    onRefused(message)
  } catch {
    // Whatever keeps it from being written down, the refusal itself is what ends the log.
  }
}

/** The note over exactly `text` with a line of each key that holds, and no other; a bug if it is not. */
function ownNote(
  text: string,
  note: string,
  keys: readonly Vkey[],
  holds: ReturnType<typeof createNoteVerification>,
): string {
  const parsed = parseNote(note)
  const lines = openNote(parsed, keys, holds)
  if (parsed.text !== text || lines.length !== keys.length) {
    bug("the signer has signed something else than it was asked for")
  }
  return formatNote(
    text,
    keys.map((key) => lineOf(key, lines) ?? bug("a key has no line")),
  )
}

function createProcessRekorSigner(
  channel: SignerChannel,
  key: Vkey,
  { origin, treeId, keyFingerprints }: LogIdentity,
): RekorSigner {
  const holds = createNoteVerification()
  const messages = createMessageVerification(1)
  const logId = keyFingerprints[0] ?? bug("the log has no key")
  const checkpoints = new WeakMap<SignedHead, Promise<string>>()

  /** Cosignatures and other lines are no matter to the signer. */
  function ownLine({ checkpoint }: SignedHead): string {
    const { text, signatures } = parseNote(checkpoint)
    const line =
      lineOf(key, signatures) ?? bug("a checkpoint of the log has no line of its own key")
    return formatNote(text, [line])
  }

  async function checkpoint(head: SignedHead): Promise<string> {
    const text = formatCheckpoint(`${origin} - ${treeId}`, head)
    const answer = await asked(channel.ask({ ask: "rekor-checkpoint", checkpoint: ownLine(head) }))
    const note = "note" in answer ? answer.note : bug("the signer answers something else")
    return ownNote(text, note, [key], holds)
  }

  return {
    logId,
    publicKeyPem: formatPem({ label: "PUBLIC KEY", der: key.publicKey }),
    async signEntry(promise, { hashes, head }) {
      const body = Buffer.from(promise.body, "base64")
      const answer = await asked(
        channel.ask({
          ...{ ask: "entry-timestamp", promise, body, proof: hashes },
          checkpoint: ownLine(head),
        }),
      )
      const signature = "signature" in answer ? answer.signature : bug("the signer answers else")
      if (messages.ecdsa(key.publicKey, promisedBytes(promise), signature)) return signature
      return bug("the signer has signed another promise")
    },
    async checkpoint(head) {
      const signing = checkpoints.get(head) ?? checkpoint(head)
      checkpoints.set(head, signing)
      // Asked again, it may be there.
      signing.catch(() => checkpoints.delete(head))
      return await signing
    },
  }
}

/** A log that is what it claims is refused these for their time alone: a refusal is no fault of a client. */
async function asked<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer
  } catch (reason) {
    // Its clock is behind the log's.
    if (reason instanceof Refusal && reason.code === "try-later") throw reason
    if (reason instanceof Refusal) bug(`the signer refuses: ${reason.message}`)
    throw reason
  }
}
