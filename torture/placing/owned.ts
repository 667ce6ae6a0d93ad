// Data that the process may not write or not read, and data under unusual paths. The modes of files mean nothing to
// root: such cases run as another user, where this process may take one.
import {
  chmodSync,
  chownSync,
  lchownSync,
  mkdirSync,
  readdirSync,
  renameSync,
  symlinkSync,
} from "node:fs"
import { join } from "node:path"
import { startProgram } from "../stand/started.ts"
import type { Case } from "./case.ts"
import {
  changesOf,
  copyOf,
  type Ground,
  isRefused,
  isWhole,
  openFolder,
  type Place,
  stateOf,
  wordsFor,
} from "./ground.ts"

const NOBODY = { uid: 65_534, gid: 65_534 }
const DENIED = /EACCES|EPERM|EROFS|permission|read-?only|readonly|may not|cannot/i
const IN_USE = /in use by another process/

const isRoot = process.getuid?.() === 0

function own(path: string, { uid, gid }: { readonly uid: number; readonly gid: number }): void {
  for (const name of readdirSync(path, { recursive: true, encoding: "utf8" })) {
    lchownSync(join(path, name), uid, gid)
  }
  chownSync(path, uid, gid)
}

interface Denied {
  readonly path: (place: Place) => string
  readonly mode: number
  /** What it has once things are put right. */
  readonly right: number
}

/** A file or folder of the data with a mode that is too narrow, as the user who owns all of it. */
function denied(name: string, { path, mode, right }: Denied): Case {
  return {
    name,
    async run(ground, folder) {
      if (!isRoot) return []
      const place = copyOf(ground.late, folder)
      openFolder(join(folder, ".."))
      own(folder, NOBODY)
      const before = stateOf(folder)
      chmodSync(path(place), mode)
      const refused = await isRefused(ground, wordsFor(place), DENIED, NOBODY)
      chmodSync(path(place), right)
      const changed = changesOf(before, stateOf(folder))
      const whole = await isWhole(ground, ground.late, wordsFor(place), NOBODY)
      return [...refused, ...changed, ...whole]
    },
  }
}

async function runsAt(ground: Ground, place: Place): Promise<readonly string[]> {
  return await isWhole(ground, ground.late, wordsFor(place))
}

export const ownedCases: readonly Case[] = [
  denied("read-only directory", { path: ({ data }) => data, mode: 0o500, right: 0o700 }),
  denied("unreadable directory", { path: ({ data }) => data, mode: 0o000, right: 0o700 }),
  denied("read-only database", {
    ...{ path: ({ data }) => join(data, "log.db"), mode: 0o400, right: 0o600 },
  }),
  denied("read-only guard", { path: ({ guard }) => guard, mode: 0o400, right: 0o600 }),
  denied("unreadable key", {
    ...{ path: ({ data }) => join(data, "keys/ed25519.pem"), mode: 0o000, right: 0o600 },
  }),
  {
    name: "directory of another user",
    async run(ground, folder) {
      if (!isRoot) return []
      const place = copyOf(ground.late, folder)
      openFolder(join(folder, ".."))
      openFolder(folder)
      const before = stateOf(folder)
      const refused = await isRefused(ground, wordsFor(place), DENIED, NOBODY)
      const changed = changesOf(before, stateOf(folder))
      return [...refused, ...changed, ...(await runsAt(ground, place))]
    },
  },
  {
    name: "data by a symbolic link and by its own name",
    async run(ground, folder) {
      const place = copyOf(ground.late, folder)
      const linked = { ...place, data: join(folder, "linked") }
      symlinkSync(place.data, linked.data)
      const started = startProgram(ground.program, wordsFor(linked))
      if ((await started.serving) === undefined) return [`it does not start: ${started.said()}`]
      const refused = await isRefused(ground, wordsFor(place), IN_USE)
      await started.kill()
      return [...refused, ...(await runsAt(ground, linked)), ...(await runsAt(ground, place))]
    },
  },
  {
    name: "a path with blanks and letters of many scripts",
    async run(ground, folder) {
      const first = copyOf(ground.late, join(folder, "first"))
      const odd = join(folder, "Müller's  log — журнал 日誌 %2e #1")
      mkdirSync(odd)
      const place = { folder: odd, data: join(odd, "log daten"), guard: join(odd, "wäch ter") }
      renameSync(first.data, place.data)
      renameSync(first.guard, place.guard)
      return await runsAt(ground, place)
    },
  },
]
