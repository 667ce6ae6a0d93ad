// Programs of Debian's packages, unpacked beside the system and never installed over it.
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs"
import { join } from "node:path"
import { type Apt, openApt, runTool } from "./apt.ts"

/** A package as it was unpacked. */
export interface Unpacked {
  readonly version: string
  /** Where its programs lie. */
  readonly programs: string
}

export interface Suite {
  readonly name: string
  /** What people must know of it. */
  readonly remark?: string
  /** Fetches and unpacks a package, or takes the one of an earlier run if the mirror is out of reach. */
  unpack(name: string): Promise<Unpacked>
}

function unpackedFolder(folder: string): string {
  const place = join(folder, "unpacked")
  mkdirSync(place, { recursive: true })
  return place
}

/** `cosign_3.1.1-2_amd64` is version 3.1.1-2. */
function unpackedAs(folder: string, archive: string): Unpacked {
  const version = decodeURIComponent(archive.split("_")[1] ?? "")
  return { version, programs: join(unpackedFolder(folder), archive, "usr/bin") }
}

/** What earlier runs have unpacked of a package. */
function kept(folder: string, name: string): readonly string[] {
  return readdirSync(unpackedFolder(folder)).filter(
    (archive) => archive.startsWith(`${name}_`) && !/\.(?:deb|draft)$/.test(archive),
  )
}

/** The name of a package's archive, without its ending, by what `--print-uris` prints. */
function archiveOf(printed: string): string {
  const name = /^'[^']+' (\S+)\.deb /m.exec(printed)?.[1]
  if (name === undefined) throw new Error(`expected the name of an archive, found ${printed}`)
  return name
}

async function unpackNewest({ folder, get }: Apt, name: string): Promise<Unpacked> {
  const unpacked = unpackedFolder(folder)
  const archive = archiveOf(await get(["--print-uris", "download", name], unpacked))
  const place = join(unpacked, archive)
  if (existsSync(place)) return unpackedAs(folder, archive)
  await get(["download", name], unpacked)
  const deb = `${archive}.deb`
  const draft = `${archive}.draft`
  rmSync(join(unpacked, draft), { recursive: true, force: true })
  await runTool(["dpkg-deb", "-x", deb, draft], unpacked)
  for (const old of kept(folder, name)) rmSync(join(unpacked, old), { recursive: true })
  renameSync(join(unpacked, draft), place)
  rmSync(join(unpacked, deb))
  return unpackedAs(folder, archive)
}

/** A suite of Debian, its index brought up to date in `folder`. */
export async function openSuite(suite: string, folder: string): Promise<Suite> {
  try {
    const apt = await openApt(suite, folder)
    const { remark } = apt
    const open = { name: suite, unpack: (name: string) => unpackNewest(apt, name) }
    return remark === undefined ? open : { ...open, remark }
  } catch (error) {
    return {
      name: suite,
      remark: `Debian ${suite}: not brought up to date: ${error}`,
      unpack(name) {
        const [old] = kept(folder, name)
        return old === undefined ? Promise.reject(error) : Promise.resolve(unpackedAs(folder, old))
      },
    }
  }
}
