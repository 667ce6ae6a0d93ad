// What the options of every command are made of: addresses, arguments that are checked where they are read,
// and options that the environment may set.
import { type Command, InvalidArgumentError, Option } from "commander"
import { refuse, shown } from "../../core/base/errors.ts"

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
      throw new InvalidArgumentError(error instanceof Error ? error.message : String(error))
    }
  }
}

/** An option that the environment may set too, as COUNTERSIGN_ and `variable`. */
export function option(flags: string, description: string, variable: string): Option {
  return new Option(flags, description).env(`COUNTERSIGN_${variable}`)
}

export function addOptions(command: Command, options: readonly Option[]): Command {
  for (const each of options) command.addOption(each)
  return command
}
