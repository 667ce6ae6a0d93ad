// Those who come to a running log in the simulation: they send entries and messages, ask for what is there, and show
// its witnesses what it signed, or lies.
import { bodyOf } from "./own-tree.ts"
import { attach, type Ground, isBug, type Running, send } from "./process.ts"

const PATIENCE = 3_000

export interface Clients {
  /** An entry that was not there before, or now and then one that was. */
  newBody(): Uint8Array
  /** An entry that was never sent. */
  freshBody(): Uint8Array
  /** Reads an entry, which is given away as it is and with the time that it has, or not at all. */
  read(running: Running, wanted?: number): void
  /** Lets processes run and clients come, until all are dead or the time is over. */
  run(all: readonly Running[], steps: number): Promise<void>
  /** Waits until it is open, refused or dead. */
  opened(running: Running): Promise<void>
  /** Waits until everybody was answered. */
  settled(running: Running): Promise<void>
  /** Messages are not guarded: what a clone takes is lost with it. */
  isCloned: boolean
  /** Messages that were taken, by their number. */
  readonly messages: ReadonlyMap<number, string>
}

export function createClients(ground: Ground): Clients {
  const { world, program, observer, witnesses } = ground
  const { dice, chance } = world
  const sent: Uint8Array[] = []
  const messages = new Map<number, string>()
  let serial = 0

  function freshBody(): Uint8Array {
    serial += 1
    const body = bodyOf(serial, chance(8))
    sent.push(body)
    return body
  }

  function newBody(): Uint8Array {
    const old = sent[dice(sent.length || 1)]
    return old !== undefined && chance(5) ? old : freshBody()
  }

  function act(running: Running): void {
    const { log } = running
    if (log === undefined || !running.life.alive) return
    const choice = dice(20)
    if (choice === 0 && log.head().size > 0 && !clients.isCloned) {
      const bytes = new Uint8Array(Buffer.from(`message ${dice(40)}`))
      attach(running, dice(log.head().size), bytes, messages)
    } else if (choice === 1) void show(running)
    else if (choice === 2) lie()
    else if (choice === 3) read(running)
    else for (let i = dice(5); i >= 0; i--) send(ground, running, newBody())
    const published = running.publisher?.published()
    if (published !== undefined) observer.published(published.size)
  }

  function read({ log, faults }: Running, wanted?: number): void {
    const head = log?.head()
    if (log === undefined || head === undefined || head.size === 0) return
    const index = wanted ?? (chance(3) ? head.size - 1 : dice(head.size))
    log.entry(index).then(
      ({ body, time }) => observer.gave(index, body, time),
      (reason: unknown) => {
        if (isBug(reason) && faults.names.length === 0) world.broken(String(reason))
      },
    )
  }

  /** The newest head goes to a witness, as an honest log sends it. */
  async function show({ log, faults }: Running): Promise<void> {
    const witness = witnesses[dice(witnesses.length)]
    if (log === undefined || witness === undefined || faults.has("memory-flip")) return
    const { size, checkpoint } = log.head()
    const oldSize = witness.head()?.size ?? 0
    if (oldSize > size) return
    try {
      const proof = oldSize === 0 ? [] : await log.consistency(oldSize, size)
      witness.judge({ oldSize, proof, note: checkpoint })
    } catch (reason) {
      if (isBug(reason)) world.broken(String(reason))
    }
  }

  /** Somebody who has the log's key asks a witness for another tree. */
  function lie(): void {
    const witness = witnesses[dice(witnesses.length)]
    const head = witness?.head()
    if (witness === undefined || head === undefined || head.size === 0) return
    const size = Math.max(1, head.size + dice(4) - 1)
    const root = Buffer.alloc(32, dice(256))
    const text = `log.example\n${size}\n${root.toString("base64")}\n`
    const lines = ground.secrets.vkeys.map(({ name, keyId }) => ({
      ...{ name, keyId },
      signature: Buffer.alloc(64, 1),
    }))
    const note = program.formatNote(text, lines)
    const oldSize = [head.size, 0, size][dice(3)] as number
    const proof = chance(2) ? [] : [program.asHash(Buffer.alloc(32, dice(256)))]
    try {
      witness.judge({ oldSize, proof, note })
    } catch (reason) {
      if (isBug(reason)) world.broken(String(reason))
    }
  }

  async function waitWhile(isBusy: () => boolean, { life }: Running, what: string): Promise<void> {
    for (let i = 0; i < PATIENCE && isBusy() && life.alive; i++) if (!(await world.step())) break
    if (isBusy() && life.alive) world.broken(what)
  }

  const clients: Clients = {
    read,
    newBody,
    freshBody,
    messages,
    isCloned: false,
    async run(all, steps) {
      for (let i = 0; i < steps && all.some(({ life }) => life.alive); i++) {
        const one = all[dice(all.length)] as Running
        if (chance(4)) act(one)
        if (!(await world.step())) act(one)
        if (world.found.length > 0) return
      }
    },
    opened: (running) => waitWhile(() => running.state === "opening", running, "a start hangs"),
    settled: (running) => waitWhile(() => running.waiting > 0, running, "an answer never comes"),
  }
  return clients
}
