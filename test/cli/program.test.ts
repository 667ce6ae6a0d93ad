import { type Command, Help } from "commander"
import { describe, expect, it } from "vitest"
import { processTerminal } from "../../src/cli/command/terminal.ts"
import { createProgram } from "../../src/cli/program.ts"
import { run } from "./command/fake-terminal.ts"

const program = await createProgram(processTerminal(), "every")
const { commands } = program
const named = commands.map((command) => [command.name(), command] as const)

/** For a regular expression that means these characters. */
function escaped(text: string): string {
  return text.replaceAll(/[[\].]/g, "\\$&")
}

describe("countersign", () => {
  it("has these commands", () => {
    expect(named.map(([name]) => name).toSorted()).toEqual([
      "attach",
      "audit",
      "backup",
      "bridge",
      "checkpoint",
      "encrypt-keys",
      "entry",
      "evidence",
      "export-tiles",
      "fetch-bundle",
      "fsck",
      "heads",
      "health",
      "init",
      "keys",
      "monitor",
      "proof",
      "redact",
      "revoke",
      "search",
      "search-index",
      "serve",
      "sign",
      "signer",
      "submit",
      "token",
      "trust",
      "verify",
      "watch",
      "witness",
    ])
  })

  it("prints help and version and exits with 0", async () => {
    const help = await run(["--help"])
    expect(help).toMatchObject({ code: 0, err: "" })
    for (const [name, command] of named) {
      expect(help.out).toContain(`  ${name} `)
      expect(help.out).toContain(command.description().slice(0, 20))
    }
    expect(await run(["--version"])).toMatchObject({ code: 0, out: "0.1.0\n" })
  })

  it("lists a command the same way before it is loaded and after", async () => {
    const groups = [
      ...[[], ["audit"], ["bridge"], ["evidence"], ["heads"], ["monitor"], ["signer"]],
      ...[["token"], ["watch"], ["witness"]],
    ]
    for (const words of groups) {
      const whole = words.reduce<Command | undefined>(
        (parent, word) => parent?.commands.find((child) => child.name() === word),
        program,
      )
      const help = new Help()
      const terms = whole?.commands.map((child) => help.subcommandTerm(child)) ?? []
      expect(terms.length).toBeGreaterThan(0)
      const { out } = await run([...words, "--help"])
      for (const term of terms) expect(out).toMatch(new RegExp(`^  ${escaped(term)}(?:  |$)`, "m"))
    }
  })

  it("shows a command's help by `help` as by `--help`", async () => {
    const { out } = await run(["verify", "--help"])
    expect(out).toContain("--bundle <file...>")
    expect(await run(["help", "verify"])).toMatchObject({ code: 0, out })
    const nested = await run(["witness", "serve", "--help"])
    expect(nested.out).toContain("--self-check <mode>")
    expect(await run(["witness", "help", "serve"])).toMatchObject({ code: 0, out: nested.out })
  })

  it("exits with 2 for an unknown command, an unknown flag and no command at all", async () => {
    expect(await run(["vrify"])).toMatchObject({ code: 2, out: "" })
    expect(await run(["verify", "--no-such-flag"])).toMatchObject({ code: 2, out: "" })
    expect(await run([])).toMatchObject({ code: 2 })
  })
})

/** A command and all below it, each with all of its words. */
function family(name: string, command: Command): readonly (readonly [string, Command])[] {
  const below = command.commands.flatMap((child) => family(`${name} ${child.name()}`, child))
  return [[name, command], ...below]
}

const everyCommand = named.flatMap(([name, command]) => family(name, command))

/** The flags in a line of an example that its command, the one with most words, does not know. */
function unknownFlags(line: string): readonly string[] {
  const [, command] = everyCommand.findLast(([name]) =>
    `${line} `.startsWith(`  countersign ${name} `),
  ) ?? ["", undefined]
  const known = command?.options.map(({ long }) => long)
  return (line.match(/--[a-z0-9-]+/g) ?? []).filter((flag) => known?.includes(flag) !== true)
}

describe("the help text", () => {
  it.each(everyCommand)(
    "of %s describes every option and has examples that use only those",
    async (name, command) => {
      const { code, out } = await run([...name.split(" "), "--help"])
      expect(code).toBe(0)
      expect(out).toContain(`Usage: countersign ${name} `)
      for (const { flags, description } of command.options) {
        expect(out).toContain(flags)
        expect(description.length).toBeGreaterThan(10)
      }
      const examples = out.slice(out.search(/^Examples?:$/m))
      expect(examples).toMatch(/^Examples?:\n/)
      expect(examples).toContain(`  countersign ${name}`)
      const lines = examples.replaceAll("\\\n", " ").split("\n")
      const ours = lines.filter((line) => line.startsWith("  countersign "))
      expect(ours.flatMap(unknownFlags)).toEqual([])
    },
  )
})
