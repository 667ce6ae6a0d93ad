// A log under watch, as its operator would have it: policy, watch and sinks files in a folder, the real program
// for rounds at the present time, and a sink whose alerts and evidence a test can read.
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect } from "vitest"
import type { EvidenceEffect, EvidenceKind } from "../../src/evidence/evidence.ts"
import type { FindingKind, Grade } from "../../src/monitor/findings/finding.ts"
import type { MonitorStatus } from "../../src/monitor/status.ts"
import { run } from "../cli/command/fake-terminal.ts"
import { countersign, type Ended } from "../scenarios/process.ts"
import { newFolder } from "../storage/folder.ts"
import type { EvilLog } from "./evil-log.ts"
import type { EvilWitness } from "./evil-witness.ts"
import type { Front } from "./front.ts"

/** A line of the sink `jsonl`. */
export interface Told {
  readonly event: string
  readonly kind: FindingKind
  readonly grade: Grade
  readonly origin: string
  readonly index?: number
  readonly key: string
  readonly summary: string
  readonly isCanary: boolean
  readonly evidence?: {
    readonly id: string
    readonly effect?: EvidenceEffect
    readonly isKept: boolean
    readonly text?: string
  }
}

/** What a round of the program has to say. */
export interface Round {
  readonly code: number | null
  readonly status: MonitorStatus
  readonly stderr: string
}

/** What a row of the taxonomy must come to. */
export interface Expected {
  readonly kind: FindingKind
  readonly grade: Grade
  readonly index?: number
  /** The kind of the evidence, which must be about `key`; absent if there is none. */
  readonly evidence?: EvidenceKind
  /** What the evidence does to the key, as the alert and the file have it; not looked at by default. */
  readonly effect?: EvidenceEffect
  /** Witnesses whose clocks the verifier trusts. */
  readonly known?: readonly string[]
  /** The log's first key by default. */
  readonly key?: string
}

export interface WatchOptions {
  /** Where the monitor reads the log. */
  readonly front: Front
  /** The keys in the policy instead of the log's own. */
  readonly logKeys?: readonly string[]
  /** The whole text of the policy instead of one that is made of these. */
  readonly policy?: string
  readonly witnesses?: readonly EvilWitness[]
  /** Whether the policy has the URLs of the witnesses. */
  readonly readsWitnesses?: boolean
  /** How many witnesses a verifier needs; none by default. */
  readonly quorum?: number
  /** Other ways to the log. */
  readonly mirrors?: readonly Front[]
  /** Lines of a watch file below its first one. */
  readonly watch?: readonly string[]
  /** Files that the watch file names. */
  readonly files?: Readonly<Record<string, string>>
  /** Further lines of the sinks file. */
  readonly sinks?: readonly string[]
  /** Further words for `monitor run`. */
  readonly words?: readonly string[]
  /** How the log is met first. */
  readonly first?: readonly string[]
  /** Runs the program in this process instead of in ones of its own, which takes a tenth of the time. */
  readonly isHere?: boolean
}

export interface Watched {
  readonly folder: string
  readonly data: string
  readonly policy: string
  /** The words of `monitor run` but for `--once`. */
  readonly runWords: readonly string[]
  /** One round of the real program. */
  once(...words: readonly string[]): Promise<Round>
  /** Everything that the sink was told so far. */
  told(): readonly Told[]
  /** Expects an alert, and evidence that a process of its own verifies which has nothing else. */
  expectTold(expected: Expected): Promise<Told>
}

function policyText({ vkeys }: EvilLog, options: WatchOptions): string {
  const { witnesses = [], readsWitnesses = false, quorum = 0, logKeys = vkeys } = options
  const logs = logKeys.map((vkey) => `log ${vkey} ${options.front.url}`)
  const lines = witnesses.map(
    ({ vkey, url }, i) => `witness w${i} ${vkey}${readsWitnesses ? ` ${url}` : ""}`,
  )
  const names = witnesses.map((_, i) => `w${i}`).join(" ")
  const rule = quorum === 0 ? ["quorum none"] : [`group g ${quorum} ${names}`, "quorum g"]
  return [...logs, ...lines, ...rule, ""].join("\n")
}

