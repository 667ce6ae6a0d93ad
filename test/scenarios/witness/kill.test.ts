// The witness killed at random moments, and at every point between storing and answering: whatever happens,
// its cosignatures never contradict each other. COUNTERSIGN_KILLS sets how many rounds of kills there are.
import { spawnSync } from "node:child_process"
import { setTimeout as sleep } from "node:timers/promises"
import { describe, expect, test } from "vitest"
import type { TestLog } from "../../http/test-log.ts"
import type { Ended } from "../process.ts"
import {
  type Asked,
  advance,
  both,
  createNotary,
  fork,
  type Notary,
  one,
  sizeAt,
  two,
} from "./client.ts"
import { type NewWitness, newWitness } from "./new-witness.ts"

const kills = Number(process.env["COUNTERSIGN_KILLS"] ?? "6")
const hasStrace = spawnSync("strace", ["-f", "-o", "/dev/null", "true"]).status === 0
if (!hasStrace) console.warn("SKIPPED: strace does not run here, so no fault was put in")

/** Several who ask at once, each from the size it was last told, until the witness is gone. */
async function askUntilGone(
  notary: Notary,
  url: string,
  answered: () => void,
  log: TestLog,
  stride: number,
): Promise<void> {
  for (let known = notary.largest(log.origin); ; ) {
    const asked = await notary.ask(url, log, known, known + stride)
    if (asked === undefined) return
    if (asked.status === 200) known += stride
    else if (asked.status === 409) known = Number(asked.text)
    else throw new Error(`expected 200 or 409, found ${asked.status}: ${asked.text}`)
    answered()
  }
}

test(`${kills} kills at random moments contradict nothing that was cosigned`, {
  timeout: 60_000 + kills * 20_000,
}, async () => {
  const witness = await newWitness(both)
  const notary = createNotary(witness.vkeys)
  for (let killed = 0; killed < kills; killed++) {
    const served = await witness.serve()
    for (const log of [one, two]) {
      const size = await sizeAt(served.url, log)
      expect(size).toBeGreaterThanOrEqual(notary.largest(log.origin))
    }
    let left = 5 + Math.floor(Math.random() * 60)
    let over = (): void => {}
    const enough = new Promise<void>((resolve) => {
      over = resolve
    })
    const answered = (): void => {
      left -= 1
      if (left <= 0) over()
    }
    const asking = [one, one, one, two, two].map((log, i) =>
      askUntilGone(notary, served.url, answered, log, 1 + (i % 3)),
    )
    await Promise.race([enough, ...asking])
    await sleep(Math.random() * 8)
    expect(await served.kill()).toMatchObject({ signal: "SIGKILL" })
    await Promise.all(asking)
    notary.audit()
  }
  expect(notary.count()).toBeGreaterThan(kills)
})

/** strace's words that act on the `nth` of some calls, of those on one file if it is given. */
function faulty(calls: string, fault: string, nth: number, file?: string): readonly string[] {
  const only = file === undefined ? [] : ["-P", file]
  const inject = `inject=${calls}:${fault}:when=${nth}`
  return ["strace", "-f", "-qq", "-o", "/dev/null", ...only, "-e", `trace=${calls}`, "-e", inject]
}

interface Fault {
  readonly what: string
  readonly under: (witness: NewWitness) => readonly string[]
  readonly end: Partial<Ended>
}

const killed = { signal: "SIGKILL" } as const
// The first calls of each kind are those that remember the logs of the policy.
const faults: readonly Fault[] = [
  {
    what: "SIGKILL before the database is synced",
    under: ({ directory }) => faulty("fsync", "signal=KILL", 6, `${directory.database}-wal`),
    end: killed,
  },
  {
    what: "SIGKILL between the database and the guard",
    under: ({ directory }) => faulty("pwrite64", "signal=KILL", 5, directory.guard),
    end: killed,
  },
  {
    what: "SIGKILL between storing and signing",
    under: ({ directory }) => faulty("fdatasync", "signal=KILL", 5, directory.guard),
    end: killed,
  },
  {
    what: "SIGKILL between signing and answering",
    under: () => faulty("writev", "signal=KILL", 3),
    end: killed,
  },
  {
    what: "a database that cannot be synced",
    under: ({ directory }) => faulty("fsync", "error=EIO", 6, `${directory.database}-wal`),
    end: { ...killed, stderr: expect.stringContaining("must not sign any more") as string },
  },
  {
    what: "a guard that cannot be synced",
    under: ({ directory }) => faulty("fdatasync", "error=EIO", 5, directory.guard),
    end: { ...killed, stderr: expect.stringContaining("must not sign any more") as string },
  },
]

describe.runIf(hasStrace)("faults", () => {
  test.each(faults)(
    "after $what nothing is contradicted, and the next start goes on",
    async (fault) => {
      const witness = await newWitness(both)
      const notary = createNotary(witness.vkeys)
      const served = await witness.serve({ under: fault.under(witness) })
      let asked: Asked | undefined
      for (let size = 1; size <= 6; size++) {
        asked = await notary.ask(served.url, one, size - 1, size)
        if (asked?.status !== 200) break
      }
      expect([undefined, 500]).toContain(asked?.status)
      // What runs under strace has been killed; strace itself reports that as its own end.
      expect(await served.ended).toMatchObject(fault.end)
      const before = notary.largest(one.origin)
      expect(before).toBeGreaterThan(0)

      const again = await witness.serve()
      const size = await sizeAt(again.url, one)
      expect([before, before + 1]).toContain(size)
      await advance(notary, again, one, [size, size + 3])
      const refused = await notary.ask(again.url, fork, size + 3, size + 12)
      expect(refused).toMatchObject({ status: 422 })
      notary.audit()
    },
  )
})
