// apt with sources, state and cache of its own in one folder: it reads nothing but one suite of the mirror
// that the machine's own sources name, and changes nothing of the system. What apt needs to get there
// (proxies, credentials) stays as the machine has it.
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { lastWords, runCommand } from "../running/process.ts"
import { findMirror } from "./apt-sources.ts"

/** A suite's index, brought up to date. */
export interface Apt {
  /** Where everything of it lies. */
  readonly folder: string
  /** Said loudly, if its signature was not checked. */
  readonly remark?: string
  /** Runs apt-get over this suite in `cwd`, and gives what it prints. */
  get(words: readonly string[], cwd: string): Promise<string>
}

const KEYRINGS = [
  "/usr/share/keyrings/debian-archive-keyring.pgp",
  "/usr/share/keyrings/debian-archive-keyring.gpg",
]
const SYSTEM_CONFIGURATION = "/etc/apt/apt.conf"
const UNVERIFIABLE = /NO_PUBKEY|EXPKEYSIG|GPG error|not signed|couldn't be verified|keyring/

/** The environment of this process: apt is no client under test, and its way out may be set there. */
function inherited(): Readonly<Record<string, string>> {
  const entries = Object.entries(process.env).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const],
  )
  return { ...Object.fromEntries(entries), LC_ALL: "C" }
}

/** Runs a tool of Debian's that must succeed; `config` is apt's whole configuration. */
export async function runTool(
  words: readonly string[],
  cwd: string,
  config?: string,
): Promise<string> {
  const own = config === undefined ? {} : { APT_CONFIG: config }
  const ended = await runCommand(words, { cwd, env: { ...inherited(), ...own } })
  if (ended.code === 0) return ended.stdout
  throw new Error(`${words.slice(0, 2).join(" ")}: exit ${ended.code}: ${lastWords(ended)}`)
}

/** Writes a configuration over `folder` and clears the hooks that tidy up the system after an update. */
function writeConfiguration(folder: string, source: string): string {
  const place = (name: string) => join(folder, name)
  for (const name of ["lists/partial", "archives/partial"]) {
    mkdirSync(place(name), { recursive: true })
  }
  writeFileSync(place("sources.list"), `${source}\n`)
  const main = [
    ...(existsSync(SYSTEM_CONFIGURATION) ? [`#include "${SYSTEM_CONFIGURATION}";`] : []),
    "#clear APT::Update::Post-Invoke;",
    "#clear APT::Update::Post-Invoke-Success;",
    `Dir::Etc::sourcelist "${place("sources.list")}";`,
    'Dir::Etc::sourceparts "/dev/null";',
    `Dir::State "${folder}";`,
    'Dir::State::status "/dev/null";',
    `Dir::Cache "${folder}";`,
    'Acquire::Languages "none";',
    'APT::Update::Error-Mode "any";',
    // The folder need not be one that apt's own user can write to.
    'APT::Sandbox::User "";',
  ]
  writeFileSync(place("main.conf"), `${main.join("\n")}\n`)
  writeFileSync(place("apt.conf"), `Dir::Etc::main "${place("main.conf")}";\n`)
  return place("apt.conf")
}

/** The newest keys that the machine's own suite has, fetched with the trust that the machine has. */
async function fetchKeyring(folder: string): Promise<string> {
  const place = join(folder, "keyring")
  mkdirSync(place, { recursive: true })
  await runTool(["apt-get", "download", "debian-archive-keyring"], place)
  const deb = readdirSync(place).find((name) => name.endsWith(".deb")) ?? ""
  await runTool(["dpkg-deb", "-x", deb, place], place)
  const found = KEYRINGS.map((name) => join(place, name)).find((name) => existsSync(name))
  if (found === undefined) throw new Error("the package debian-archive-keyring has no keyring")
  return found
}

async function update(suite: string, folder: string, option: string): Promise<Apt> {
  mkdirSync(folder, { recursive: true })
  const config = writeConfiguration(folder, `deb [${option}] ${findMirror()} ${suite} main`)
  await runTool(["apt-get", "update"], folder, config)
  return { folder, get: (words, cwd) => runTool(["apt-get", ...words], cwd, config) }
}

async function updateVerified(suite: string, folder: string): Promise<Apt> {
  const installed = KEYRINGS.find((name) => existsSync(name))
  if (installed !== undefined) {
    try {
      return await update(suite, folder, `signed-by=${installed}`)
    } catch (error) {
      // Any other reason would be the same with other keys.
      if (!UNVERIFIABLE.test(String(error))) throw error
    }
  }
  return await update(suite, folder, `signed-by=${await fetchKeyring(folder)}`)
}

/**
 * Brings the index of a suite up to date in `folder`. If no keys can be had that verify it, it is taken
 * without, with a remark, in a folder of its own.
 */
export async function openApt(suite: string, folder: string): Promise<Apt> {
  try {
    return await updateVerified(suite, folder)
  } catch (error) {
    if (!UNVERIFIABLE.test(String(error))) throw error
    const unverified = await update(suite, `${folder}-unverified`, "trusted=yes")
    const remark = `Debian ${suite}: its signature could not be checked; its clients are UNVERIFIED`
    return { ...unverified, remark }
  }
}
