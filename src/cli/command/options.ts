// What the options of every command are made of: arguments that are checked where they are read, options that
// the environment may set, and the options that several commands have.
import { type Command, InvalidArgumentError, Option } from "commander"
import { Refusal, refuse, shown } from "../../core/base/errors.ts"
import { parseDecimal } from "../../core/base/text.ts"

export interface Address {
  readonly host: string
  readonly port: number
}

/** HOST:PORT, with brackets around an IPv6 address. Refuses `malformed`. */
export function parseAddress(text: string): Address {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]+)):([0-9]{1,5})$/.exec(text)
  const port = Number(match?.[3])
  if (match === null || port > 65_535) {
    return refuse("malformed", `expected HOST:PORT, found ${shown(text)}`)
  }
  return { host: (match[1] ?? match[2]) as string, port }
}

/** Lets a refusal of a parser appear as commander's own message about that option. */
export function argument<T>(parser: (text: string) => T): (text: string) => T {
  return (text) => {
    try {
      return parser(text)
    } catch (error) {
      throw error instanceof Refusal ? new InvalidArgumentError(error.message) : error
    }
  }
}

/** As {@link argument}, for an option that may be given several times. */
export function gathered<T>(
  parser: (text: string) => T,
): (text: string, before?: readonly T[]) => readonly T[] {
  return (text, before = []) => [...before, argument(parser)(text)]
}

/** An index or a size given as an argument. */
export const decimalArgument = argument((text) => parseDecimal(text, "number"))

/** An option that the environment may set too, as COUNTERSIGN_ and its long name in capitals. */
export function option(flags: string, description: string): Option {
  const made = new Option(flags, description)
  return made.env(`COUNTERSIGN_${made.name().replaceAll("-", "_").toUpperCase()}`)
}

export function jsonOption(): Option {
  return new Option("--json", "print JSON, one object a line")
}

/** `--data` of a command that works on the data directory of a `what`. */
export function dataOption(what: string): Option {
  return new Option("--data <dir>", `the ${what}'s data directory`).makeOptionMandatory()
}

/** `--passphrase-file` of a command that reads the key files of a log or a witness. */
export function passphraseOption(): Option {
  return new Option("--passphrase-file <file>", "first line: the passphrase of the key files")
}

const address = argument(parseAddress)

/** The options of a process that serves HTTP; `port` is where it listens unless it is told. */
export function servingOptions(what: string, port: number): readonly Option[] {
  const local = `127.0.0.1:${port}`
  return [
    option("--listen <host:port>", `where the ${what} listens`)
      .argParser(address)
      .default(parseAddress(local), local),
    option("--admin-listen <host:port>", "where /metrics listens; off by default").argParser(
      address,
    ),
  ]
}

/** The options of a process that runs on: whose passphrase it needs, what it logs, where all of this stands. */
export const runningOptions = {
  passphrase: option("--passphrase-file <file>", "first line: passphrase of the key files"),
  logLevel: option("--log-level <level>", "what is logged to standard error")
    .choices(["debug", "info", "warn", "error", "silent"])
    .default("info"),
  config: option("--config <file>", "YAML file with any of these options"),
} as const

export function addOptions(command: Command, options: readonly Option[]): Command {
  for (const each of options) command.addOption(each)
  return command
}
