// A client of a log's native API (openapi.yaml) and of its tiles, for browsers and programs. It checks the
// form of every answer and that it is about what was asked; what an answer claims is for receipt.ts,
// inclusion.ts and verify.ts to check, since a log is not trusted.
import { parseUtf8 } from "../core/base/bytes.ts"
import { assertAtMost, Refusal, refuse, type Trouble } from "../core/base/errors.ts"
import { asInteger, asObject, isAbsent, parseJson } from "../core/base/json-value.ts"
import {
  LONGEST_ENTRY_BUNDLE,
  LONGEST_ENVELOPE,
  LONGEST_RECEIPT,
  MOST_IN_BATCH,
} from "../core/base/limits.ts"
import { formatHex } from "../core/base/text.ts"
import { HASH_SIZE, type Hash } from "../core/tree/hash.ts"
import { formatTilePath, type TileResource } from "../core/tree/tile.ts"
import type { EntryRequest } from "../entry/kinds/registry.ts"
import { hasMessageDigest } from "../entry/message-digest.ts"
import { createExchange, type Exchange, errorOfProblem, type Fetch } from "./exchange.ts"
import {
  type Entry,
  type FoundArtifact,
  type FoundEntries,
  type Inclusion,
  readArtifact,
  readConsistency,
  readEntry,
  readFound,
  readInclusion,
  readReceipt,
  readTreeHead,
  type SearchCriteria,
  type SearchPage,
  type TreeHead,
} from "./log-answer.ts"
import {
  type AttachedMessage,
  type MessagePage,
  type Messages,
  readAttached,
  readMessages,
} from "./message-answer.ts"
import type { Receipt } from "./receipt.ts"
import type { Patience } from "./retrying.ts"

/** Where a log is, and how it is asked. */
export interface LogClientOptions {
  /** Base URL of the log: `http(s)://HOST[:PORT][/PATH]`. */
  readonly url: string
  /** The platform's by default. */
  readonly fetch?: Fetch
  /** Ends every request when it fires; its reason is thrown. */
  readonly signal?: AbortSignal
  /** How long one request may take, in milliseconds; 30 seconds by default. */
  readonly timeout?: number
  /**
   * What may pass by itself (408, 429, 5xx, broken connections) is asked again: what is read, and what is submitted,
   * since a log has an entry once however often it is submitted. By default nothing is.
   */
  readonly patience?: Patience
}

/** What became of one request of a batch. */
export type BatchOutcome = { readonly receipt: Receipt } | { readonly error: Refusal | Trouble }

/** How a submission is answered. */
export interface SubmitOptions {
  /**
   * Whether to wait until witnesses have cosigned the checkpoint of the receipt, which says whether they
   * have; by default as the log's operator has set it.
   */
  readonly witnessed?: boolean
}

/**
 * One log's native API (openapi.yaml) and tiles (C2SP tlog-tiles). Every method rejects with `Refusal` (the
 * log's own code, or `malformed`, `mismatch` or `too-large` for its answer) or with `Trouble` ("network").
 */
