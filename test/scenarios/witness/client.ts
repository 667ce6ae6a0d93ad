// Asks a witness for cosignatures and keeps what it gave away: no two of them may contradict each other.
import { expect } from "vitest"
import { formatHex } from "../../../src/core/base/text.ts"
import { parseCheckpointText } from "../../../src/core/note/checkpoint.ts"
import { verifyCosignature } from "../../../src/core/note/cosignature.ts"
import {
  formatNote,
  isSignatureOf,
  parseNote,
  parseVkey,
  type Vkey,
} from "../../../src/core/note/note.ts"
import { createTestLog, type TestLog } from "../../http/test-log.ts"
import type { Ended } from "../process.ts"

export interface Asked {
  readonly status: number
  readonly text: string
}

/** One request; rejects if the connection ends without an answer. */
export async function addCheckpoint(url: string, body: string): Promise<Asked> {
  const response = await fetch(`${url}/add-checkpoint`, { method: "POST", body })
  return { status: response.status, text: await response.text() }
}

interface Given {
  readonly origin: string
  readonly size: number
  readonly root: string
  readonly time: number
}

export interface Notary {
  /** Asks, and keeps the answer if it is a cosignature; undefined if the connection was cut. */
  ask(url: string, log: TestLog, oldSize: number, size: number): Promise<Asked | undefined>
  /** The largest size of a log that was cosigned. */
  largest(origin: string): number
  count(): number
  /** Expects that each log has one history and that no size is cosigned before a smaller one. */
  audit(): void
}

function timeOf(vkey: Vkey, note: string, lines: string): number {
  const { text } = parseNote(note)
  const { signatures } = parseNote(`${text}\n${lines}`)
  const line = signatures.find((candidate) => isSignatureOf(vkey, candidate))
  if (line === undefined) throw new Error(`expected a line of ${vkey.name}, found ${lines}`)
  return verifyCosignature(vkey, text, parseCheckpointText(text), line.signature)
}

/** Holds every answer of the witness with these keys against each of them. */
export function createNotary(vkeys: readonly string[]): Notary {
  const keys = vkeys.map(parseVkey)
  const given: Given[] = []
  const histories = new Set<TestLog>()

  function keep(log: TestLog, size: number, lines: string): void {
    histories.add(log)
    const note = log.note(size)
    const times = new Set(keys.map((vkey) => timeOf(vkey, note, lines)))
    expect(times.size).toBe(1)
    const [time = 0] = times
    given.push({ origin: log.origin, size, root: formatHex(log.head(size).root), time })
  }

  function auditOne(origin: string): void {
    const own = given.filter((one) => one.origin === origin)
    const isOf = (log: TestLog) =>
      own.every(({ size, root }) => root === formatHex(log.head(size).root))
    const candidates = [...histories].filter((log) => log.origin === origin)
    expect(candidates.some(isOf), `cosignatures of ${origin} have no one history`).toBe(true)
    const inTime = own.toSorted((a, b) => a.time - b.time || a.size - b.size)
    const sizes = inTime.map(({ size }) => size)
    expect(sizes).toEqual(sizes.toSorted((a, b) => a - b))
  }

  return {
    async ask(url, log, oldSize, size) {
      const asked = await addCheckpoint(url, log.request(oldSize, size)).catch(() => undefined)
      if (asked?.status === 200) keep(log, size, asked.text)
      return asked
    },
    largest: (origin) =>
      Math.max(0, ...given.flatMap((one) => (one.origin === origin ? one.size : []))),
    count: () => given.length,
    audit() {
      for (const origin of new Set(given.map((one) => one.origin))) auditOne(origin)
    },
  }
}

/** The checkpoint of a log with the cosignature lines of an answer below it. */
export function cosigned(log: TestLog, size: number, lines: string): string {
  const note = parseNote(log.note(size))
  const { signatures } = parseNote(`${note.text}\n${lines}`)
  return formatNote(note.text, [...note.signatures, ...signatures])
}

export const one = createTestLog("one.example")
export const two = createTestLog("two.example", { seed: 5 })
/** Another history of the first log, from its third entry on. */
export const fork = createTestLog("one.example", { forkedAt: 2 })
/** The policy of a witness that cosigns both logs. */
export const both = `log ${one.vkey}\nlog ${two.vkey}\nquorum none\n`

/** The size that the witness is at, which it tells whoever has it wrong. */
export async function sizeAt(url: string, log: TestLog): Promise<number> {
  const { status, text } = await addCheckpoint(url, log.request(1, 1))
  return status === 409 ? Number(text) : 1
}

/** Advances a log of a served witness, which must agree. */
export async function advance(
  notary: Notary,
  { url }: { readonly url: string },
  log: TestLog,
  [from, to]: readonly [from: number, to: number],
): Promise<Asked> {
  const asked = await notary.ask(url, log, from, to)
  expect(asked).toMatchObject({ status: 200 })
  return asked as Asked
}

/** Expects that a start was refused with this message, and not by a bug. */
export function expectRefused({ code, stderr }: Ended, reason: RegExp): void {
  expect([code, stderr]).toEqual([1, expect.stringMatching(reason)])
  expect(stderr).not.toMatch(/bug:|^\s+at /m)
}
