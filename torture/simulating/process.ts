// One process of a log in the simulation: sequencer, pool, log and publisher of the program over faked ports, from its
// start to its end, and clients that send entries and messages to it.

import type { Policy } from "../../src/core/note/policy.ts"
import type { Head, TreeHasher } from "../../src/core/tree/hash.ts"
import type { Proposal } from "../../src/entry/entry.ts"
import type { Log } from "../../src/log/ports/log.ts"
import type { PublishedStore, Publisher } from "../../src/log/ports/publishing.ts"
import type { LogSearch } from "../../src/log/ports/search.ts"
import type { LogIdentity } from "../../src/log/ports/store.ts"
import type { Batch, Sequencer } from "../../src/log/sequencer.ts"
import { type Database, flipped } from "./database.ts"
import { createGuard, createStore, type GuardCell } from "./disk.ts"
import type { Faults } from "./faults.ts"
import type { Observer } from "./observer.ts"
import { isTwin, twinned } from "./own-tree.ts"
import type { SimulatedProgram } from "./program.ts"
import { createSigner, type LogSecrets, ORIGIN } from "./signer.ts"
import { cheapRule, type SimulatedWitness } from "./witnesses.ts"
import type { Life, World } from "./world.ts"

export interface Ground {
  readonly world: World
  readonly program: SimulatedProgram
  readonly secrets: LogSecrets
  readonly observer: Observer
  readonly isKeyed: boolean
  readonly witnesses: readonly SimulatedWitness[]
  /** Undefined where nothing waits for witnesses. */
  readonly policy: Policy | undefined
  /** Entries of a batch; drawn anew for each process where it is undefined. */
  readonly batchEntries?: number
  readonly published: { kept: string | undefined }
}

export interface Running {
  readonly life: Life
  readonly faults: Faults
  readonly database: Database
  state: "opening" | "open" | "refused"
  reason: unknown
  log: Log | undefined
  publisher: Publisher | undefined
  /** What clients wait for. */
  waiting: number
  /** Why entries or messages were not taken. */
  readonly refused: unknown[]
  close(): Promise<void>
}

const MEMORY = ["memory-flip", "leaf-flip"] as const
const ENDS_WITHIN_MS = 1_000

export function identityOf({ publics }: LogSecrets): LogIdentity {
  return { origin: ORIGIN, treeId: "4711", keyFingerprints: publics.keyFingerprints }
}

/** The program's hasher, with twins among the leaves and a bit that may flip in what it gives. */
function hasherOf({ world, program }: Ground, faults: Faults): TreeHasher {
  const own = program.nativeHasher
  const isFlipping = faults.has("memory-flip")
  if (!isFlipping) {
    const leaf: TreeHasher["leaf"] = (body) => {
      const made = own.leaf(body)
      if (isTwin(body)) twinned(made)
      return made
    }
    return { ...own, leaf }
  }
  return {
    leaf(body) {
      const made = own.leaf(body)
      if (isTwin(body)) twinned(made)
      return faults.strikes("memory-flip") ? flipped(made, world) : made
    },
    node(left, right) {
      const made = own.node(left, right)
      return faults.strikes("memory-flip") ? flipped(made, world) : made
    },
    nodeInto(from, left, to, at) {
      own.nodeInto(from, left, to, at)
      if (!faults.strikes("memory-flip")) return
      to[at + 7] = (to[at + 7] as number) ^ 4
    },
  }
}

function spoiled(batch: Batch, world: World): Batch {
  const at = world.dice(batch.bodies.length)
  const spoil = <B extends Uint8Array>(all: readonly B[]) =>
    all.map((each, i) => (i === at ? flipped(each, world) : each))
  if (world.chance(2)) return { ...batch, bodies: spoil(batch.bodies) }
  return { ...batch, leafHashes: spoil(batch.leafHashes) }
}

const noSearch: LogSearch = {
  search: () => Promise.reject(new Error("nothing is searched here")),
  indexed: () => ({ size: 0, opaque: 0, attachedUpTo: 0 }),
}

const credulous = {
  engine: "none",
  verify: () => Promise.resolve(true),
  close: () => Promise.resolve(),
}

function publishedStore(ground: Ground, life: Life): PublishedStore {
  const { world, program, published } = ground
  return {
    async read() {
      await world.pause(life)
      return published.kept
    },
    async write(checkpoint) {
      await world.pause(life)
      if (world.chance(20)) throw new program.Trouble("disk", "the disk is full")
      published.kept = checkpoint
      await world.pause(life)
    },
    async setAside() {
      await world.pause(life)
      published.kept = undefined
      return "another place"
    },
  }
}

