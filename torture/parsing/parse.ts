// Gives damaged inputs to a parser and keeps those that reach new code. What it is at stands in shared memory, so that a
// parser that does not come back can be named.
import { existsSync, readFileSync } from "node:fs"
import { pathToFileURL } from "node:url"
import { createDice, type Dice } from "../dice.ts"
import { damagedBytes, damagedJson, damagedLines, pick } from "../fuzzing/damage.ts"
import { watchCoverage } from "./coverage.ts"
import type { Target } from "./targets.ts"

export interface ParsingWork {
  readonly program: string
  readonly seed: number
  /** Inputs for each parser. */
  readonly times: number
  readonly only: readonly string[]
  readonly shared: SharedArrayBuffer
}

export interface Parsed {
  readonly name: string
  readonly times: number
  readonly values: number
  readonly refusals: number
  /** Inputs that reached new code, and how many blocks were reached in all. */
  readonly kept: number
  readonly blocks: number
  readonly broken: readonly string[]
}

/** Before the input in shared memory: how many inputs there were, and how long this one is. */
export const HEADER = 8
const LONGEST = 16_384
const BATCH = 200
const MOST_KEPT = 400
const MOST_BROKEN = 5

type Parser = (input: unknown, ...rest: readonly unknown[]) => unknown

function corpusOf({ module, name }: Target): readonly Buffer[] {
  const [floor] = module.split("/")
  const [own, compiled] = ["..", "../../../torture"].map(
    (folder) => new URL(`${folder}/corpus/${floor}.json`, import.meta.url),
  ) as [URL, URL]
  const file = existsSync(own) ? own : compiled
  const all = JSON.parse(readFileSync(file, "utf8")) as Record<string, readonly string[]>
  return [...(all[name] ?? []).map((text) => Buffer.from(text, "base64")), Buffer.from("{}")]
}

function damagedInput(dice: Dice, kept: readonly Buffer[]): Buffer {
  let input = pick(dice, kept)
  for (let left = 1 + dice(4); left > 0; left--) {
    const way = dice(8)
    if (way === 0)
      input = Buffer.concat([input.subarray(0, dice(input.length + 1)), pick(dice, kept)])
    else if (way === 1) input = Buffer.from(damagedLines(dice, input))
    else if (way <= 3) input = Buffer.from(damagedJson(dice, input))
    else input = damagedBytes(dice, input)
  }
  return input.subarray(0, LONGEST)
}

function shown(input: Uint8Array): string {
  return Buffer.from(input).toString("base64").slice(0, 4_000)
}

/** Runs one parser of the built program on the calling thread. */
export async function parse(target: Target, work: ParsingWork): Promise<Parsed> {
  const url = pathToFileURL(`${work.program}/dist/${target.module}.js`).href
  const module = (await import(url)) as Record<string, Parser>
  const parser = module[target.name]
  if (parser === undefined) throw new Error(`${target.module} has no ${target.name}`)
  const dice = createDice(work.seed)
  const kept = [...corpusOf(target)]
  const seeds = kept.length
  const counts = { values: 0, refusals: 0 }
  const broken: string[] = []
  const [counters, place] = [new Int32Array(work.shared, 0, 2), new Uint8Array(work.shared, HEADER)]

  function run(input: Buffer): void {
    place.set(input)
    counters[1] = input.length
    Atomics.add(counters, 0, 1)
    try {
      const given = target.takes === "text" ? input.toString() : new Uint8Array(input)
      parser?.(given, ...target.rest)
      counts.values += 1
    } catch (error) {
      counts.refusals += 1
      const isRefusal = error instanceof Error && error.constructor.name === "Refusal"
      if (!isRefusal && broken.length < MOST_BROKEN) {
        const what = error instanceof Error ? (error.stack ?? error.message) : String(error)
        broken.push(`${target.name} threw ${what.slice(0, 300)} for base64 ${shown(input)}`)
      }
    }
  }

  const newBlocks = watchCoverage("/dist/")
  for (const input of kept) run(input)
  let blocks = newBlocks()
  for (let done = 0; done < work.times; done += BATCH) {
    const inputs = Array.from({ length: BATCH }, () => damagedInput(dice, kept))
    for (const input of inputs) run(input)
    const found = newBlocks()
    if (found > 0 && kept.length < MOST_KEPT) {
      // Which of them it was is not asked: all of a lucky batch that are short are worth another look.
      kept.push(...inputs.filter((input) => input.length <= 4_096).slice(0, 8))
    }
    blocks += found
  }
  return {
    name: target.name,
    times: work.times,
    ...counts,
    kept: kept.length - seeds,
    blocks,
    broken,
  }
}
