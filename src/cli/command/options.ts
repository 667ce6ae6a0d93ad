// What commands are made of: arguments that are checked where they are read; options that are typed by their
// flags, that the environment may set or that several commands have; and a command said once, with its options,
// its help text and what it does.
import { normalize } from "node:path/posix"
import { type Command, InvalidArgumentError, Option } from "commander"
import { bracketHint, parseBase } from "../../client/base-url.ts"
import { Refusal, refuse, shown } from "../../core/base/errors.ts"
import { parseDecimal } from "../../core/base/text.ts"
import type { DefineCommand } from "./command-list.ts"
import { Falsehood, Unjudged } from "./exit-code.ts"
import { createOutput, formatJson, type Output } from "./output.ts"
import type { Terminal } from "./terminal.ts"

/** Where a server listens: at a port, at a Unix socket, or at a socket that systemd has opened for it. */
export type Address =
  | { readonly host: string; readonly port: number }
  | { readonly path: string }
  /** The name of the socket (`FileDescriptorName=`); empty for the first. */
  | { readonly activated: string }

/** Brackets around an IPv6 address, which may have a zone. */
const ADDRESS = /^(?:\[([0-9a-fA-F:.]+(?:%[\w.-]+)?)\]|([^:[\]]+)):([0-9]{1,5})$/

const UNIX = "unix:"
const ACTIVATED = /^systemd(?::([\w.-]{1,64}))?$/

function parseSocketPath(text: string): Address {
  const path = text.slice(UNIX.length)
  return path.startsWith("/")
    ? { path: normalize(path) }
    : refuse("malformed", `expected unix:/ABSOLUTE/PATH, found ${shown(text)}`)
}

/**
 * HOST:PORT, with brackets around an IPv6 address: `[::1]:3000`, `[fe80::1%eth0]:3000`; `unix:/PATH`; `systemd` or
 * `systemd:NAME`. Refuses `malformed`.
 */
export function parseAddress(text: string): Address {
  if (text.startsWith(UNIX)) return parseSocketPath(text)
  const [whole, activated = ""] = ACTIVATED.exec(text) ?? []
  if (whole !== undefined) return { activated }
  const match = ADDRESS.exec(text)
  const port = Number(match?.[3])
  if (match === null || port > 65_535) {
    return refuse("malformed", `expected HOST:PORT, found ${shown(text)}${bracketHint(text)}`)
  }
  return { host: (match[1] ?? match[2]) as string, port }
}

/** `http(s)://HOST[:PORT][/PATH]` without a final slash. Refuses `malformed`. */
function parsePublicUrl(text: string): string {
  return parseBase(text, "public URL").replace(/\/$/, "")
}

/** Reads the text of an argument; `before` is what came of the texts that were given before it. */
type Parser<T> = (text: string, before?: T) => T

/** Lets a refusal of a parser appear as commander's own message about that option. */
export function argument<T>(parser: Parser<T>): Parser<T> {
  return (text, before) => {
    try {
      return parser(text, before)
    } catch (error) {
      throw error instanceof Refusal ? new InvalidArgumentError(error.message) : error
    }
  }
}

/** For an option that may be given several times. */
export function gathered<T>(parser: (text: string) => T): Parser<readonly T[]> {
  return (text, before = []) => [...before, parser(text)]
}

/** An index or a size given as an argument. */
export const decimalArgument = argument((text) => parseDecimal(text, "number"))

type CamelCase<Text extends string> = Text extends `${infer First}-${infer Rest}`
  ? `${First}${Capitalize<CamelCase<Rest>>}`
  : Text

/** `--dry-run <mode>` brings `dryRun`. */
type NameOf<Flags extends string> = Flags extends `--${infer Name} ${string}`
  ? CamelCase<Name>
  : Flags extends `--${infer Name}`
    ? CamelCase<Name>
    : never

type TextOf<Flags extends string> = Flags extends `${string}...>`
  ? readonly string[]
  : Flags extends `${string}>`
    ? string
    : true

/** An option that brings `Values`, which only live in types, to what its command runs with. */
export type TypedOption<Values extends object> = Option & { readonly values?: Values }

type All<Union> = (Union extends unknown ? (each: Union) => void : never) extends (
  all: infer Intersection,
) => void
  ? Intersection
  : never

export type ValuesOf<Options extends readonly TypedOption<object>[]> = All<
  Options[number] extends infer Each ? (Each extends TypedOption<infer Values> ? Values : never) : 0
>

type Optional<Flags extends string, Value = TextOf<Flags>> = TypedOption<{
  readonly [Name in NameOf<Flags>]?: Value
}>

type Certain<Flags extends string, Value = TextOf<Flags>> = TypedOption<{
  readonly [Name in NameOf<Flags>]: Value
}>

export function optional<Flags extends string>(flags: Flags, about: string): Optional<Flags> {
  return new Option(flags, about)
}

export function mandatory<Flags extends string>(flags: Flags, about: string): Certain<Flags> {
  return new Option(flags, about).makeOptionMandatory()
}

/** An option whose text is parsed; a refusal of the parser is a usage error. */
export function parsed<Flags extends string, Value>(
  flags: Flags,
  about: string,
  parser: Parser<Value>,
): Optional<Flags, Value> {
  return new Option(flags, about).argParser(argument(parser))
}

