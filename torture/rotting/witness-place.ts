// A witness's data directory: it holds a head of one log; what it says and what it cosigns next is asked, and a second
// tree of the size that it has cosigned is put to it, which it must never cosign.
import { createHash, generateKeyPairSync, sign } from "node:crypto"
import type { Cosigner } from "../../src/witness/cosigning.ts"
import { createAsking } from "./answers.ts"
import type { RottingProgram } from "./program.ts"

export interface WitnessPlace {
  readonly folder: string
  readonly log: Parameters<RottingProgram["createWitness"]>[0]["logs"][number]
  /** Requests: the first and the next head, and other trees of their sizes. */
  readonly requests: { readonly first: Uint8Array; readonly next: Uint8Array }
  readonly forks: readonly Uint8Array[]
}

const TIME = 1_700_000_000

const leaf = (text: string) => createHash("sha256").update(`\0${text}`).digest()
const node = (left: Buffer, right: Buffer) =>
  createHash("sha256").update("\u0001").update(left).update(right).digest()

function openParts(program: RottingProgram, folder: string) {
  return program.openWitnessStore(program.witnessDirectory(folder))
}

async function openWitness(program: RottingProgram, folder: string, log: WitnessPlace["log"]) {
  const store = await openParts(program, folder)
  try {
    const keys = await program.openWitnessKeys(
      program.witnessDirectory(folder),
      store.identity,
      undefined,
    )
    const cosigners: readonly Cosigner[] = keys.cosigners
    const witness = await program.createWitness({
      ...{ store, logs: [log], cosigners, hasher: program.nativeHasher },
      ...{ now: () => TIME, defer: setImmediate },
    })
    return { witness, store }
  } catch (reason) {
    await store.close()
    throw reason
  }
}

export async function makeWitness(program: RottingProgram, folder: string): Promise<WitnessPlace> {
  await program.createWitnessFiles(program.witnessDirectory(folder), {
    ...{ name: program.parseOrigin("witness.example"), mlDsa: false, passphrase: undefined },
    time: TIME * 1_000,
  })
  const origin = program.parseOrigin("rot.example")
  const { privateKey, publicKey } = generateKeyPairSync("ed25519")
  const raw = new Uint8Array(publicKey.export({ type: "spki", format: "der" }).subarray(-32))
  const vkey = program.makeVkey(origin, 1, raw)
  const noteOver = (size: number, root: Uint8Array): string => {
    const text = program.formatCheckpoint(origin, { size, root: program.asHash(root) })
    const signature = new Uint8Array(sign(null, Buffer.from(text), privateKey))
    return program.formatNote(text, [{ ...vkey, signature }])
  }
  const [a, b, c] = [leaf("a"), leaf("b"), leaf("c")]
  const request = (oldSize: number, size: number, root: Buffer, proof: readonly Buffer[]) =>
    program.formatAddCheckpoint({
      ...{ oldSize, note: noteOver(size, root) },
      proof: proof.map((each) => program.asHash(new Uint8Array(each))),
    })
  const place: WitnessPlace = {
    folder,
    log: { origin, vkeys: [vkey] },
    requests: {
      first: request(0, 2, node(a, b), []),
      next: request(2, 3, node(node(a, b), c), [c]),
    },
    forks: [request(0, 2, node(b, a), []), request(2, 2, node(b, a), [])],
  }
  const { witness, store } = await openWitness(program, folder, place.log)
  await witness.addCheckpoint(place.requests.first)
  await store.close()
  return place
}

export async function askWitnessPlace(
  program: RottingProgram,
  folder: string,
  { log, requests, forks }: WitnessPlace,
  isAsked: boolean,
) {
  const asking = createAsking()
  const { ask, answers } = asking
  await ask("start", async () => {
    const { witness, store } = await openWitness(program, folder, log)
    try {
      await ask("heads", () => store.heads())
      await ask("freezes", () => store.freezes())
      await ask("logs", () => store.logs())
      await ask("evidence", () => store.evidence())
      await ask("status", () => witness.status())
      await ask("checkpoint", () => witness.checkpoint(log.origin))
      if (!isAsked) return
      for (const fork of forks) {
        const cosigned = await witness.addCheckpoint(fork).catch(() => undefined)
        if (cosigned !== undefined) answers.set("fork", "a second tree was cosigned")
      }
      // The log is frozen now, if the witness has noticed what it was shown.
      await witness.addCheckpoint(requests.next).catch(() => undefined)
    } finally {
      await store.close()
    }
  })
  return answers
}
