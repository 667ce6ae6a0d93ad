// A witness of two logs: one honest at size 5, one that is frozen with the evidence of its fork. Asked are all that it
// gives away, the next head of the honest log, a fork of it, and the next head of the frozen one.
import { copyFileSync } from "node:fs"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { createSmallLog, keyOf, publicBytes, signed } from "./small-log.ts"
import { type Answer, answerOf, type Subject } from "./subject.ts"

type Witness = typeof import("../../src/witness/witness.ts")
type Store = typeof import("../../src/storage/sqlite/witness/store.ts")
type Note = typeof import("../../src/core/note/note.ts")
type Hasher = typeof import("../../src/crypto/tree-hasher.ts")
type Cosignature = typeof import("../../src/core/note/cosignature.ts")
type Verification = typeof import("../../src/crypto/engines/note-verification.ts")
type OriginModule = typeof import("../../src/core/note/origin.ts")

const TIME = 1_700_000_000
const NAME = "witness.example"
const HONEST = "log.example/honest"
const LIAR = "log.example/liar"
const honest = createSmallLog(HONEST, 1)
const fork = createSmallLog(HONEST, 1, 1)
const liar = createSmallLog(LIAR, 2)
const lie = createSmallLog(LIAR, 2, 1)

async function load(program: string) {
  const from = async <Module>(name: string): Promise<Module> =>
    await import(pathToFileURL(join(program, "dist", `${name}.js`)).href)
  const [witness, store, note, hasher, cosignature, origin, verification] = await Promise.all([
    from<Witness>("witness/witness"),
    from<Store>("storage/sqlite/witness/store"),
    from<Note>("core/note/note"),
    from<Hasher>("crypto/tree-hasher"),
    from<Cosignature>("core/note/cosignature"),
    from<OriginModule>("core/note/origin"),
    from<Verification>("crypto/engines/note-verification"),
  ])
  return { ...witness, ...store, ...note, ...hasher, ...cosignature, ...origin, ...verification }
}

/** With `withWal` the newest change lies in the write-ahead log, as after a kill. */
export async function witnessSubject(program: string, withWal: boolean): Promise<Subject> {
  const modules = await load(program)
  const { createWitness, createWitnessStore, openWitnessStore, openWitnessReads } = modules
  const { makeVkey, nativeHasher, cosignatureMessage, parseOrigin } = modules
  const holds = modules.createNoteVerification()
  const honestVkey = makeVkey(HONEST, 1, publicBytes(honest.key))
  const liarVkey = makeVkey(LIAR, 1, publicBytes(liar.key))
  const logs = [
    { origin: parseOrigin(HONEST), vkeys: [honestVkey] },
    { origin: parseOrigin(LIAR), vkeys: [liarVkey] },
  ]
  const ownKey = keyOf(3)
  const cosigner = {
    vkey: makeVkey(NAME, 4, publicBytes(ownKey)),
    sign: async (time: number, text: string) =>
      new Uint8Array(signed(ownKey, cosignatureMessage(time, text))),
  }

  const start = (store: Awaited<ReturnType<typeof openWitnessStore>>, time: number) =>
    createWitness({
      ...{ store, logs, cosigners: [cosigner], hasher: nativeHasher, now: () => time },
      ...{ holds, defer: setImmediate },
    })

  const filesOf = (folder: string) => ({
    database: join(folder, "witness.db"),
    guard: join(folder, "guard"),
  })

  async function make(folder: string): Promise<readonly string[]> {
    const files = filesOf(folder)
    const identity = { origin: parseOrigin(NAME), treeId: "7", keyFingerprints: ["a".repeat(64)] }
    createWitnessStore(files, identity, { time: TIME * 1_000 })
    const store = await openWitnessStore(files)
    const witness = await start(store, TIME)
    await witness.addCheckpoint(honest.request(0, 3, honestVkey.keyId))
    await witness.addCheckpoint(liar.request(0, 4, liarVkey.keyId))
    const lied = lie.request(4, 4, liarVkey.keyId)
    await witness.addCheckpoint(lied).catch(() => {})
    await store.close()
    const again = await openWitnessStore(files)
    const running = await start(again, TIME)
    await running.addCheckpoint(honest.request(3, 5, honestVkey.keyId))
    if (!withWal) {
      await again.close()
      return ["witness.db", "guard"]
    }
    for (const name of ["witness.db", "witness.db-wal"]) {
      copyFileSync(join(folder, name), join(folder, `${name}.kept`))
    }
    copyFileSync(files.guard, `${files.guard}.kept`)
    await again.close()
    for (const name of ["witness.db", "witness.db-wal", "guard"]) {
      copyFileSync(join(folder, `${name}.kept`), join(folder, name))
    }
    return ["witness.db-wal"]
  }

  type Reads = Pick<
    Awaited<ReturnType<typeof openWitnessStore>>,
    "heads" | "logs" | "freezes" | "evidence"
  >

  async function all(reads: Reads): Promise<unknown> {
    const kept = [await reads.heads(), await reads.logs(), await reads.freezes()]
    return [...kept, await reads.evidence()]
  }

  async function askReads(folder: string): Promise<Answer> {
    return await answerOf("read", async () => {
      const reads = openWitnessReads(filesOf(folder))
      try {
        return [reads.identity, await all(reads)]
      } finally {
        reads.close()
      }
    })
  }

  async function askOpened(store: Awaited<ReturnType<typeof openWitnessStore>>) {
    const answers: Answer[] = []
    const step = async (name: string, work: () => Promise<unknown>): Promise<void> => {
      answers.push(await answerOf(name, work))
    }
    await step("held first", () => all(store))
    let witness: Awaited<ReturnType<typeof start>> | undefined
    await step("start", async () => {
      witness = await start(store, TIME + 1)
      return witness.status()
    })
    if (witness === undefined) return answers
    const { addCheckpoint, checkpoint } = witness
    for (const { origin } of logs) await step(`show ${origin}`, async () => checkpoint(origin))
    await step("held then", () => all(store))
    const tries = [
      ["next", honest.request(5, 8, honestVkey.keyId)],
      ["fork", fork.request(8, 8, honestVkey.keyId)],
      ["fork from the start", fork.request(0, 5, honestVkey.keyId)],
      ["next of the frozen log", liar.request(4, 6, liarVkey.keyId)],
      ["start of the frozen log", lie.request(0, 6, liarVkey.keyId)],
    ] as const
    for (const [name, body] of tries) {
      await step(name, () => addCheckpoint(body))
      await step(`held after ${name}`, () => all(store))
    }
    return answers
  }

  async function askStore(folder: string, name: string): Promise<readonly Answer[]> {
    let store: Awaited<ReturnType<typeof openWitnessStore>> | undefined
    const opened = await answerOf(name, async () => {
      store = await openWitnessStore(filesOf(folder))
      return store.identity
    })
    if (store === undefined) return [opened]
    const answers =
      name === "open"
        ? await askOpened(store)
        : [await answerOf("held at the end", () => all(store as NonNullable<typeof store>))]
    await store.close()
    return [opened, ...answers]
  }

  return {
    name: withWal ? "killed-witness" : "witness",
    make,
    async ask(folder) {
      const read = await askReads(folder)
      const opened = await askStore(folder, "open")
      const again = opened.length > 1 ? await askStore(folder, "open again") : []
      return [read, ...opened, ...again]
    },
  }
}
