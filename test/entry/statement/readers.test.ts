// What real readers take for subjects is never missed: V8's JSON.parse and Python's json.loads read thousands of odd
// statements, and each subject that one of them sees is in the strict reading or in the superset. Where there is no
// Python, the part with it is skipped, and says so.
import { spawnSync } from "node:child_process"
import { describe, expect, test } from "vitest"
import { digestValue, readStatement } from "../../../src/entry/statement/reading.ts"
import { readSuperset } from "../../../src/entry/statement/superset.ts"
import { oddPayload, randomFrom } from "./odd-statements.ts"

/** What a reader sees: names, and digests of subjects whatever they are called. */
interface Seen {
  readonly names: readonly string[]
  readonly digests: readonly string[]
}

const seed = Number(process.env["SEED"] ?? 20_261_130)
const random = randomFrom(seed)
const payloads = Array.from({ length: Number(process.env["RUNS"] ?? 6_000) }, () =>
  oddPayload(random),
)

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}

function textsOf(values: readonly unknown[]): readonly string[] {
  return values.filter((value) => typeof value === "string")
}

function subjectsIn(value: unknown): Seen {
  const list = isObject(value) && Array.isArray(value["subject"]) ? value["subject"] : []
  const subjects = list.filter(isObject)
  return {
    names: textsOf(subjects.flatMap(({ name, uri }) => [name, uri])),
    digests: textsOf(
      subjects.flatMap(({ digest }) => (isObject(digest) ? Object.values(digest) : [])),
    ),
  }
}

/** As JavaScript reads bytes: a byte order mark is dropped, what is no UTF-8 is replaced. */
function seenByV8(payload: Buffer): Seen | undefined {
  try {
    return subjectsIn(JSON.parse(new TextDecoder().decode(payload)))
  } catch {
    return undefined
  }
}

const PYTHON = `
import base64, json, sys
for line in sys.stdin:
    try:
        value = json.loads(base64.b64decode(line))
        subjects = value.get("subject") or []
        print(json.dumps({"subject": [s for s in subjects if isinstance(s, dict)]}))
    except Exception:
        print("null")
`

function seenByPython(): readonly (Seen | undefined)[] | undefined {
  const input = payloads.map((payload) => `${payload.toString("base64")}\n`).join("")
  const options = { input, encoding: "utf8", maxBuffer: 1 << 28 } as const
  const { status, stdout } = spawnSync("python3", ["-c", PYTHON], options)
  if (status !== 0) return undefined
  const lines = stdout.trimEnd().split("\n")
  return lines.map((line) => (line === "null" ? undefined : subjectsIn(JSON.parse(line))))
}

/** White space that some reader of hex skips. */
const bare = (digest: string): string => digest.replaceAll(/\s/g, "").toLowerCase()

const DIGEST = /^(?:[0-9a-f]{40}|[0-9a-f]{64}|[0-9a-f]{96}|[0-9a-f]{128})$/

/** Text in which no reader has had to put something else. */
const isWhole = (name: string): boolean =>
  name !== "" && name.isWellFormed() && !name.includes("\ufffd")

/** The strict reading's subjects alone, or the superset. */
function read(payload: Buffer) {
  const reading = readStatement(payload)
  if (reading.form === "odd") {
    const { digests, literals } = readSuperset(payload)
    return { digests, names: literals, isOdd: true }
  }
  const { subjects } = reading
  return {
    digests: new Set(subjects.flatMap(({ digests }) => digests.map(digestValue))),
    names: new Set(subjects.flatMap(({ name }) => name ?? [])),
    isOdd: false,
  }
}

function expectNothingMissed(payload: Buffer, seen: Seen): boolean {
  const { digests, names, isOdd } = read(payload)
  const missed = [
    ...seen.digests.map(bare).filter((digest) => DIGEST.test(digest) && !digests.has(digest)),
    ...seen.names.filter((name) => isWhole(name) && !names.has(name)),
  ]
  expect(missed, `seed ${seed}: ${payload.toString("latin1")}`).toEqual([])
  return isOdd
}

describe("no subject is missed that a reader sees", () => {
  test("by V8", () => {
    const taken = payloads.flatMap((payload) => {
      const seen = seenByV8(payload)
      return seen === undefined ? [] : [expectNothingMissed(payload, seen)]
    })
    // Both ways of reading have been tried.
    expect(taken.filter((isOdd) => isOdd).length).toBeGreaterThan(payloads.length / 50)
    expect(taken.filter((isOdd) => !isOdd).length).toBeGreaterThan(payloads.length / 50)
  })

  test("by Python", ({ skip }) => {
    const all = seenByPython()
    if (all === undefined) {
      process.stderr.write("SKIPPED: python3 cannot be run, its JSON reader was not compared\n")
      skip()
      return
    }
    expect(all).toHaveLength(payloads.length)
    const taken = payloads.flatMap((payload, i) => {
      const seen = all[i]
      return seen === undefined ? [] : [expectNothingMissed(payload, seen)]
    })
    expect(taken.filter((isOdd) => isOdd).length).toBeGreaterThan(payloads.length / 50)
  })
})
