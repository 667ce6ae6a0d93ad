// The built program that is attacked: what of its modules makes data, and its process. The sources lend only their
// types, so that an older build can be attacked by the same attack.
import { pathToFileURL } from "node:url"

const PROJECT = new URL("../../../", import.meta.url)

/** The folder of the program that `npm run build` made. */
export const ownDist = decodeURIComponent(new URL("dist", PROJECT).pathname)

/** Where data of a run may lie: on the disk of the project, not in memory. */
export const workFolder = decodeURIComponent(new URL("dist-torture", PROJECT).pathname)

async function load<Module>(dist: string, name: string): Promise<Module> {
  const module: Module = await import(pathToFileURL(`${dist}/${name}.js`).href)
  return module
}

type OpenLogKeys = typeof import("../../src/cli/log/signing/log-keys.ts").openLogKeys

interface OlderDirectory {
  readonly readLogKeys: (...given: Parameters<OpenLogKeys>) => Awaited<ReturnType<OpenLogKeys>>
}

/** How this build opens a log's keys; the builds before it did so beside the data directory. */
async function loadKeyReading(dist: string): Promise<{ readonly openLogKeys: OpenLogKeys }> {
  try {
    return await load(dist, "cli/log/signing/log-keys")
  } catch {
    const { readLogKeys } = await load<OlderDirectory>(dist, "cli/log/data-directory")
    return { openLogKeys: async (...given) => readLogKeys(...given) }
  }
}

export type Program = Awaited<ReturnType<typeof loadProgram>>

/** What makes a log's files and appends to them in this process, and what makes a witness's. */
export async function loadProgram(dist: string) {
  const [directory, sequencer, store, guard, signer, hasher, origin, search, witness, note, keys] =
    await Promise.all([
      load<typeof import("../../src/cli/log/data-directory.ts")>(dist, "cli/log/data-directory"),
      load<typeof import("../../src/log/sequencer.ts")>(dist, "log/sequencer"),
      load<typeof import("../../src/storage/sqlite/log/store.ts")>(
        dist,
        "storage/sqlite/log/store",
      ),
      load<typeof import("../../src/storage/files/guard-file.ts")>(
        dist,
        "storage/files/guard-file",
      ),
      load<typeof import("../../src/crypto/signers/log-signer.ts")>(
        dist,
        "crypto/signers/log-signer",
      ),
      load<typeof import("../../src/crypto/tree-hasher.ts")>(dist, "crypto/tree-hasher"),
      load<typeof import("../../src/core/note/origin.ts")>(dist, "core/note/origin"),
      load<typeof import("../../src/cli/log/search/files.ts")>(dist, "cli/log/search/files"),
      load<typeof import("../../src/cli/witness/directory.ts")>(dist, "cli/witness/directory"),
      load<typeof import("../../src/core/note/note.ts")>(dist, "core/note/note"),
      loadKeyReading(dist),
    ])
  return {
    ...directory,
    ...sequencer,
    ...store,
    ...guard,
    ...signer,
    ...hasher,
    ...origin,
    ...search,
    ...witness,
    ...note,
    ...keys,
  }
}