function readTold(file: string): readonly Told[] {
  if (!existsSync(file)) return []
  const lines = readFileSync(file, "utf8").trimEnd().split("\n")
  return lines.map((line) => JSON.parse(line) as Told)
}

type Ran = Pick<Ended, "code" | "stdout" | "stderr">
type Program = (...words: readonly string[]) => Promise<Ran>

/** The program in this process. */
async function runHere(...words: readonly string[]): Promise<Ran> {
  const { code, out, err } = await run(words, { now: () => performance.now() })
  return { code, stdout: out, stderr: err }
}

/** Verifies evidence in a folder that has nothing but its file. */
export async function verifyApart(
  text: string,
  vkey: string,
  known: readonly string[] = [],
  program: Program = countersign,
): Promise<Ran> {
  const file = join(newFolder(), "case.evidence")
  writeFileSync(file, text)
  const witnesses = known.length === 0 ? [] : ["--witness", ...known]
  return await program("evidence", "verify", file, "--key", vkey, "--json", ...witnesses)
}

/** Makes a monitor of an evil log. */
export async function watchLog(evil: EvilLog, options: WatchOptions): Promise<Watched> {
  const { mirrors = [], watch, files = {}, sinks = [], words = [] } = options
  const program: Program = options.isHere === true ? runHere : countersign
  const folder = newFolder()
  const write = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text)
    return join(folder, name)
  }
  const data = join(folder, "monitor")
  const alerts = join(folder, "alerts.jsonl")
  const policy = write("log.policy", options.policy ?? policyText(evil, options))
  for (const [name, text] of Object.entries(files)) write(name, text)
  const lines = ["countersign-watch/v1", ...(watch ?? []), ""]
  const runWords = [
    ...[
      "--data",
      data,
      "--sinks",
      write("all.sinks", [`jsonl ${alerts}`, ...sinks, ""].join("\n")),
    ],
    ...(watch === undefined ? [] : ["--watch", write("log.watch", lines.join("\n"))]),
    ...mirrors.flatMap(({ client, url }) => ["--mirror", `${client}=${url}`]),
    ...words,
  ]
  const { first = ["--expect-empty"] } = options
  const made = await run(["monitor", "init", "--data", data, "--policy", policy, ...first])
  expect(made).toMatchObject({ code: 0 })

  return {
    folder,
    data,
    policy,
    runWords,
    async once(...more) {
      const own = ["monitor", "run", ...runWords, "--once", "--json", ...more]
      const { code, stdout, stderr } = await program(...own)
      if (stdout === "") throw new Error(`the monitor ended with ${code}:\n${stderr}`)
      return { code, stderr, status: JSON.parse(stdout) as MonitorStatus }
    },
    told: () => readTold(alerts),
    async expectTold(expected) {
      const { evidence, effect, known, key = evil.vkeys[0] ?? "", ...finding } = expected
      const all = readTold(alerts).filter(({ event }) => event !== "resolved")
      const found = all.findLast(({ kind, grade, index }) => {
        const isAbout = finding.index === undefined || finding.index === index
        return kind === finding.kind && grade === finding.grade && isAbout
      })
      expect(found ?? all.map(({ kind, grade }) => `${grade} ${kind}`)).toMatchObject(finding)
      const told = found as Told
      if (evidence === undefined) {
        expect(told.evidence).toBeUndefined()
        return told
      }
      const text = told.evidence?.text ?? ""
      const { code, stdout, stderr } = await verifyApart(text, key, known, program)
      expect([code, stderr]).toMatchObject([0, expect.any(String)])
      expect(JSON.parse(stdout)).toMatchObject({ verified: true, kind: evidence, key })
      if (effect === undefined) return told
      expect(told.evidence?.effect).toBe(effect)
      expect(JSON.parse(stdout)).toMatchObject({ effect })
      return told
    },
  }
}
