// The configuration file of a server: YAML with the names of the long flags. Flags override COUNTERSIGN_*
// variables, those over the file.
import { type Command, InvalidArgumentError, type Option } from "commander"
import { parse } from "yaml"
import { Refusal, refuse, shown } from "../../core/base/errors.ts"
import { readText } from "./file.ts"

const SET_BY_CONFIG = "config"

const LONGEST_CONFIG = 1_048_576

function parseYaml(text: string, file: string): unknown {
  try {
    return parse(text, { maxAliasCount: 0 })
  } catch (cause) {
    const [reason] = String(cause).split(":\n", 1)
    return refuse("malformed", `${file}: expected YAML, found a ${reason}`, { cause })
  }
}

/**
 * Fills in from the configuration file what neither a flag nor the environment has set. Refuses
 * `malformed` for what is not a mapping of options; throws trouble ("disk") if it cannot be read.
 */
export async function applyConfigFile(command: Command): Promise<void> {
  const file = command.getOptionValue("config")
  if (typeof file !== "string") return
  const settings = parseYaml(await readText(file, "configuration", LONGEST_CONFIG), file)
  if (settings === null || typeof settings !== "object" || Array.isArray(settings)) {
    refuse("malformed", `${file}: expected a mapping of options, found something else`)
  }
  for (const [name, value] of Object.entries(settings)) applySetting(command, file, name, value)
}

function applySetting(command: Command, file: string, name: string, value: unknown): void {
  const known = command.options.find((candidate) => candidate.long === `--${name}`)
  const takesNoValue = known === undefined || known.isBoolean() || known.negate
  if (takesNoValue || name === "config") {
    throw new Refusal("malformed", `${file}: unknown option ${shown(name)}`)
  }
  const isSwitch = typeof value === "boolean" && known.optional
  if (typeof value !== "string" && typeof value !== "number" && !isSwitch) {
    throw new Refusal("malformed", `${file}: ${name}: expected text or a number`)
  }
  const attribute = known.attributeName()
  if (command.getOptionValueSource(attribute) !== "default") {
    if (command.getOptionValue(attribute) !== undefined) return
  }
  const text = String(value)
  if (known.argChoices !== undefined && !known.argChoices.includes(text)) {
    refuse("malformed", `${file}: ${name}: expected one of ${known.argChoices.join(", ")}`)
  }
  command.setOptionValueWithSource(attribute, parsedBy(known, text, file), SET_BY_CONFIG)
}

function parsedBy(known: Option, text: string, file: string): unknown {
  try {
    return known.parseArg === undefined ? text : known.parseArg(text, undefined)
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error
    return refuse("malformed", `${file}: ${known.long?.slice(2)}: ${error.message}`)
  }
}
