// A log's data directory: made with everything that one may hold, and read as its server reads it.
import { hash } from "node:crypto"
import { cpSync } from "node:fs"
import { join } from "node:path"
import type { Hash } from "../../src/core/tree/hash.ts"
import type { Log } from "../../src/log/ports/log.ts"
import { type Asking, createAsking } from "./answers.ts"
import type { RottingProgram } from "./program.ts"

const SPKI =
  "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE8xOUetsCa8EfOlDEBAfREhJqspDoyEh6Szz2in47Tv5n52m9dLYyPCbqZkOB5nTSqtscpkQD/HpykCggvx09iQ=="
const BATCH = 97
const TIME = 1_700_000_000_000
const MESSAGES = 12

function digestText(number: number): string {
  return hash("sha256", `artifact ${number}`, "hex")
}

/** The body of a hashedrekord whose signature holds for nothing. */
export function logBody(number: number): Uint8Array {
  const digest = Buffer.from(digestText(number), "hex").toString("base64")
  const signature = Buffer.from(`signature ${number}`.padEnd(70, ".")).toString("base64")
  return new Uint8Array(
    Buffer.from(
      `{"apiVersion":"0.0.2","kind":"hashedrekord","spec":{"hashedRekordV002":{"data":{"algorithm":` +
        `"SHA2_256","digest":"${digest}"},"signature":{"content":"${signature}","verifier":` +
        `{"keyDetails":"PKIX_ECDSA_P256_SHA_256","publicKey":{"rawBytes":"${SPKI}"}}}}}}`,
    ),
  )
}

async function openWriting(program: RottingProgram, folder: string, now: () => number) {
  const directory = program.dataDirectory(folder)
  const guard = program.openGuardFile(directory.guard)
  try {
    const store = await program.openLogStore(directory.database)
    try {
      const keys = await program.openLogKeys(directory)
      const signer = program.createLogSigner(store.identity.origin, keys)
      const options = { store, guard, signer, hasher: program.nativeHasher, now }
      return { store, signer, sequencer: await program.openSequencer(options) }
    } catch (reason) {
      await store.close()
      throw reason
    }
  } catch (reason) {
    await guard.close()
    throw reason
  }
}

export interface LogPlaces {
  readonly stopped: string
  /** As a `kill -9` leaves it: with a WAL that was not carried over. */
  readonly killed: string
  /** The head of the audit log, noted as an operator notes it. */
  readonly noted: string
}

function batchFrom(program: RottingProgram, from: number, count: number) {
  const bodies = Array.from({ length: count }, (_, i) => logBody(from + i))
  return {
    bodies,
    leafHashes: bodies.map((body) => program.nativeHasher.leaf(body)),
    attachments: [{ position: 0, mediaType: "text/plain", bytes: bodies[0] as Uint8Array }],
  }
}

/** Makes a log of `entries` entries in two states. */
export async function makeLogs(
  program: RottingProgram,
  folder: string,
  entries: number,
): Promise<LogPlaces> {
  const [data, killed] = [join(folder, "log"), join(folder, "killed")]
  const directory = program.dataDirectory(data)
  await program.createLogFiles(directory, {
    origin: program.parseOrigin("rot.example"),
    time: TIME,
  })
  await program.command("token", "create", "--data", data, "--name", "one", "--scope", "submit")
  let time = TIME
  const now = () => (time += 1_000)
  const { sequencer } = await openWriting(program, data, now)
  for (let from = 0; from < entries; from += BATCH) {
    await sequencer.append(batchFrom(program, from, Math.min(BATCH, entries - from)))
  }
  const messages = Array.from({ length: MESSAGES }, (_, number) => {
    const bytes = new Uint8Array(Buffer.from(`artifact ${number}`))
    const checksum = program.nativeHasher.leaf(bytes)
    const digest = `sha256:${digestText(number)}`
    return { digest, form: "simple-signing", index: number, bytes, checksum }
  })
  await sequencer.attach(messages)
  const reads = program.openLogReads(directory.database)
  const { index, close } = await program.openIndex(directory.search, reads)
  await index.follow(entries)
  await index.learn()
  await close()
  await reads.close()
  const published = program.openPublishedFile(directory.published)
  await published.write(sequencer.opened.checkpoint)
  await published.close()
  // A copy while it is open: what was committed last is in the WAL alone.
  cpSync(data, killed, { recursive: true, filter: (name) => !/-shm$|\.lock$/.test(name) })
  await sequencer.close()
  const head = program.readAuditHead(program.auditFile(data))
  return { stopped: data, killed, noted: `${head?.records}:${head?.hash}` }
}

