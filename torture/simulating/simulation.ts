// Lives of a program, each from its seed: on logs that the program itself has grown to sizes around the edges of tiles.
import { copyDatabase, type Database, emptyDatabase } from "./database.ts"
import type { GuardCell } from "./disk.ts"
import { drawFaults } from "./faults.ts"
import { type Lived, liveOn } from "./life.ts"
import { createObserver } from "./observer.ts"
import { bodyOf } from "./own-tree.ts"
import { type Ground, identityOf, send, startProcess } from "./process.ts"
import type { SimulatedProgram } from "./program.ts"
import { makeSecrets } from "./signer.ts"
import { createWitness, policyOf, WITNESSES, witnessKeys } from "./witnesses.ts"
import { Broken, createWorld, newLife, START, type World } from "./world.ts"

export interface Simulation {
  live(seed: number): Promise<Lived>
}

/** Sizes at which lives begin, around the edges of tiles; most are small, as full tiles cost time. */
const SIZES = [0, 0, 0, 1, 2, 3, 5, 7, 8, 40, 0, 1, 3, 6, 30, 254, 255, 256, 300, 511] as const
const shownError = (reason: unknown): string =>
  reason instanceof Error ? (reason.stack ?? reason.message) : String(reason)

export async function createSimulation(program: SimulatedProgram): Promise<Simulation> {
  const secrets = makeSecrets(program)
  const grown = new Map<number, { database: Database; cell: GuardCell }>()

  async function ground(world: World, base: Database): Promise<Ground> {
    const observer = createObserver(world, base)
    const isPublishing = world.chance(24)
    const isKeyed = world.chance(isPublishing ? 6 : 150)
    const vkeys = witnessKeys()
    const ports = { world, program, secrets, observer }
    return {
      ...ports,
      isKeyed,
      witnesses: vkeys.map((vkey, i) => createWitness(ports, WITNESSES[i] as string, vkey)),
      policy: isPublishing ? policyOf(vkeys, secrets) : undefined,
      published: { kept: undefined },
    }
  }

  /** A log that was grown by the program itself while nothing was wrong. */
  async function beginning(size: number) {
    const known = grown.get(size)
    if (known !== undefined) return known
    const world = createWorld(size, START - 3_600_000)
    const database = emptyDatabase({ ...identityOf(secrets), created: world.now() }, program)
    const cell: GuardCell = { head: database.head, undead: undefined, holder: undefined }
    const on = {
      ...(await ground(world, database)),
      isKeyed: false,
      policy: undefined,
      ...(size > 250 && { batchEntries: 1 }),
    }
    const faults = drawFaults(world, false)
    const running = startProcess(on, { life: newLife(0), faults, database, cell })
    while (running.state === "opening" && (await world.step()));
    for (let i = 0; i < size; i++) send(on, running, bodyOf(-i, false))
    while (running.waiting > 0 && (await world.step()));
    if (world.found.length > 0 || database.head.size !== size) {
      const [why = running.reason] = world.found
      throw new Broken(`no log of ${size} entries: ${why}`)
    }
    const made = { database, cell }
    grown.set(size, made)
    return made
  }

  return {
    async live(seed) {
      const world = createWorld(seed)
      try {
        const base = await beginning(SIZES[world.dice(SIZES.length)] as number)
        const database = copyDatabase(base.database)
        const cell = { ...base.cell, holder: undefined }
        return await liveOn(await ground(world, database), program, database, cell)
      } catch (reason) {
        const text = reason instanceof Broken ? reason.message : shownError(reason)
        return { found: [text], starts: 0, heads: 0, acknowledged: 0, faults: 0 }
      }
    },
  }
}
