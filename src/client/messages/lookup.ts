// Finding the entries of a log that a signed message belongs to: where its maker says they are, else by its digest.
// Only what the log's own entry says counts. An entry is of the message if its digest is one of the message's; it is of
// the signature as well if it has the very bytes of it, and the certificate that came along.
import { equalBytes } from "../../core/base/bytes.ts"
import { Refusal, unlessRefused } from "../../core/base/errors.ts"
import { parseBase64 } from "../../core/base/text.ts"
import { readRecorded } from "../../entry/kinds/summary.ts"
import type { VerifierKey } from "../../entry/verifier-key.ts"
import type { Entry } from "../log-answer.ts"
import type { LogClient } from "../log-client.ts"
import type { SignedMessage } from "./signed-message.ts"

interface FoundEntry extends Entry {
  /** Whether the entry has this signature, and not only one over the same message. */
  readonly hasSignature: boolean
  /** What the entry has of the message: `digest` of the message itself, or `payload` of its envelope. */
  readonly has: "digest" | "payload"
}

interface Lookup {
  readonly entries: readonly FoundEntry[]
  /** False if the log's search index is behind, or has more entries than are read. */
  readonly isWhole: boolean
}

type LookedUpLog = Pick<LogClient, "entry" | "search">

/** Entries over one digest that are read; more of them are hardly honest. */
const MOST_ENTRIES = 1_000
const PAGE = 100

function isOfKey({ form, der }: VerifierKey, certificate: Uint8Array | undefined): boolean {
  return certificate === undefined || (form === "certificate" && equalBytes(der, certificate))
}

/** What an entry has of a message; undefined if it is about something else or cannot be read. */
function matched(entry: Entry, signed: SignedMessage): FoundEntry | undefined {
  const parts = unlessRefused(() => readRecorded(entry.body).parts)
  if (parts === undefined) return undefined
  const { digest, payload, signatures } = parts
  const isOf = (found: string | undefined) => found !== undefined && signed.digests.includes(found)
  const { signature, certificate } = signed
  const hasSignature = signatures.some(({ key, content }) => {
    const bytes = unlessRefused(() => parseBase64(String(content), "signature"))
    const isSame = bytes !== undefined && signature !== undefined && equalBytes(bytes, signature)
    return isSame && isOfKey(key, certificate)
  })
  // A signature over an artifact of which only the signature is at hand is known by that alone.
  const isByArtifact = signed.form === "artifact" && hasSignature
  if (isOf(digest) || isByArtifact) return { ...entry, hasSignature, has: "digest" }
  return isOf(payload) ? { ...entry, hasSignature, has: "payload" } : undefined
}

async function entryAt(log: LookedUpLog, index: number): Promise<Entry | undefined> {
  try {
    return await log.entry(index)
  } catch (error) {
    // The bundle may be of another log, which has more entries.
    if (error instanceof Refusal) return undefined
    throw error
  }
}

async function statedEntries(
  log: LookedUpLog,
  signed: SignedMessage,
): Promise<readonly FoundEntry[]> {
  const found: FoundEntry[] = []
  for (const { index } of signed.stated) {
    const entry = await entryAt(log, index)
    const match = entry && matched(entry, signed)
    if (match !== undefined) found.push(match)
  }
  return found
}

async function search(log: LookedUpLog, digest: string, signed: SignedMessage): Promise<Lookup> {
  const entries: FoundEntry[] = []
  let after: number | undefined
  for (let read = 0; read < MOST_ENTRIES; ) {
    const page = await log.search({ digest }, { after, limit: PAGE })
    read += Math.max(1, page.entries.length)
    for (const entry of page.entries) {
      const match = matched(entry, signed)
      if (match !== undefined) entries.push(match)
    }
    if (page.next === undefined) return { entries, isWhole: page.completeUpTo >= page.size }
    after = page.next
  }
  return { entries, isWhole: false }
}

/**
 * The entries of this log for a signed message, each once. Asks by the stated places first and is content with them if
 * they have the signature; else searches for every digest. Rejects as the log's client does.
 */
export async function lookUp(log: LookedUpLog, signed: SignedMessage): Promise<Lookup> {
  const stated = await statedEntries(log, signed)
  if (stated.some(({ hasSignature }) => hasSignature)) return { entries: stated, isWhole: true }
  const byIndex = new Map(stated.map((entry) => [entry.index, entry]))
  let isWhole = true
  for (const digest of signed.digests) {
    const found = await search(log, digest, signed)
    isWhole &&= found.isWhole
    for (const entry of found.entries) byIndex.set(entry.index, entry)
  }
  return { entries: [...byIndex.values()].sort((a, b) => a.index - b.index), isWhole }
}
