// Every `countersign` command that a document or a help text shows must be one that the program takes: its
// name, its options, and all options that it cannot do without.
import { readFileSync } from "node:fs"
import { join } from "node:path"
import type { Command } from "commander"
import { describe, expect, test } from "vitest"
import { processTerminal } from "../../src/cli/command/terminal.ts"
import { createProgram } from "../../src/cli/program.ts"
import { checkout } from "../scenarios/process.ts"

const program = await createProgram(processTerminal(), "every")

/** What `--help` prints, examples included. */
function helpOf(command: Command): string {
  let help = ""
  command.configureOutput({
    writeOut(text) {
      help += text
    },
  })
  command.outputHelp()
  return help
}

/** The commands at the beginnings of lines, also after `npx`; continued lines are joined. */
function shownCommands(text: string): readonly string[] {
  const lines = text.replaceAll(/\\\n\s*/g, "").split("\n")
  return lines
    .map((line) => /^\s*(?:npx )?countersign ([a-z].*?)(?:\s+[#>|].*)?$/.exec(line)?.[1] ?? "")
    .filter((command) => command !== "")
}

function longNames(command: Command): readonly string[] {
  return ["--help", ...command.options.flatMap(({ long }) => long ?? [])]
}

/** The command that the words begin with, down to the innermost. */
function commandOf(words: readonly string[], commands: readonly Command[]): Command | undefined {
  const command = commands.find((known) => known.name() === words[0])
  return (command && commandOf(words.slice(1), command.commands)) ?? command
}

function expectKnown(shown: string): void {
  const words = shown.split(/\s+/)
  const command = commandOf(words, program.commands)
  expect(command, `countersign ${shown}`).toBeDefined()
  if (command === undefined || words.includes("--help")) return
  const options = words.filter((word) => word.startsWith("--"))
  const mandatory = command.options.filter((option) => option.mandatory && !option.envVar)
  expect(longNames(command), shown).toEqual(expect.arrayContaining(options))
  expect(options, shown).toEqual(expect.arrayContaining(mandatory.map(({ long }) => long)))
}

/** The contents of fenced code, where commands stand. */
function codeBlocks(markdown: string): string {
  return [...markdown.matchAll(/^```\w*\n([\s\S]*?)^```$/gm)].map(([, code]) => code).join("\n")
}

test.each([
  {
    name: "README.md",
    about: [
      ...["attach", "evidence", "fsck", "init", "keys", "monitor", "search", "serve", "sign"],
      ...["submit", "trust", "verify", "witness"],
    ],
  },
  { name: "docs/signing.md", about: ["fetch-bundle", "sign"] },
  {
    name: "docs/operating.md",
    about: [
      ...["attach", "audit", "backup", "bridge", "encrypt-keys", "evidence", "export-tiles"],
      ...["fsck", "heads", "health", "init", "keys", "monitor", "redact", "revoke"],
      ...["search-index", "serve", "signer", "token", "verify", "watch", "witness"],
    ],
  },
  { name: "docs/access.md", about: ["submit", "token", "trust"] },
])("$name shows only commands that the program takes", ({ name, about }) => {
  const shown = shownCommands(codeBlocks(readFileSync(join(checkout, name), "utf8")))
  const names = new Set(shown.map((command) => command.split(" ", 1)[0]))
  expect([...names].sort()).toEqual(about)
  shown.forEach(expectKnown)
})

describe.each(program.commands.map((command) => [command.name(), command] as const))(
  "countersign %s --help",
  (name, command) => {
    const help = helpOf(command)

    test("shows an example of this command, and only what the program takes", () => {
      const shown = shownCommands(help)
      expect(shown.map((example) => example.split(" ", 1)[0])).toContain(name)
      shown.forEach(expectKnown)
    })

    test("explains every option in 100 columns", () => {
      for (const { long, description } of command.options) {
        expect(description, long).not.toBe("")
      }
      for (const line of help.split("\n")) expect(line.length, line).toBeLessThanOrEqual(100)
    })
  },
)