/** Starts it; everything else happens as the world goes on. */
export function startProcess(
  ground: Ground,
  {
    life,
    faults,
    database,
    cell,
  }: Pick<Running, "life" | "faults" | "database"> & {
    readonly cell: GuardCell
  },
): Running {
  const { world, program, secrets, observer, witnesses } = ground
  const isMemorySound = !faults.has(...MEMORY)
  const ports = {
    ...{ world, program, life, faults, identity: identityOf(secrets) },
    onCommit: (...given: [Parameters<Observer["committing"]>[0], Database]) =>
      observer.committing(...given, isMemorySound),
  }
  const store = createStore(ports, database)
  const hasher = hasherOf(ground, faults)
  let isOpen = false
  const signer = createSigner({
    ...{ world, program, secrets, life, faults, isKeyed: ground.isKeyed },
    mostTries: () => (isOpen ? Number.POSITIVE_INFINITY : 3),
    onSigned: (text) => observer.signed(life, program.parseCheckpoint(text), database, cell),
  })
  let sequencer: Sequencer | undefined

  /** The program ends within a moment of its own, in which everything goes on. */
  function onFatal(): void {
    life.ending = true
    life.doubt ??= "the process had said that it ends"
    world.after(life, world.dice(ENDS_WITHIN_MS), () => world.kill(life))
  }

  async function open(): Promise<void> {
    const clock = program.createClock({ wall: world.wall, steady: world.now })
    const held = witnesses.map((witness) => witness.head()).filter((head) => head !== undefined)
    const signedBefore = observer.tree.leaves.length
    sequencer = await program.openSequencer({
      ...{ store, guard: createGuard(ports, cell), signer, hasher },
      ...{ now: world.wall, clock },
      held: held as readonly Head[],
    })
    const opened = sequencer
    if (opened.opened.size < signedBefore && signedBefore > 0) {
      world.broken(`opened at ${opened.opened.size}, ${signedBefore} was signed before`)
    }
    const { batchEntries = 1 + world.dice(6) } = ground
    const log = await program.openLog({
      ...{ identity: ports.identity, vkeys: secrets.publics.vkeys, reads: store, hasher },
      sequencer: {
        ...opened,
        append: (batch) =>
          opened.append(faults.strikes("leaf-flip") ? spoiled(batch, world) : batch),
      },
      search: noSearch,
      terms: { besideBody: () => undefined },
      verifier: credulous,
      prove: async (_, bytes) => ({
        ...{ form: "simple-signing", checks: [] },
        digest: `sha256:${Buffer.from(bytes).toString("hex").padEnd(64, "0").slice(0, 64)}`,
      }),
      defer: (callback) => void world.after(life, 0, callback),
      ...{ onFatal, clock: clock.state },
      limits: { batchEntries, cachedTiles: 4, messageBytes: 1_000 },
    })
    running.log = log
    isOpen = true
    running.state = "open"
    if (ground.policy === undefined) return
    running.publisher = await program.openPublisher({
      ...{ log, policy: ground.policy, store: publishedStore(ground, life), holds: cheapRule },
      witnesses: witnesses.map((witness) => witness.port(life)),
      clock: {
        now: world.wall,
        steady: world.now,
        after: (delay, call) => world.after(life, delay, call),
      },
      onEvent: () => {},
      onContradiction: ({ reason }) => world.broken(`a contradiction is seen: ${reason}`),
    })
  }

  const running: Running = {
    ...{ life, faults, database, state: "opening", reason: undefined, log: undefined },
    ...{ publisher: undefined, waiting: 0, refused: [] },
    async close() {
      await running.log?.close()
      await sequencer?.close()
    },
  }
  open().catch((reason: unknown) => {
    running.state = "refused"
    running.reason = reason
    life.ending = true
    world.kill(life)
  })
  return running
}

function proposalOf(body: Uint8Array): Proposal {
  const none = { terms: [], keys: [], claims: [] }
  return { kind: "hashedrekord", version: "0.0.2", ...none, body: () => body }
}

/** Sends an entry; what becomes of it is judged when the answer comes. */
export function send({ world, observer }: Ground, running: Running, body: Uint8Array): void {
  const { log, faults, refused } = running
  if (log === undefined) return
  running.waiting += 1
  log.add(proposalOf(body)).then(
    (receipt) => {
      running.waiting -= 1
      observer.receipt(body, receipt, !faults.has(...MEMORY, "read-flip"))
    },
    (reason: unknown) => {
      running.waiting -= 1
      refused.push(reason)
      if (isBug(reason) && faults.names.length === 0) world.broken(String(reason))
    },
  )
}

export function isBug(reason: unknown): boolean {
  return !(reason instanceof Error) || !["Refusal", "Trouble"].includes(reason.name)
}

/** Attaches a message to an entry that is there. */
export function attach(
  running: Running,
  index: number,
  bytes: Uint8Array,
  kept: Map<number, string>,
): void {
  const { log, refused } = running
  if (log === undefined) return
  running.waiting += 1
  log.attach(index, bytes).then(
    ({ sequence }) => {
      running.waiting -= 1
      kept.set(sequence, Buffer.from(bytes).toString("hex"))
    },
    (reason: unknown) => {
      running.waiting -= 1
      refused.push(reason)
    },
  )
}
