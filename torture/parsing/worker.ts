// The thread that runs the parsers, one after the other, and says which one it is at.
import { parentPort, workerData } from "node:worker_threads"
import { type ParsingWork, parse } from "./parse.ts"
import { targets } from "./targets.ts"

const work = workerData as ParsingWork
for (const target of targets) {
  if (work.only.length > 0 && !work.only.some((name) => target.name.startsWith(name))) continue
  parentPort?.postMessage({ at: target.name })
  parentPort?.postMessage({ parsed: await parse(target, work) })
}
