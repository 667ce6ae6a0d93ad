// Commands by name: what the list of commands shows of each, and the file that is imported only once the
// command is called. Starting the program costs what the called command costs, and no more.
import type { Command } from "commander"
import type { Terminal } from "./terminal.ts"

/** The words behind a command's name; `"every"` loads all commands, for who wants to look at them. */
export type CalledWords = readonly string[] | "every"

/** Gives a command its options, its help text and what it does. */
export type DefineCommand = (
  command: Command,
  terminal: Terminal,
  words: CalledWords,
) => void | Promise<void>

export interface ListedCommand {
  readonly name: string
  /** What the list shows behind the name; `[options]` unless it says otherwise. */
  readonly takes?: string
  readonly description: string
  readonly load: () => Promise<DefineCommand>
}

/**
 * Adds all commands to `parent` by name and loads the one that the words call, with `help` and flags before
 * it or not; the others stay empty.
 */
export async function addCommands(
  parent: Command,
  list: readonly ListedCommand[],
  terminal: Terminal,
  words: CalledWords,
): Promise<void> {
  const find = (wanted: string) => list.find(({ name }) => name === wanted)
  const own = parent.createHelp()
  parent.configureHelp({
    subcommandTerm(child) {
      const listed = find(child.name())
      if (listed === undefined) return own.subcommandTerm(child)
      return `${listed.name} ${listed.takes ?? "[options]"}`.trimEnd()
    },
  })
  const at = words === "every" ? -1 : words.findIndex((word) => find(word) !== undefined)
  for (const { name, description, load } of list) {
    const command = parent.command(name).description(description)
    if (words === "every") await (await load())(command, terminal, words)
    else if (words[at] === name) await (await load())(command, terminal, words.slice(at + 1))
  }
}
