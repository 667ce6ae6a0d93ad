// Files of one server in the place of another's: guards and keys swapped between two logs, and between a log and a
// witness.
import { cpSync, renameSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { type MadeServer, makeLog, makeWitness } from "../stand/made.ts"
import type { Case } from "./case.ts"
import {
  changesOf,
  copyOf,
  type Ground,
  isRefused,
  isWhole,
  type Place,
  stateOf,
  wordsFor,
} from "./ground.ts"

/** Puts something in place of a file or folder, expects a refusal that changes nothing, and puts it back. */
async function exchanged(
  ground: Ground,
  place: Place,
  { path, by, says }: { readonly path: string; readonly by: string; readonly says: RegExp },
): Promise<readonly string[]> {
  renameSync(path, `${path}.own`)
  cpSync(by, path, { recursive: true })
  const before = stateOf(place.folder)
  const refused = await isRefused(ground, wordsFor(place), says)
  const changed = changesOf(before, stateOf(place.folder))
  renameSync(path, `${path}.other`)
  renameSync(`${path}.own`, path)
  return [...refused, ...changed, ...(await isWhole(ground, ground.late, wordsFor(place)))]
}

async function otherLog({ program }: Ground, folder: string): Promise<MadeServer> {
  return await makeLog({ program, folder, name: "other" })
}

async function witnessOf({ program, log }: Ground, folder: string): Promise<MadeServer> {
  const policy = join(folder, "logs.policy")
  writeFileSync(policy, `log ${log.vkey} http://127.0.0.1:9\nquorum none\n`)
  return await makeWitness({ program, folder, name: "witness" }, policy)
}

export const mixedCases: readonly Case[] = [
  {
    name: "guard of another log",
    async run(ground, folder) {
      const place = copyOf(ground.late, folder)
      const { guard } = await otherLog(ground, folder)
      return await exchanged(ground, place, { path: place.guard, by: guard, says: /belongs to/ })
    },
  },
  {
    name: "keys of another log",
    async run(ground, folder) {
      const place = copyOf(ground.late, folder)
      const { data } = await otherLog(ground, folder)
      const path = join(place.data, "keys")
      return await exchanged(ground, place, { path, by: join(data, "keys"), says: /keys/ })
    },
  },
  {
    name: "guard of a witness",
    async run(ground, folder) {
      const place = copyOf(ground.late, folder)
      const { guard } = await witnessOf(ground, folder)
      return await exchanged(ground, place, { path: place.guard, by: guard, says: /guard/ })
    },
  },
  {
    name: "key of a witness",
    async run(ground, folder) {
      const place = copyOf(ground.late, folder)
      const { data } = await witnessOf(ground, folder)
      const path = join(place.data, "keys/ed25519.pem")
      const by = join(data, "keys/ed25519.pem")
      return await exchanged(ground, place, { path, by, says: /key/ })
    },
  },
  {
    name: "guard of a log at a witness",
    async run(ground, folder) {
      const log = copyOf(ground.late, folder)
      const witness = await witnessOf(ground, folder)
      renameSync(witness.guard, `${witness.guard}.own`)
      cpSync(log.guard, witness.guard)
      const before = stateOf(folder)
      const refused = await isRefused(ground, witness.words, /guard/)
      return [...refused, ...changesOf(before, stateOf(folder))]
    },
  },
]
