// Commands by name: what the list of commands shows of each, and the file that is imported only once the
// command is called. Starting the program costs what the called command costs, and no more.
import type { Command } from "commander"
import type { Terminal } from "./terminal.ts"

/** The words behind a command's name; `"every"` loads all commands, for those who want to look at them. */
export type CalledWords = readonly string[] | "every"

export type DefineCommand = (
  command: Command,
  terminal: Terminal,
  words: CalledWords,
) => void | Promise<void>

interface Commands<Name extends string> {
  /** By name, in the order of the list. */
  readonly descriptions: Readonly<Record<Name, string>>
  /** What the list shows behind a name, if not `[options]`. */
  readonly takes?: Readonly<Partial<Record<Name, string>>>
  readonly load: Readonly<Record<Name, () => Promise<DefineCommand>>>
}

/**
 * Adds all commands to `parent` by name and loads the one that the words call, with `help` and flags before
 * it or not; the others stay empty.
 */
export async function addCommands<Name extends string>(
  parent: Command,
  { descriptions, takes, load }: Commands<Name>,
  terminal: Terminal,
  words: CalledWords,
): Promise<void> {
  const names = Object.keys(descriptions) as Name[]
  const find = (word: string) => names.find((name) => name === word)
  const own = parent.createHelp()
  parent.configureHelp({
    subcommandTerm(child) {
      const name = find(child.name())
      if (name === undefined) return own.subcommandTerm(child)
      return `${name} ${takes?.[name] ?? "[options]"}`.trimEnd()
    },
  })
  const at = words === "every" ? -1 : words.findIndex((word) => find(word) !== undefined)
  for (const name of names) {
    const command = parent.command(name).description(descriptions[name])
    if (words !== "every" && words[at] !== name) continue
    const define = await load[name]()
    await define(command, terminal, words === "every" ? words : words.slice(at + 1))
  }
}

export function commandGroup<Name extends string>(
  commands: Commands<Name>,
  help: string,
): DefineCommand {
  return async (command, terminal, words) => {
    await addCommands(command, commands, terminal, words)
    command.addHelpText("after", help)
  }
}