export interface LogClient {
  /** The receipt of a new entry, or of the equal one that is there; hold it against {@link verifyReceipt}. */
  submit(request: EntryRequest, options?: SubmitOptions): Promise<Receipt>
  /** Up to 1,000 requests and 8 MiB; one outcome for each, in the same order. */
  submitBatch(
    requests: readonly EntryRequest[],
    options?: SubmitOptions,
  ): Promise<readonly BatchOutcome[]>
  /** Rejects with `not-found` or `beyond-tree` where there is none. */
  entry(index: number): Promise<Entry>
  /** Entries that fit all criteria, in pages of up to 100. */
  search(criteria: SearchCriteria, page?: SearchPage): Promise<FoundEntries>
  /** What the log has about the artifact with this digest (`algorithm:hex`). */
  artifact(digest: string): Promise<FoundArtifact>
  /**
   * Attaches the bytes that were signed to an entry that has only a hash of them, for everyone to find it by what they
   * say. Rejects with what the log says against it: `mismatch` or `bad-signature` for another entry's message,
   * `unsupported` for an artifact, `gone` for one that was taken away, `not-allowed` for a log that keeps none.
   */
  attach(index: number, message: Uint8Array): Promise<AttachedMessage>
  /** What was attached, by anyone to any entry, in the order in which it came; in pages of up to 1,000. */
  messages(page?: MessagePage): Promise<Messages>
  /** The message with a digest (`algorithm:hex`) that stands in bodies; it is found to have that digest. */
  message(digest: string): Promise<Uint8Array>
  /** The message of an entry; hold it against the body. Rejects with `not-found` or `gone` without one. */
  messageOf(index: number): Promise<Uint8Array>
  /** The proof for `index` in the tree of `size` entries, the newest by default. */
  inclusion(index: number, size?: number): Promise<Inclusion>
  /** As {@link LogClient.inclusion}, for the entry with this leaf hash; {@link asHash} makes one of 32 bytes. */
  inclusionOf(leafHash: Hash, size?: number): Promise<Inclusion>
  /** The consistency proof (RFC 6962, section 2.1.2) between two sizes, unchecked. */
  consistency(from: number, to: number): Promise<readonly Hash[]>
  /** The newest head, which the log may not have published yet. */
  treeHead(): Promise<TreeHead>
  /** The newest checkpoint as the log publishes it. */
  checkpoint(): Promise<string>
  /** A hash tile (32 bytes a hash) or an entry bundle (C2SP tlog-tiles). */
  tile(resource: TileResource): Promise<Uint8Array>
  /** A Sigstore bundle that the log made; `unsupported` for kinds of which it has not all parts. */
  bundle(index: number): Promise<string>
  /** A C2SP tlog-proof. */
  tlogProof(index: number): Promise<string>
  /** The log's own trusted root: to show to a person or to compare, never to trust at once. */
  trustedRoot(): Promise<string>
}

const DEFAULT_TIMEOUT = 30_000
/** A hundred entries in base64, or as many attestations. */
const LONGEST_FOUND = 16 * 1024 * 1024
/** What a payload of the longest envelope can be, with its type. */
const LONGEST_MESSAGE = LONGEST_ENVELOPE
/** A line for each receipt; with the longest bodies and notes fewer of them fit. */
const LONGEST_BATCH_ANSWER = 128 * 1024 * 1024

function readOutcome(line: string, what: string): BatchOutcome {
  const value = parseJson(line, what, LONGEST_RECEIPT)
  const { status, problem } = asObject(value, what)
  const code = asInteger(status, `${what}.status`)
  return code < 300
    ? { receipt: readReceipt(value, what) }
    : { error: errorOfProblem(problem, code) }
}

function readOutcomes(text: string, count: number): readonly BatchOutcome[] {
  const lines = text.split("\n", count + 2)
  if (lines.length !== count + 1 || lines.at(-1) !== "") {
    refuse("malformed", `the log's answer to a batch: expected ${count} lines, found others`)
  }
  return lines.slice(0, -1).map((line, i) => readOutcome(line, `line ${i}`))
}

/** Refuses `mismatch` for an answer about something else than was asked for. */
function assertAsked(found: number, asked: number, what: string): void {
  if (found !== asked) refuse("mismatch", `${what}: expected ${asked}, found ${found}`)
}

function assertAskedInclusion(answer: Inclusion, index: number | undefined, size?: number): void {
  if (index !== undefined) assertAsked(answer.proof.index, index, "index of the log's proof")
  if (size !== undefined) assertAsked(answer.proof.size, size, "size of the log's proof")
}

const ANSWER = "the log's answer"

/** A path with the parameters that are there. */
function withQuery(path: string, parameters: object): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(parameters)) {
    if (!isAbsent(value)) query.set(name, String(value))
  }
  const text = query.toString()
  return text === "" ? path : `${path}?${text}`
}

async function submitBatch(
  exchange: Exchange,
  requests: readonly EntryRequest[],
  options: SubmitOptions,
): Promise<readonly BatchOutcome[]> {
  assertAtMost(MOST_IN_BATCH, requests.length, "batch", "requests")
  const answer = await exchange({
    method: "POST",
    path: withQuery("v1/entries/batch", { witnessed: options.witnessed }),
    body: requests.map((request) => `${JSON.stringify(request)}\n`).join(""),
    contentType: "application/x-ndjson",
    longest: Math.min(requests.length * LONGEST_RECEIPT, LONGEST_BATCH_ANSWER),
    isRepeatable: true,
  })
  return readOutcomes(parseUtf8(answer, ANSWER), requests.length)
}

async function submit(exchange: Exchange, request: EntryRequest, options: SubmitOptions) {
  const answer = await exchange({
    method: "POST",
    path: withQuery("v1/entries", { witnessed: options.witnessed }),
    body: JSON.stringify(request),
    longest: LONGEST_RECEIPT,
    // The same text is the same entry, which the log has once: the answer is then the receipt of what is there.
    isRepeatable: true,
  })
  return readReceipt(parseJson(parseUtf8(answer, "receipt"), "receipt", LONGEST_RECEIPT))
}