/** What an answer to a search is made of. */
const found = ({ indexes, completeUpTo }: Awaited<ReturnType<Log["search"]>>) => ({
  indexes,
  completeUpTo,
})

async function askLog(asking: Asking, log: Log, entries: number): Promise<void> {
  const { ask } = asking
  for (let index = 0; index < entries; index++) {
    const entry = await ask(`entry ${index}`, async () => (await log.entry(index)).body)
    if (entry === undefined) continue
    await ask(`time ${index}`, async () => (await log.entry(index)).time)
    if (index % BATCH === 0) await ask(`attachment ${index}`, () => log.attachment(index))
  }
  for (let index = 0; index * 256 < entries; index++) {
    const width = Math.min(256, entries - index * 256)
    await ask(`bundle ${index}`, () => log.bundle(index, width))
    await ask(`tile 0/${index}`, () => log.tile({ level: 0, index }, width))
  }
  await ask("messages", () => log.messages(0, 1_000))
  for (let number = 0; number < MESSAGES; number++) {
    await ask(`message ${number}`, () => log.messageWith(`sha256:${digestText(number)}`))
  }
  const page = { order: "oldest", limit: 20 } as const
  for (const number of [0, 5, 300, entries - 1]) {
    const term = { name: "digest", value: `sha256:${digestText(number)}` } as const
    await ask(`search ${number}`, async () => found(await log.search([[term]], page)))
  }
}

/** What a command says; it must say why it says no. */
async function said(program: RottingProgram, ...words: readonly string[]): Promise<string> {
  const { code, output } = await program.command(...words)
  if (code === 0) return output
  throw new program.Trouble("damaged", output)
}

/** Opens the log as its server does, asks everything, and appends an entry if `appended` is a number for one. */
export async function askLogPlace(
  program: RottingProgram,
  folder: string,
  { entries, noted }: { readonly entries: number; readonly noted: string },
  appended: number | undefined,
) {
  const asking = createAsking()
  const { ask } = asking
  const directory = program.dataDirectory(folder)
  const published = program.openPublishedFile(directory.published)
  await ask("published", () => published.read())
  await published.close()
  await ask("tokens", () => said(program, "token", "list", "--data", folder))
  await ask("audit", () => said(program, "audit", "verify", "--data", folder, "--head", noted))
  const closers: (() => Promise<void>)[] = []
  await ask("start", async () => {
    const late = () => TIME + 10_000_000
    const { sequencer, signer } = await openWriting(program, folder, late)
    closers.push(sequencer.close)
    const { size, root, time } = sequencer.opened
    asking.answers.set("head", JSON.stringify([size, Buffer.from(root).toString("hex"), time]))
    const reads = program.openLogReads(directory.database)
    closers.push(reads.close)
    let searching: string | undefined
    const index = await program.openIndex(directory.search, reads).catch((reason: unknown) => {
      searching = String(reason)
      if (!(reason instanceof Error && /Trouble|Refusal/.test(reason.name))) throw reason
      return undefined
    })
    if (index !== undefined) closers.push(index.close)
    const none = { search: () => Promise.reject(new program.Trouble("search", searching ?? "")) }
    const log = await program.openLog({
      ...{
        identity: reads.identity,
        vkeys: signer.vkeys,
        reads,
        sequencer,
        hasher: program.nativeHasher,
      },
      search: index
        ? program.createLogSearch(index.index, () => new Promise(() => {}))
        : { ...none, indexed: () => ({ size: 0, opaque: 0, attachedUpTo: 0 }) },
      terms: { besideBody: () => undefined },
      verifier: { engine: "", verify: async () => true, close: async () => {} },
      defer: setImmediate,
      onFatal: () => {},
      limits: { messageBytes: 10_000, attachmentBytes: 10_000 },
    })
    await askLog(asking, log, entries)
    if (appended === undefined) return
    const body = logBody(appended)
    const leafHashes: Hash[] = [program.nativeHasher.leaf(body)]
    const head = await ask("append", async () => {
      const signed = await sequencer.append({ bodies: [body], leafHashes })
      return [signed.size, signed.root]
    })
    if (head !== undefined) await ask("appended", async () => leafHashes)
  })
  for (const close of closers.reverse()) await close().catch(() => {})
  return asking.answers
}
