// The built program as the bench loads it: what runs is what `npm run build` made, the sources lend only
// their types. Compiled along with the bench it would not find its migrations and its contract.

const PROJECT = new URL("../../", import.meta.url)

/** The path of a file of the project, `name` being relative to its root. */
export function projectPath(name: string): string {
  return decodeURIComponent(new URL(name, PROJECT).pathname)
}

async function load<Module>(name: string): Promise<Module> {
  const module: Module = await import(new URL(`dist/${name}.js`, PROJECT).href)
  return module
}

/** What makes a log's files and appends to them in this process. */
export async function loadWriting() {
  const [directory, sequencer, store, guard, signer, hasher, origin, terms, index] =
    await Promise.all([
      load<typeof import("../src/cli/data-directory.ts")>("cli/data-directory"),
      load<typeof import("../src/log/sequencer.ts")>("log/sequencer"),
      load<typeof import("../src/storage/sqlite/store.ts")>("storage/sqlite/store"),
      load<typeof import("../src/storage/guard-file.ts")>("storage/guard-file"),
      load<typeof import("../src/crypto/log-signer.ts")>("crypto/log-signer"),
      load<typeof import("../src/crypto/tree-hasher.ts")>("crypto/tree-hasher"),
      load<typeof import("../src/core/origin.ts")>("core/origin"),
      load<typeof import("../src/log/search-hash.ts")>("log/search-hash"),
      load<typeof import("../src/log/search-index.ts")>("log/search-index"),
    ])
  return {
    ...directory,
    ...sequencer,
    ...store,
    ...guard,
    ...signer,
    ...hasher,
    ...origin,
    ...terms,
    ...index,
  }
}

/** The native engine of signature verification. */
export async function loadNativeVerification() {
  return await load<typeof import("../src/crypto/native.ts")>("crypto/native")
}
