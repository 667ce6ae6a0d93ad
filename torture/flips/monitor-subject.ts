// A monitor's state: one log with leaf hashes, tags, and documents of several kinds, findings among them. Asked are all
// documents, the tree at every size, the entries of every tag, and one change more.
import { createHash } from "node:crypto"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { keyOf, leafOf, publicBytes, signed } from "./small-log.ts"
import { type Answer, answerOf, type Subject } from "./subject.ts"

type State = typeof import("../../src/monitor/state/state.ts")
type Collections = typeof import("../../src/monitor/state/collection.ts")
type Tags = typeof import("../../src/monitor/state/tags.ts")
type Store = typeof import("../../src/storage/sqlite/monitor/store.ts")
type Hasher = typeof import("../../src/crypto/tree-hasher.ts")
type Note = typeof import("../../src/core/note/note.ts")
type OriginModule = typeof import("../../src/core/note/origin.ts")
type HashModule = typeof import("../../src/core/tree/hash.ts")

const ORIGIN = "log.example/followed"
const NAME = "countersign-monitor"
/** One full tile and a part of the next, two blocks of tags. */
const SIZE = 260
const TAGGED = [3, 9, 257]
const KINDS = ["finding", "evidence", "head", "policy"] as const

async function load(program: string) {
  const from = async <Module>(name: string): Promise<Module> =>
    await import(pathToFileURL(join(program, "dist", `${name}.js`)).href)
  const [state, collections, tags, store, hasher, note, origin, hash] = await Promise.all([
    from<State>("monitor/state/state"),
    from<Collections>("monitor/state/collection"),
    from<Tags>("monitor/state/tags"),
    from<Store>("storage/sqlite/monitor/store"),
    from<Hasher>("crypto/tree-hasher"),
    from<Note>("core/note/note"),
    from<OriginModule>("core/note/origin"),
    from<HashModule>("core/tree/hash"),
  ])
  return { ...state, ...collections, ...tags, ...store, ...hasher, ...note, ...origin, ...hash }
}

function digestName(index: number): string {
  return `sha256:${createHash("sha256").update(`entry ${index}`).digest("hex")}`
}

export async function monitorSubject(program: string): Promise<Subject> {
  const modules = await load(program)
  const { createMonitorDatabase, openMonitorStore, createState, openState } = modules
  const { textCollection, tagOf, setTag, nativeHasher: hasher, makeVkey, formatNote } = modules
  const origin = modules.parseOrigin(ORIGIN)
  const key = keyOf(5)
  const vkey = makeVkey(NAME, 1, publicBytes(key))
  const signer = {
    vkey,
    sign: async (text: string) =>
      formatNote(text, [{ ...vkey, signature: new Uint8Array(signed(key, text)) }]),
  }
  const kinds = KINDS.map((kind) => textCollection(kind))
  const leafHashes = Array.from({ length: SIZE + 1 }, (_, i) =>
    modules.asHash(new Uint8Array(leafOf(Buffer.from(`entry ${i}`)))),
  )

  function tagsOf() {
    const blocks = [0, 1].map((block) => ({ block, tags: new Uint8Array(2_048) }))
    for (const index of TAGGED) {
      const block = blocks[index >> 8]
      if (block !== undefined) setTag(block, index, tagOf(digestName(index)))
    }
    return blocks
  }

  const databaseOf = (folder: string): string => join(folder, "monitor.db")

  async function make(folder: string): Promise<readonly string[]> {
    createMonitorDatabase(databaseOf(folder))
    const store = openMonitorStore(databaseOf(folder))
    const state = await createState({ store, signer, hasher }, (documents) => {
      for (const kind of kinds) documents.put(kind, "first", `a text of ${kind.kind}\n`)
    })
    await state.change(
      (documents) => {
        for (const kind of kinds) documents.put(kind, "second", `another of ${kind.kind}\n`)
      },
      { origin, leafHashes: leafHashes.slice(0, SIZE), tags: tagsOf() },
    )
    await state.close()
    return ["monitor.db"]
  }

  type Opened = Awaited<ReturnType<typeof openState>>

  async function all(state: Opened): Promise<unknown> {
    const documents = kinds.map((kind) => state.documents.list(kind))
    const tree = await state.tree(origin)
    const tagged = await Promise.all(
      TAGGED.map((index) => state.tagged(origin, tagOf(digestName(index)))),
    )
    const { size, root } = tree.head
    const roots = await Promise.all([1, 255, 256, 257, SIZE].map((at) => tree.rootAt(at)))
    const leaves = await Promise.all([0, 255, SIZE - 1].map((at) => tree.leafHash(at)))
    const proof = await tree.consistency(200, SIZE)
    return [state.sequence, documents, tagged, size, root, roots, leaves, proof]
  }

  async function askState(folder: string, name: string): Promise<readonly Answer[]> {
    let state: Opened | undefined
    const opened = await answerOf(name, async () => {
      const store = openMonitorStore(databaseOf(folder))
      try {
        state = await openState({ store, signer, hasher })
      } catch (reason) {
        await store.close()
        throw reason
      }
      return state.sequence
    })
    if (state === undefined) return [opened]
    const { change, tags, close } = state
    const answers = [opened, await answerOf(`held at ${name}`, () => all(state as Opened))]
    if (name === "open") {
      const grown = await answerOf("grow", async () => {
        const block = await tags(origin, 1)
        const growth = { origin, leafHashes: leafHashes.slice(SIZE), tags: [block] }
        await change(
          (documents) => documents.put(kinds[0] as (typeof kinds)[0], "third", "x"),
          growth,
        )
      })
      answers.push(grown, await answerOf("held then", () => all(state as Opened)))
    }
    await close()
    return answers
  }

  return {
    name: "monitor",
    make,
    async ask(folder) {
      const opened = await askState(folder, "open")
      return opened.length > 1 ? [...opened, ...(await askState(folder, "open again"))] : opened
    },
  }
}