/** The newest head; older logs have it under another path. */
async function headJson(json: (path: string) => Promise<unknown>): Promise<unknown> {
  try {
    return await json("v1/head")
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== "not-found") throw error
    return await json("v1/tree-head")
  }
}

/**
 * A client of one log. Asks nothing yet; refuses `malformed` for a URL that cannot be one. What the log answers
 * is checked for its form only: hold it against your pins, as {@link verifyReceipt} does.
 *
 * @example
 * ```ts
 * import { createLogClient } from "countersign/client"
 *
 * const log = createLogClient({ url: "http://localhost:3000" })
 * const { index, body } = await log.entry(0)
 * console.log(index, JSON.parse(new TextDecoder().decode(body)).kind) // 0 hashedrekord
 * ```
 */
export function createLogClient(options: LogClientOptions): LogClient {
  const exchange = createExchange({
    url: options.url,
    fetch: options.fetch ?? globalThis.fetch,
    signal: options.signal,
    timeout: options.timeout ?? DEFAULT_TIMEOUT,
    patience: options.patience,
  })
  const text = async (path: string, longest = LONGEST_RECEIPT) =>
    parseUtf8(await exchange({ path, longest }), ANSWER)
  const json = async (path: string, longest = LONGEST_RECEIPT) =>
    parseJson(await text(path, longest), ANSWER, longest)
  return {
    submit: (request, options = {}) => submit(exchange, request, options),
    submitBatch: (requests, options = {}) => submitBatch(exchange, requests, options),
    async entry(index) {
      const entry = readEntry(await json(`v1/entries/${index}`))
      assertAsked(entry.index, index, "index of the log's entry")
      return entry
    },
    async search(criteria, page = {}) {
      const path = withQuery("v1/entries", { ...criteria, ...page })
      return readFound(await json(path, LONGEST_FOUND), page)
    },
    async artifact(digest) {
      const path = `v1/artifacts/${encodeURIComponent(digest)}?limit=100`
      return readArtifact(await json(path, LONGEST_FOUND))
    },
    async inclusion(index, size) {
      const path = withQuery(`v1/entries/${index}/proof`, { size })
      const answer = readInclusion(await json(path))
      assertAskedInclusion(answer, index, size)
      return answer
    },
    async inclusionOf(leafHash, size) {
      const path = withQuery("v1/proofs/inclusion", { leafHash: formatHex(leafHash), size })
      const answer = readInclusion(await json(path))
      assertAskedInclusion(answer, undefined, size)
      return answer
    },
    async consistency(from, to) {
      return readConsistency(await json(`v1/proofs/consistency?from=${from}&to=${to}`), from, to)
    },
    async attach(index, message) {
      const answer = await exchange({
        method: "POST",
        path: `v1/entries/${index}/message`,
        // A copy, because a view of shared memory is no body.
        body: new Uint8Array(message),
        contentType: "application/octet-stream",
        longest: LONGEST_RECEIPT,
      })
      return readAttached(parseJson(parseUtf8(answer, ANSWER), ANSWER, LONGEST_RECEIPT))
    },
    async messages(page = {}) {
      const path = withQuery("v1/messages", { after: page.after, limit: page.limit })
      return readMessages(await json(path), page)
    },
    async message(digest) {
      const path = `v1/messages/${encodeURIComponent(digest)}`
      const bytes = await exchange({ path, longest: LONGEST_MESSAGE })
      if (hasMessageDigest(bytes, digest)) return bytes
      return refuse("mismatch", `message: expected one with the digest ${digest}, found another`)
    },
    messageOf: (index) =>
      exchange({ path: `v1/entries/${index}/message`, longest: LONGEST_MESSAGE }),
    treeHead: async () => readTreeHead(await headJson(json)),
    checkpoint: () => text("checkpoint"),
    tile: (resource) =>
      exchange({
        path: formatTilePath(resource),
        longest: resource.kind === "tile" ? resource.width * HASH_SIZE : LONGEST_ENTRY_BUNDLE,
      }),
    bundle: (index) => text(`v1/entries/${index}/bundle`),
    tlogProof: (index) => text(`v1/entries/${index}/tlog-proof`),
    trustedRoot: () => text("v1/trusted-root.json"),
  }
}
