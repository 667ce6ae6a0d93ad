// What a server records in the audit log of its data directory: that it started, with which settings, what an
// operator overrode, what has changed since the start before, and that it stopped.
import { hash } from "node:crypto"
import { existsSync, readFileSync, statSync } from "node:fs"
import type { Command } from "commander"
import type { Logger } from "pino"
import type { ChainedAct } from "../../core/acts/act.ts"
import { Refusal, Trouble } from "../../core/base/errors.ts"
import { auditFile, readActs, recordAct } from "../../storage/files/audit-file.ts"
import { programVersion } from "../command/command-line.ts"

/** The options of a server's command as they are in force, whoever has set them. */
interface Settings {
  /** By their long names, without those that are as by default. */
  readonly given: Readonly<Record<string, unknown>>
}

interface Recorded {
  /** Of all settings that were given. */
  readonly configuration: string
  /** Of those that say who may write, with the content of the files that they name. */
  readonly writers: string
}

interface RecordedServer {
  readonly data: string
  readonly command: Command
  /** Long names of options that say who may write. */
  readonly writerOptions: readonly string[]
  /** Long names of options that put a safeguard out of force. */
  readonly overrides: readonly string[]
  /** Told of a chain that does not hold: somebody has changed the file. */
  readonly logger: Pick<Logger, "error">
}

function settingsOf(command: Command): Settings {
  const options = command.options.filter(
    (option) => (command.getOptionValueSource(option.attributeName()) ?? "default") !== "default",
  )
  const given = options.map((option) => {
    const name = option.long?.slice(2) ?? option.name()
    return [name, command.getOptionValue(option.attributeName()) as unknown] as const
  })
  return { given: Object.fromEntries(given.toSorted(([a], [b]) => (a < b ? -1 : 1))) }
}

/** What JSON would leave out is a setting, too: `search=off` is kept as a limit that is undefined. */
function plain(_name: string, value: unknown): unknown {
  if (value === undefined) return "none"
  return value instanceof Set ? [...(value as Set<unknown>)].map(String).toSorted() : value
}

/** Larger files do not say who may write. */
const LONGEST_RULES = 8 * 1024 * 1024

/**
 * A setting that names a file, with what tells its content from another: the hash of it, or of a file of secrets, of
 * which a hash would be a clue, its size and time.
 */
function withContent(name: string, value: unknown): unknown {
  if (typeof value !== "string") return value
  try {
    const found = statSync(value)
    if (!found.isFile() || found.size > LONGEST_RULES) return value
    return name.endsWith("token-file")
      ? [value, found.size, found.mtimeMs]
      : [value, hash("sha256", readFileSync(value), "hex")]
  } catch {
    return value
  }
}

function digest(value: unknown): string {
  return hash("sha256", JSON.stringify(value, plain) ?? "", "hex").slice(0, 32)
}

function recordedOf({ given }: Settings, writerOptions: readonly string[]): Recorded {
  const writers = Object.entries(given)
    .filter(([name]) => writerOptions.includes(name))
    .map(([name, value]) => [name, withContent(name, value)])
  return { configuration: digest(given), writers: digest(writers) }
}

/** The newest start in the file, once the whole chain was looked at. */
async function lastStart(path: string, logger: RecordedServer["logger"]) {
  let found: ChainedAct | undefined
  if (!existsSync(path)) {
    // Whoever moves it away to begin another one knows of it.
    if (existsSync(`${path}.lock`))
      logger.error({ path }, "the audit log is gone; a new one begins")
    return found
  }
  try {
    for await (const { act } of readActs(path)) if (act.event === "start") found = act
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    logger.error({ err: error, path }, "the audit log was changed; countersign audit verify")
  }
  return found
}

/** The acts of a start: itself, what was overridden, and what is not as at the start before. */
function actsOf(
  settings: Settings,
  now: Recorded,
  overridden: readonly string[],
  before: ChainedAct | undefined,
) {
  const names = Object.keys(settings.given).join(" ").slice(0, 2_000)
  const running = { version: programVersion(), node: process.versions.node, pid: process.pid }
  const was = before?.about ?? now
  const change = (name: keyof Recorded) => ({ before: String(was[name]), after: now[name] })
  return [
    { event: "start", about: { ...running, ...now, settings: names } },
    ...overridden.map((option) => {
      const value = String(settings.given[option]).slice(0, 500)
      return { event: "override", about: { option, value } } as const
    }),
    ...(was["writers"] === now.writers
      ? []
      : [{ event: "writers-changed", about: change("writers") } as const]),
    ...(was["configuration"] === now.configuration
      ? []
      : [{ event: "configuration-changed", about: change("configuration") } as const]),
  ] as const
}

/**
 * Records the start of a server before it serves anything; gives what records its end. Where nothing can be written,
 * as on a full disk, a server starts all the same and says so, but not with an override: throws trouble then.
 */
export async function recordStart(server: RecordedServer): Promise<() => void> {
  const { data, command, writerOptions, overrides, logger } = server
  const path = auditFile(data)
  const settings = settingsOf(command)
  const overridden = overrides.filter((name) => name in settings.given)

  function record(act: Parameters<typeof recordAct>[1]): void {
    try {
      recordAct(path, act)
    } catch (error) {
      if (!(error instanceof Trouble) || overridden.length > 0) throw error
      logger.error({ err: error, event: act.event }, "the audit log does not have this act")
    }
  }

  const before = await lastStart(path, logger)
  const now = recordedOf(settings, writerOptions)
  for (const act of actsOf(settings, now, overridden, before)) record(act)
  return () => record({ event: "stop", about: { pid: process.pid } })
}
