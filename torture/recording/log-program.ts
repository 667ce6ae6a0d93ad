// The modules of the built program that open a log as its start does. The sources lend only their types.
import { pathToFileURL } from "node:url"

async function load<Module>(program: string, name: string): Promise<Module> {
  const module: Module = await import(pathToFileURL(`${program}/dist/${name}.js`).href)
  return module
}

/** What looks at a log before anything opens it for writing; builds before it had nothing of the kind. */
interface Standing {
  readonly assertStanding: (directory: unknown) => Promise<unknown>
}

async function loadStanding(program: string): Promise<Standing> {
  try {
    return await load<Standing>(program, "cli/log/standing")
  } catch {
    return { assertStanding: async () => undefined }
  }
}

export type LogProgram = Awaited<ReturnType<typeof loadLogProgram>>

export async function loadLogProgram(program: string) {
  const from = <Module>(name: string) => load<Module>(program, name)
  const [directory, engine, guard, published, lock, sequencer, hasher, search, fsck, source] =
    await Promise.all([
      from<typeof import("../../src/cli/log/data-directory.ts")>("cli/log/data-directory"),
      from<typeof import("../../src/storage/log-engine.ts")>("storage/log-engine"),
      from<typeof import("../../src/storage/files/guard-file.ts")>("storage/files/guard-file"),
      from<typeof import("../../src/storage/files/published-file.ts")>(
        "storage/files/published-file",
      ),
      from<typeof import("../../src/storage/disk/process-lock.ts")>("storage/disk/process-lock"),
      from<typeof import("../../src/log/sequencer.ts")>("log/sequencer"),
      from<typeof import("../../src/crypto/tree-hasher.ts")>("crypto/tree-hasher"),
      from<typeof import("../../src/cli/log/search/files.ts")>("cli/log/search/files"),
      from<typeof import("../../src/log/fsck.ts")>("log/fsck"),
      from<typeof import("../../src/cli/log/fsck-source.ts")>("cli/log/fsck-source"),
    ])
  const standing = await loadStanding(program)
  return {
    ...standing,
    ...{ ...directory, ...engine, ...guard, ...published, ...lock },
    ...{ ...sequencer, ...hasher, ...search, ...fsck, ...source },
  }
}