/** As {@link parsed}, with a value of its own, which help shows as `shown`. */
export function preset<Flags extends string, Value>(
  flags: Flags,
  about: string,
  parser: Parser<Value>,
  fallback: Value,
  shown?: string,
): Certain<Flags, Value> {
  return new Option(flags, about).argParser(argument(parser)).default(fallback, shown)
}

/** One of these words. */
export function choice<Flags extends string, const Word extends string>(
  flags: Flags,
  about: string,
  words: readonly Word[],
  fallback: Word,
): Certain<Flags, Word> {
  return new Option(flags, about).choices(words).default(fallback)
}

/** Lets the environment set an option too, as COUNTERSIGN_ and its long name in capitals. */
export function orEnvironment<Made extends Option>(made: Made): Made {
  return made.env(`COUNTERSIGN_${made.name().replaceAll("-", "_").toUpperCase()}`)
}

export function option<Flags extends string>(flags: Flags, about: string): Optional<Flags> {
  return orEnvironment(new Option(flags, about))
}

function parseSwitch(text: string): boolean {
  if (text === "true") return true
  return text === "false"
    ? false
    : refuse("malformed", `expected true or false, found ${shown(text)}`)
}

/** A flag that the environment and the configuration file can turn off as well. */
export function flag(name: string, description: string): Option {
  return option(`--${name} [true|false]`, description)
    .preset("true")
    .argParser(argument(parseSwitch))
}

export const jsonOption = () => optional("--json", "print JSON, one object a line")

/** `--data` of a command that works on the data directory of a `what`. */
export const dataOption = (what: string) =>
  mandatory("--data <dir>", `the ${what}'s data directory`)

/** `--passphrase-file` of a command that reads the key files of a log or a witness. */
export function passphraseOption() {
  return optional("--passphrase-file <file>", "first line: the passphrase of the key files")
}

/** The options of a process that serves HTTP; `port` is where it listens unless it is told. */
export function servingOptions(what: string, port: number) {
  const local = `127.0.0.1:${port}`
  const where = `where the ${what} listens: HOST:PORT, unix:/PATH, or systemd for a socket of a .socket unit`
  const admin = "where /metrics listens, in the same forms; off by default"
  return [
    orEnvironment(preset("--listen <address>", where, parseAddress, parseAddress(local), local)),
    orEnvironment(parsed("--admin-listen <address>", admin, parseAddress)),
  ] as const
}

/** `--public-url` of a `what` that may be behind a reverse proxy. */
export function publicUrlOption(what: string) {
  const about = `the URL at which clients reach the ${what}, with the path that a proxy takes away`
  return orEnvironment(parsed("--public-url <url>", about, parsePublicUrl))
}

const levels = ["debug", "info", "warn", "error", "silent"] as const

/** The options of a process that runs on: whose passphrase it needs, what it logs, where all of this stands. */
export const runningOptions = {
  passphrase: option("--passphrase-file <file>", "first line: passphrase of the key files"),
  logLevel: orEnvironment(
    choice("--log-level <level>", "what is logged to standard error", levels, "info"),
  ),
  config: option("--config <file>", "YAML file with any of these options"),
} as const

export function addOptions(command: Command, options: readonly Option[]): Command {
  for (const each of options) command.addOption(each)
  return command
}

export interface Called {
  readonly command: Command
  readonly terminal: Terminal
  /** As `--json` says. */
  readonly output: Output
}

interface Definition<Options extends readonly TypedOption<object>[]> {
  readonly argument?: Parameters<Command["argument"]>
  readonly options: Options
  readonly help: string
  /** `given` is the argument, as the parser of the argument gives it. */
  run(options: ValuesOf<Options>, called: Called, given: never): Promise<void>
}

export function defineCommand<const Options extends readonly TypedOption<object>[]>(
  definition: Definition<Options>,
): DefineCommand {
  const { argument, options, help } = definition
  return (command, terminal) => {
    if (argument !== undefined) command.argument(...argument)
    addOptions(command, options)
      .addHelpText("after", help)
      .action(async (given: unknown) => {
        const output = createOutput(terminal, command.getOptionValue("json") === true)
        const called = { command, terminal, output }
        await definition.run(command.opts() as ValuesOf<Options>, called, given as never)
      })
  }
}

/** What a program reads of a statement that was not verified; `judged` is there only if it was not judged either. */
function unprovenJson(error: Falsehood | Unjudged): object {
  const { code, message: reason } = error.cause
  const judged = error instanceof Unjudged ? { judged: false } : {}
  return { verified: false, ...judged, code, reason }
}

/** Verifies and prints; for programs a falsehood, or what was not judged, is printed too, before it is thrown on. */
export async function printVerdict(
  { command, terminal, output }: Called,
  verify: (output: Output) => Promise<void>,
): Promise<void> {
  try {
    await verify(output)
  } catch (error) {
    const isVerdict = error instanceof Falsehood || error instanceof Unjudged
    if (isVerdict && command.getOptionValue("json") === true) {
      terminal.stdout.write(`${formatJson(unprovenJson(error))}\n`)
    }
    throw error
  }
}
