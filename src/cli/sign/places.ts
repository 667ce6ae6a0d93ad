// Where bundles go, looked at before anything is logged: no two to one place, none over what they are about, folders
// made and found to be writable. What is there already is for kept-bundles.ts to judge.
import { randomBytes } from "node:crypto"
import { lstat, mkdir, rm, writeFile } from "node:fs/promises"
import { basename, dirname, join, resolve } from "node:path"
import type { Command } from "commander"
import { refuse } from "../../core/base/errors.ts"
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

/** A usage error if two bundles go to one place, or one over one of the `inputs`. */
export function jobsOf(
  artifacts: readonly NamedArtifact[],
  inputs: readonly string[],
  { bundle, bundleDir }: PlaceOptions,
  command: Command,
): readonly Job[] {
  if (bundle !== undefined && (bundleDir !== undefined || artifacts.length > 1)) {
    command.error("error: --bundle names the bundle of one artifact; for several use --bundle-dir")
  }
  const taken = new Map(inputs.map((input) => [resolve(input), "input"]))
  return artifacts.map(({ artifact, bundleName }) => {
    const own = bundleDir === undefined ? bundleName : join(bundleDir, basename(bundleName))
    const bundlePath = bundle ?? own
    const place = resolve(bundlePath)
    if (taken.get(place) === "input") {
      command.error(`error: the bundle would be written over ${bundlePath}, which is read`)
    }
    if (taken.has(place)) command.error(`error: two bundles would be written to ${bundlePath}`)
    taken.set(place, "bundle")
    return { artifact, bundlePath }
  })
}

async function makeFolder(folder: string): Promise<void> {
  await onDisk("folder of bundles", folder, mkdir(folder, { recursive: true }))
  const probe = join(folder, `.${randomBytes(6).toString("hex")}.tmp`)
  await onDisk("folder of bundles", folder, writeFile(probe, "", { flag: "wx" }))
  await onDisk("folder of bundles", folder, rm(probe))
}

async function isThere(path: string): Promise<boolean> {
  try {
    const found = await lstat(path)
    if (!found.isDirectory()) return true
  } catch {
    return false
  }
  return refuse("conflict", `bundle ${path}: expected a place for a file, found a folder`)
}

/**
 * Makes the folders of all bundles, writes to each and takes that away again; gives the jobs whose bundle is there
 * already. Throws trouble ("disk"); refuses `conflict` for a place that is a folder.
 */
export async function preparePlaces(jobs: readonly Job[]): Promise<readonly Job[]> {
  const folders = new Set(jobs.map(({ bundlePath }) => dirname(bundlePath)))
  for (const folder of folders) await makeFolder(folder)
  const there: Job[] = []
  for (const job of jobs) if (await isThere(job.bundlePath)) there.push(job)
  return there
}
