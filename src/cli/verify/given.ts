// What the command line names to be verified, folders opened: bundles in their order, and the artifacts that they may
// be of. Everything that is named, and every file of a folder, is in here once; nothing is left out.
import { type Artifact, fileArtifact } from "./artifacts.ts"
import { isFolder } from "./bundle-files.ts"
import { artifactBeside, bundlesBeside, readFolder } from "./folder.ts"

export interface GivenFile {
  readonly path: string
  /** Whether it was named itself, and not its folder. */
  readonly isNamed: boolean
}

export interface Given {
  readonly bundles: readonly GivenFile[]
  readonly artifacts: readonly Artifact[]
  /** Whether the artifacts were named, and not found. */
  readonly isNamed: boolean
  /** What lies in a folder and is neither a bundle nor can be an artifact. */
  readonly odd: readonly string[]
  /** Files of folders that were not looked at, since artifacts were named. */
  readonly strangers: readonly string[]
}

export interface Named {
  readonly bundles: readonly string[]
  readonly artifacts: readonly string[]
  readonly digests: readonly Artifact[]
}

interface Found {
  readonly bundles: GivenFile[]
  readonly others: string[]
  readonly odd: string[]
}

async function openAll(paths: readonly string[]): Promise<Found> {
  const found: Found = { bundles: [], others: [], odd: [] }
  for (const path of paths) {
    if (!(await isFolder(path))) {
      found.bundles.push({ path, isNamed: true })
      continue
    }
    const { bundles, others, odd } = await readFolder(path)
    found.bundles.push(...bundles.map((each) => ({ path: each, isNamed: false })))
    found.others.push(...others)
    found.odd.push(...odd)
  }
  return found
}

/** Bundles alone: their artifacts lie beside them, and every other file of a folder is one. */
async function ofBundles({ bundles, others, odd }: Found): Promise<Given> {
  const beside: string[] = []
  for (const { path, isNamed } of bundles) {
    const artifact = isNamed ? await artifactBeside(path) : undefined
    if (artifact !== undefined) beside.push(artifact)
  }
  const artifacts = [...new Set([...beside, ...others])].map(fileArtifact)
  return { bundles, artifacts, isNamed: false, odd, strangers: [] }
}

/** Artifacts alone: their bundles lie beside them. */
async function besideArtifacts(paths: readonly string[]): Promise<Given> {
  const artifacts: string[] = []
  const bundles: GivenFile[] = []
  const odd: string[] = []
  for (const path of paths) {
    if (await isFolder(path)) {
      const folder = await readFolder(path)
      artifacts.push(...folder.others)
      bundles.push(...folder.bundles.map((each) => ({ path: each, isNamed: false })))
      odd.push(...folder.odd)
      continue
    }
    artifacts.push(path)
    for (const each of await bundlesBeside(path)) bundles.push({ path: each, isNamed: true })
  }
  const files = [...new Set(artifacts)].map(fileArtifact)
  return { bundles, artifacts: files, isNamed: false, odd, strangers: [] }
}

async function artifactsIn(paths: readonly string[]): Promise<{
  readonly files: readonly string[]
  readonly odd: readonly string[]
  readonly strangers: readonly string[]
}> {
  const files: string[] = []
  const odd: string[] = []
  const strangers: string[] = []
  for (const path of paths) {
    if (await isFolder(path)) {
      const folder = await readFolder(path)
      files.push(...folder.others)
      odd.push(...folder.odd)
      strangers.push(...folder.bundles)
    } else files.push(path)
  }
  return { files, odd, strangers }
}

/** Not judged for a folder that is too large; throws trouble ("disk"). */
export async function readGiven({ bundles, artifacts, digests }: Named): Promise<Given> {
  if (bundles.length === 0) return await besideArtifacts(artifacts)
  const found = await openAll(bundles)
  if (artifacts.length === 0 && digests.length === 0) return await ofBundles(found)
  const { files, odd, strangers } = await artifactsIn(artifacts)
  return {
    bundles: found.bundles,
    artifacts: [...[...new Set(files)].map(fileArtifact), ...digests],
    isNamed: true,
    odd,
    // Where artifacts are named, a folder of bundles is no folder of artifacts.
    strangers: [...strangers, ...found.others, ...found.odd],
  }
}
