// The built program as the bench loads it: what runs is what `npm run build` made, the sources lend only
// their types. Compiled along with the bench it would not find its migrations and its contract.

const PROJECT = new URL("../../../", import.meta.url)

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
  const [directory, keys, sequencer, store, guard, signer, hasher, origin, search] =
    await Promise.all([
      load<typeof import("../../src/cli/log/data-directory.ts")>("cli/log/data-directory"),
      load<typeof import("../../src/cli/log/signing/log-keys.ts")>("cli/log/signing/log-keys"),
      load<typeof import("../../src/log/sequencer.ts")>("log/sequencer"),
      load<typeof import("../../src/storage/sqlite/log/store.ts")>("storage/sqlite/log/store"),
      load<typeof import("../../src/storage/files/guard-file.ts")>("storage/files/guard-file"),
      load<typeof import("../../src/crypto/signers/log-signer.ts")>("crypto/signers/log-signer"),
      load<typeof import("../../src/crypto/tree-hasher.ts")>("crypto/tree-hasher"),
      load<typeof import("../../src/core/note/origin.ts")>("core/note/origin"),
      load<typeof import("../../src/cli/log/search/files.ts")>("cli/log/search/files"),
    ])
  return {
    ...directory,
    ...keys,
    ...sequencer,
    ...store,
    ...guard,
    ...signer,
    ...hasher,
    ...origin,
    ...search,
  }
}

/** The native engine of signature verification. */
export async function loadNativeVerification() {
  return await load<typeof import("../../src/crypto/engines/native.ts")>("crypto/engines/native")
}

/** What makes checkpoints, and the requests that a witness takes. */
export async function loadCheckpoints() {
  const [note, checkpoint, request, proof, tree, hasher] = await Promise.all([
    load<typeof import("../../src/core/note/note.ts")>("core/note/note"),
    load<typeof import("../../src/core/note/checkpoint.ts")>("core/note/checkpoint"),
    load<typeof import("../../src/core/note/add-checkpoint.ts")>("core/note/add-checkpoint"),
    load<typeof import("../../src/core/tree/proof.ts")>("core/tree/proof"),
    load<typeof import("../../src/core/tree/tree.ts")>("core/tree/tree"),
    load<typeof import("../../src/crypto/tree-hasher.ts")>("crypto/tree-hasher"),
  ])
  return { ...note, ...checkpoint, ...request, ...proof, ...tree, ...hasher }
}

/** What makes a witness's files. */
export async function loadWitness() {
  const [directory, origin] = await Promise.all([
    load<typeof import("../../src/cli/witness/directory.ts")>("cli/witness/directory"),
    load<typeof import("../../src/core/note/origin.ts")>("core/note/origin"),
  ])
  return { ...directory, ...origin }
}

/** What writes a log as static files. */
export async function loadMonitoredLog() {
  const [note, checkpoint, edge, tile, bundle, entry, hasher] = await Promise.all([
    load<typeof import("../../src/core/note/note.ts")>("core/note/note"),
    load<typeof import("../../src/core/note/checkpoint.ts")>("core/note/checkpoint"),
    load<typeof import("../../src/core/tree/edge.ts")>("core/tree/edge"),
    load<typeof import("../../src/core/tree/tile.ts")>("core/tree/tile"),
    load<typeof import("../../src/core/tree/bundle.ts")>("core/tree/bundle"),
    load<typeof import("../../src/entry/kinds/hashedrekord-v002.ts")>(
      "entry/kinds/hashedrekord-v002",
    ),
    load<typeof import("../../src/crypto/tree-hasher.ts")>("crypto/tree-hasher"),
  ])
  return { ...note, ...checkpoint, ...edge, ...tile, ...bundle, ...entry, ...hasher }
}

/** What follows a log and examines its entries. */
export async function loadMonitor() {
  const [
    monitor,
    state,
    store,
    messages,
    signer,
    mailbox,
    watch,
    check,
    hasher,
    note,
    origin,
    tile,
  ] = await Promise.all([
    load<typeof import("../../src/monitor/monitor.ts")>("monitor/monitor"),
    load<typeof import("../../src/monitor/state/state.ts")>("monitor/state/state"),
    load<typeof import("../../src/storage/sqlite/monitor/store.ts")>(
      "storage/sqlite/monitor/store",
    ),
    load<typeof import("../../src/storage/files/message-folder.ts")>(
      "storage/files/message-folder",
    ),
    load<typeof import("../../src/crypto/signers/state-signer.ts")>("crypto/signers/state-signer"),
    load<typeof import("../../src/monitor/promises/mailbox.ts")>("monitor/promises/mailbox"),
    load<typeof import("../../src/monitor/watch/watch.ts")>("monitor/watch/watch"),
    load<typeof import("../../src/crypto/engines/entry-check.ts")>("crypto/engines/entry-check"),
    load<typeof import("../../src/crypto/tree-hasher.ts")>("crypto/tree-hasher"),
    load<typeof import("../../src/core/note/note.ts")>("core/note/note"),
    load<typeof import("../../src/core/note/origin.ts")>("core/note/origin"),
    load<typeof import("../../src/core/tree/tile.ts")>("core/tree/tile"),
  ])
  return {
    ...monitor,
    ...state,
    ...store,
    ...messages,
    ...signer,
    ...mailbox,
    ...watch,
    ...check,
    ...hasher,
    ...note,
    ...origin,
    ...tile,
  }
}
