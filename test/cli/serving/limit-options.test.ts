// The options that limit clients, alike at log, witness and monitor.
import { Command } from "commander"
import { describe, expect, test } from "vitest"
import { addOptions } from "../../../src/cli/command/options.ts"
import { processTerminal } from "../../../src/cli/command/terminal.ts"
import { createProgram } from "../../../src/cli/program.ts"
import {
  type LimitOptionValues,
  limitOptions,
  limitsOf,
} from "../../../src/cli/serving/limit-options.ts"
import { run } from "../command/fake-terminal.ts"

function parse(words: readonly string[]): LimitOptionValues {
  const command = addOptions(new Command(), limitOptions).exitOverride()
  command.configureOutput({ writeErr() {} })
  return command.parse(words, { from: "user" }).opts<LimitOptionValues>()
}

test("without any, the defaults hold, nobody is trusted, and Host is looked at", () => {
  expect(limitsOf(parse([]))).toEqual({
    rates: undefined,
    allowedHosts: [],
    proxies: { trustedProxies: [] },
  })
})

test("several are taken in one option and in several", () => {
  const limits = ["--limit", "submit=600/min,2000  search=off", "--limit", "submit=7/min"]
  const proxies = ["--trust-proxy", "10.0.0.0/8, unix", "--trust-proxy", "::1"]
  expect(limitsOf(parse([...limits, ...proxies, "--allow-host", "a.example,[::1]:80"]))).toEqual({
    rates: { submit: { perMinute: 7, burst: 7 }, search: undefined },
    allowedHosts: ["a.example", "[::1]:80"],
    proxies: { trustedProxies: ["10.0.0.0/8", "unix", "::1"] },
  })
})

describe.each([["serve"], ["witness", "serve"], ["monitor", "run"]])(
  "countersign %s %s",
  (...words) => {
    const command = words.filter((word) => word !== undefined)

    test("has the options", async () => {
      const program = await createProgram(processTerminal(), "every")
      let found: Command | undefined = program
      for (const word of command) found = found?.commands.find((each) => each.name() === word)
      const names = found?.options.map(({ long }) => long)
      expect(names).toEqual(expect.arrayContaining(["--limit", "--trust-proxy", "--allow-host"]))
    })

    test.each([
      [
        "--limit",
        "submit=fast",
        "expected CLASS=N/min[,BURST] or CLASS=off with a class of submit, ",
      ],
      ["--limit", "", "expected CLASS=N/min"],
      [
        "--trust-proxy",
        "10.0.0.0/99",
        "expected an IP address, a network such as 10.0.0.0/8, or unix",
      ],
      ["--trust-proxy", "", "expected an IP address"],
      ["--allow-host", "a/b", "expected HOST or HOST:PORT"],
    ])("says what %s %j should be", async (option, value, expected) => {
      const { code, err } = await run([...command, option, value])
      expect(code).toBe(command[0] === "monitor" ? 64 : 2)
      expect(err).toContain(expected)
    })
  },
)
