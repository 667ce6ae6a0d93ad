// Where bundles go, looked at before anything is logged: no two to one place, none over what they are about, folders
// made and found to be writable. What is there already is for kept-bundles.ts to judge.
import { randomBytes } from "node:crypto"
import { realpathSync } from "node:fs"
import { lstat, mkdir, rm, stat, writeFile } from "node:fs/promises"
import { basename, dirname, join, resolve } from "node:path"
import type { Command } from "commander"
import { Refusal, refuse } from "../../core/base/errors.ts"
import { onDisk } from "../command/file.ts"
import { optional, type ValuesOf } from "../command/options.ts"

/** What is logged as one entry, and where its bundle goes. */
export interface Job {
  /** A file or an image, for people. */
  readonly artifact: string
  readonly bundlePath: string
}

export const placeOptions = [
  optional("--bundle <file>", "where the bundle goes (default: ARTIFACT.sigstore.json)"),
  optional("--bundle-dir <dir>", "directory for the bundles of several artifacts"),
  optional("--force", "overwrite bundles that are there already"),
] as const

type PlaceOptions = ValuesOf<typeof placeOptions>

/** An artifact with the name that its bundle has by default. */
export interface NamedArtifact {
  readonly artifact: string
  readonly bundleName: string
}

/** A file's bundle lies beside it. */
export function namedFile(artifact: string): NamedArtifact {
  return { artifact, bundleName: `${artifact}.sigstore.json` }
}

/** The options of commands that name files to be read. */
const INPUTS = [
  ...["artifact", "key", "passphraseFile", "predicate", "signature", "publicKey", "envelope"],
  ...["trustedRoot", "policy", "caFile", "registryConfig"],
] as const

function inputsOf(command: Command): readonly string[] {
  return INPUTS.flatMap((name) => {
    const value: unknown = command.getOptionValue(name)
    return [value].flat().filter((path) => typeof path === "string")
  })
}

/** A path without links, as far as it is there. */
function realPath(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    const above = dirname(path)
    return above === path ? path : join(realPath(above), basename(path))
  }
}

/** Where a file that is put at a path lies: one that is a link is replaced and not followed. */
function placeOf(path: string): string {
  const whole = resolve(path)
  return join(realPath(dirname(whole)), basename(whole))
}

/** A usage error if two bundles go to one place, or one over a file that the command reads, by whatever path. */
export function assertApart(bundlePaths: readonly string[], command: Command): void {
  const inputs = inputsOf(command).flatMap((path) => [placeOf(path), realPath(resolve(path))])
  const read = new Set(inputs)
  const taken = new Set<string>()
  for (const path of bundlePaths) {
    const place = placeOf(path)
    if (read.has(place)) {
      command.error(`error: the bundle would be written over ${path}, which is read`)
    }
    if (taken.has(place)) command.error(`error: two bundles would be written to ${path}`)
    taken.add(place)
  }
}

/** A usage error as {@link assertApart} has it, and for one place named for several bundles. */
export function jobsOf(
  artifacts: readonly NamedArtifact[],
  { bundle, bundleDir }: PlaceOptions,
  command: Command,
): readonly Job[] {
  if (bundle !== undefined && (bundleDir !== undefined || artifacts.length > 1)) {
    command.error("error: --bundle names the bundle of one artifact; for several use --bundle-dir")
  }
  const jobs = artifacts.map(({ artifact, bundleName }) => {
    const own = bundleDir === undefined ? bundleName : join(bundleDir, basename(bundleName))
    return { artifact, bundlePath: bundle ?? own }
  })
  assertApart(
    jobs.map(({ bundlePath }) => bundlePath),
    command,
  )
  return jobs
}

/** More than most bundles have, so that a full disk is found. */
const PROBE = new Uint8Array(32 * 1024)

async function makeFolder(folder: string): Promise<void> {
  await onDisk("folder of bundles", folder, mkdir(folder, { recursive: true }))
  const probe = join(folder, `.${randomBytes(6).toString("hex")}.tmp`)
  try {
    await onDisk("folder of bundles", folder, writeFile(probe, PROBE, { flag: "wx" }))
  } finally {
    await onDisk("folder of bundles", folder, rm(probe, { force: true }))
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT"
}

/** What is there itself, and behind a link; a link that leads nowhere is there, too. */
async function foundAt(path: string) {
  const found = await lstat(path)
  if (!found.isSymbolicLink()) return found
  return await stat(path).catch(() => found)
}

function refusePlace(path: string, found: string): never {
  return refuse("conflict", `bundle ${path}: expected a place for a file, found ${found}`)
}

async function isThere(path: string): Promise<boolean> {
  if (path === "") refusePlace('""', "no name")
  if (path.endsWith("/")) refusePlace(path, "the name of a folder")
  try {
    const found = await foundAt(path)
    if (found.isDirectory()) refusePlace(path, "a folder")
    if (found.isFile() || found.isSymbolicLink()) return true
  } catch (error) {
    if (error instanceof Refusal) throw error
    if (isMissing(error)) return false
    // A name that is too long, say.
    return await onDisk("bundle", path, Promise.reject(error))
  }
  return refusePlace(path, "a device or a pipe")
}

/**
 * Makes the folders of all bundles, writes to each and takes that away again; gives the jobs whose bundle is there
 * already. Throws trouble ("disk"); refuses `conflict` for a place where no file can be.
 */
export async function preparePlaces(jobs: readonly Job[]): Promise<readonly Job[]> {
  const folders = new Set(jobs.map(({ bundlePath }) => dirname(bundlePath)))
  for (const folder of folders) await makeFolder(folder)
  const there: Job[] = []
  for (const job of jobs) if (await isThere(job.bundlePath)) there.push(job)
  return there
}
