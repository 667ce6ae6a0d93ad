// Copies put in the place of a log: older ones, and clones that run beside it.
import { cpSync, linkSync, mkdirSync, renameSync, rmSync, symlinkSync } from "node:fs"
import { join } from "node:path"
import { createAuditor } from "../auditing/auditor.ts"
import { startProgram } from "../stand/started.ts"
import type { Case } from "./case.ts"
import { changesOf, copyOf, isRefused, isWhole, notRefused, stateOf, wordsFor } from "./ground.ts"

const OLDER = /already signed|older copy/
const IN_USE = /in use by another process/

/** The data of an earlier moment under the guard of now. */
const olderData: Case = {
  name: "older data and the guard of now",
  async run(ground, folder) {
    const place = copyOf(ground.late, folder)
    renameSync(place.data, `${place.data}.newer`)
    cpSync(join(ground.early.folder, "log"), place.data, { recursive: true })
    const before = stateOf(folder)
    const refused = await isRefused(ground, wordsFor(place), OLDER)
    const changed = changesOf(before, stateOf(folder))
    rmSync(place.data, { recursive: true })
    renameSync(`${place.data}.newer`, place.data)
    return [...refused, ...changed, ...(await isWhole(ground, ground.late, wordsFor(place)))]
  },
}

/** Nothing on this machine tells it: the documented residual. An observer sees it. */
const olderWhole: Case = {
  name: "older data with its guard",
  async run(ground, folder) {
    const place = copyOf(ground.early, folder)
    const started = startProgram(ground.program, wordsFor(place))
    const url = await started.serving
    if (url === undefined) return [`it does not start: ${started.said()}`]
    const auditor = createAuditor(ground.log.vkey)
    for (const answer of ground.late.answers) auditor.acknowledged(answer)
    const found = await auditor.audit(url)
    auditor.close()
    await started.end()
    return found.some((line) => line.startsWith("rolled back"))
      ? []
      : ["an observer has not seen that it was put back"]
  },
}

const olderGuard: Case = {
  name: "guard of an earlier moment",
  async run(ground, folder) {
    const place = copyOf(ground.late, folder)
    cpSync(join(ground.early.folder, "log.guard"), place.guard)
    return await isWhole(ground, ground.late, wordsFor(place))
  },
}

/** A clone under the guard of the log: never both, and afterwards only the one that the guard knows. */
const cloned: Case = {
  name: "clone under the same guard",
  async run(ground, folder) {
    const place = copyOf(ground.late, folder)
    const clone = { data: join(folder, "clone"), guard: place.guard }
    cpSync(place.data, clone.data, { recursive: true })
    const started = startProgram(ground.program, wordsFor(place))
    if ((await started.serving) === undefined) return [`it does not start: ${started.said()}`]
    const refused = await isRefused(ground, wordsFor(clone), IN_USE)
    await started.end()
    return [
      ...refused,
      ...(await isWhole(ground, ground.late, wordsFor(clone))),
      ...(await isWhole(ground, ground.late, wordsFor(place))),
    ]
  },
}

function otherName(kind: string, link: (target: string, path: string) => void): Case {
  return {
    name: `clone under the same guard by ${kind}`,
    async run(ground, folder) {
      const place = copyOf(ground.late, folder)
      const other = join(folder, "other")
      mkdirSync(other)
      const clone = { data: join(other, "log"), guard: join(other, "guard") }
      cpSync(place.data, clone.data, { recursive: true })
      link(place.guard, clone.guard)
      const started = startProgram(ground.program, wordsFor(place))
      if ((await started.serving) === undefined) return [`it does not start: ${started.said()}`]
      const refused = await isRefused(ground, wordsFor(clone), IN_USE)
      await started.kill()
      return [...refused, ...(await isWhole(ground, ground.late, wordsFor(place)))]
    },
  }
}

/** Many starts of one log at one moment: exactly one serves. */
function startsAtOnce(count: number): Case {
  return {
    name: `${count} starts at once`,
    async run(ground, folder) {
      const place = copyOf(ground.late, folder)
      const all = Array.from({ length: count }, () =>
        startProgram(ground.program, wordsFor(place), { limitMs: 300_000 }),
      )
      const urls = await Promise.all(all.map(({ serving }) => serving))
      const served = urls.filter((url) => url !== undefined).length
      const ends = await Promise.all(
        all.map((each, i) => (urls[i] === undefined ? each.ended : each.kill())),
      )
      const wrong = ends.flatMap((end, i) => (urls[i] === undefined ? notRefused(end, IN_USE) : []))
      return [
        ...(served === 1 ? [] : [`${served} of ${count} serve`]),
        ...wrong.slice(0, 3),
        ...(await isWhole(ground, ground.late, wordsFor(place))),
      ]
    },
  }
}

export const copyCases: readonly Case[] = [
  olderData,
  olderWhole,
  olderGuard,
  cloned,
  otherName("hard link", linkSync),
  otherName("symbolic link", (target, path) => symlinkSync(target, path)),
  startsAtOnce(6),
]

/** Once a run: it takes minutes. */
export const manyStarts: Case = startsAtOnce(100)
