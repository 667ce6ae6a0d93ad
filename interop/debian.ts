// Programs from Debian's archive, unpacked beside the system: apt with sources, state and cache of its own
// below a cache folder. The mirror is the one that the machine's own sources name; only the suite differs.
// What apt needs to get there (proxies, credentials) stays as the machine has it.
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { findMirror } from "./apt-sources.ts"
import { lastWords, runCommand } from "./process.ts"

/** A package as it was unpacked. */
export interface Unpacked {
  readonly version: string
  /** Where its programs lie. */
  readonly programs: string
}

export interface Suite {
  readonly name: string
  /** How its signature was checked, if not by the keys of the machine. */
  readonly remark?: string
  /** Fetches and unpacks a package, or takes the one of an earlier run if the mirror is out of reach. */
  unpack(name: string): Promise<Unpacked>
}

const KEYRINGS = [
  "/usr/share/keyrings/debian-archive-keyring.pgp",
  "/usr/share/keyrings/debian-archive-keyring.gpg",
]
const CONFIGURATION = "/etc/apt/apt.conf"

async function command(words: readonly string[], folder: string, config?: string): Promise<string> {
  const own = config === undefined ? {} : { APT_CONFIG: config }
  // Inherits: apt is no client under test, and the way out may be in the environment.
  const inherited = Object.entries(process.env).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const],
  )
  const env = { ...Object.fromEntries(inherited), LC_ALL: "C", ...own }
  const ended = await runCommand(words, { cwd: folder, env })
  if (ended.code === 0) return ended.stdout
  throw new Error(`${words.slice(0, 2).join(" ")}: exit ${ended.code}: ${lastWords(ended)}`)
}

/**
 * Writes the configuration that keeps apt out of the system's folders; hooks that tidy them up after an
 * update are cleared.
 */
function writeConfiguration(folder: string, source: string): string {
  const place = (name: string) => join(folder, name)
  for (const name of ["lists/partial", "archives/partial", "debs", "unpacked"]) {
    mkdirSync(place(name), { recursive: true })
  }
  writeFileSync(place("sources.list"), `${source}\n`)
  const main = [
    ...(existsSync(CONFIGURATION) ? [`#include "${CONFIGURATION}";`] : []),
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
  await command(["apt-get", "download", "debian-archive-keyring"], place)
  const deb = readdirSync(place).find((name) => name.endsWith(".deb")) ?? ""
  await command(["dpkg-deb", "-x", deb, place], place)
  const found = KEYRINGS.map((name) => join(place, name)).find((name) => existsSync(name))
  if (found === undefined) throw new Error("the package debian-archive-keyring has no keyring")
  return found
}

interface Trial {
  readonly option: () => Promise<string>
  readonly remark?: string
}

function trials(suite: string, folder: string): readonly Trial[] {
  const installed = KEYRINGS.find((name) => existsSync(name))
  const signedBy = (keyring: string) => `signed-by=${keyring}`
  return [
    ...(installed === undefined ? [] : [{ option: () => Promise.resolve(signedBy(installed)) }]),
    { option: async () => signedBy(await fetchKeyring(folder)) },
    {
      option: () => Promise.resolve("trusted=yes"),
      remark: `Debian ${suite}: its signature could not be checked; the clients are UNVERIFIED`,
    },
  ]
}

/** Where a package's archive lies and what it is called, by what `--print-uris` prints. */
function archiveOf(printed: string): string {
  const name = /^'[^']+' (\S+)\.deb /m.exec(printed)?.[1]
  if (name === undefined) throw new Error(`expected the name of an archive, found ${printed}`)
  return name
}

/** `cosign_3.1.1-2_amd64` is version 3.1.1-2. */
function unpackedAs(folder: string, archive: string): Unpacked {
  const version = decodeURIComponent(archive.split("_")[1] ?? "")
  return { version, programs: join(folder, "unpacked", archive, "usr/bin") }
}

async function unpackNewest(folder: string, config: string, name: string): Promise<string> {
  const debs = join(folder, "debs")
  const archive = archiveOf(
    await command(["apt-get", "--print-uris", "download", name], debs, config),
  )
  const place = join(folder, "unpacked", archive)
  if (existsSync(place)) return archive
  await command(["apt-get", "download", name], debs, config)
  const draft = `${place}.draft`
  rmSync(draft, { recursive: true, force: true })
  await command(["dpkg-deb", "-x", `${archive}.deb`, draft], debs)
  for (const old of kept(folder, name)) rmSync(join(folder, "unpacked", old), { recursive: true })
  renameSync(draft, place)
  rmSync(join(debs, `${archive}.deb`))
  return archive
}

/** What earlier runs have unpacked of a package. */
function kept(folder: string, name: string): readonly string[] {
  return readdirSync(join(folder, "unpacked")).filter(
    (archive) => archive.startsWith(`${name}_`) && !archive.endsWith(".draft"),
  )
}

async function update(suite: string, folder: string): Promise<Pick<Trial, "remark">> {
  const mirror = findMirror()
  let reason: unknown
  for (const { option, remark } of trials(suite, folder)) {
    try {
      const config = writeConfiguration(folder, `deb [${await option()}] ${mirror} ${suite} main`)
      await command(["apt-get", "update"], folder, config)
      return remark === undefined ? {} : { remark }
    } catch (error) {
      reason ??= error
    }
  }
  throw reason
}

/** A suite of Debian, its index brought up to date in `folder`. */
export async function openSuite(suite: string, folder: string): Promise<Suite> {
  mkdirSync(join(folder, "unpacked"), { recursive: true })
  const config = join(folder, "apt.conf")
  const updated = await update(suite, folder).catch((error: unknown) => ({ error }))
  async function unpack(name: string): Promise<Unpacked> {
    if (!("error" in updated)) return unpackedAs(folder, await unpackNewest(folder, config, name))
    const [old] = kept(folder, name)
    if (old === undefined) throw updated.error
    return unpackedAs(folder, old)
  }
  if (!("error" in updated)) return { ...updated, name: suite, unpack }
  const remark = `Debian ${suite}: not brought up to date (${updated.error})`
  return { name: suite, remark, unpack }
}
