// The modules of the built program by which a data directory is made, opened, read and checked in this process, and its
// command line, run here as well: a process of its own for each of thousands of flips would take hours.
import { join } from "node:path"
import { pathToFileURL } from "node:url"

export type RottingProgram = Awaited<ReturnType<typeof loadRotting>>

export async function loadRotting(program: string) {
  async function load<Module>(name: string): Promise<Module> {
    const module: Module = await import(pathToFileURL(join(program, "dist", `${name}.js`)).href)
    return module
  }
  const [cli, directory, sequencer, engine, guard, signer, keys, hasher] = await Promise.all([
    load<typeof import("../../src/cli/program.ts")>("cli/program"),
    load<typeof import("../../src/cli/log/data-directory.ts")>("cli/log/data-directory"),
    load<typeof import("../../src/log/sequencer.ts")>("log/sequencer"),
    load<typeof import("../../src/storage/log-engine.ts")>("storage/log-engine"),
    load<typeof import("../../src/storage/files/guard-file.ts")>("storage/files/guard-file"),
    load<typeof import("../../src/crypto/signers/log-signer.ts")>("crypto/signers/log-signer"),
    load<typeof import("../../src/cli/log/signing/log-keys.ts")>("cli/log/signing/log-keys"),
    load<typeof import("../../src/crypto/tree-hasher.ts")>("crypto/tree-hasher"),
  ])
  const [log, search, answering, published, origin, witness, witnessStore, making] =
    await Promise.all([
      load<typeof import("../../src/log/open-log.ts")>("log/open-log"),
      load<typeof import("../../src/cli/log/search/files.ts")>("cli/log/search/files"),
      load<typeof import("../../src/log/search/answering.ts")>("log/search/answering"),
      load<typeof import("../../src/storage/files/published-file.ts")>(
        "storage/files/published-file",
      ),
      load<typeof import("../../src/core/note/origin.ts")>("core/note/origin"),
      load<typeof import("../../src/witness/witness.ts")>("witness/witness"),
      load<typeof import("../../src/storage/sqlite/witness/store.ts")>(
        "storage/sqlite/witness/store",
      ),
      load<typeof import("../../src/cli/witness/directory.ts")>("cli/witness/directory"),
    ])
  const [note, adding, hash, checkpoint, errors, audit, monitor, collection] = await Promise.all([
    load<typeof import("../../src/core/note/note.ts")>("core/note/note"),
    load<typeof import("../../src/core/note/add-checkpoint.ts")>("core/note/add-checkpoint"),
    load<typeof import("../../src/core/tree/hash.ts")>("core/tree/hash"),
    load<typeof import("../../src/core/note/checkpoint.ts")>("core/note/checkpoint"),
    load<typeof import("../../src/core/base/errors.ts")>("core/base/errors"),
    load<typeof import("../../src/storage/files/audit-file.ts")>("storage/files/audit-file"),
    load<typeof import("../../src/cli/monitor/directory.ts")>("cli/monitor/directory"),
    load<typeof import("../../src/monitor/state/collection.ts")>("monitor/state/collection"),
  ])
  const { runProgram } = cli

  /** Runs a command line; a bug of the program is thrown. */
  async function command(...words: readonly string[]) {
    const said: string[] = []
    let code = 0
    const stream = { write: (text: string) => void said.push(text) }
    const ended = await runProgram(words, {
      ...{ stdout: stream, stderr: stream, environment: {}, now: () => performance.now() },
      fetch: () => Promise.reject(new Error("nothing is fetched here")),
      fail(failed) {
        code = Math.max(code, failed)
      },
    })
    return { code: Math.max(ended, code), output: said.join("") }
  }

  return {
    ...{ ...directory, ...sequencer, ...engine, ...guard, ...signer, ...keys, ...hasher, ...log },
    ...{ ...search, ...answering, ...published, ...origin, ...witness, ...witnessStore },
    ...{ ...making, ...note, ...adding, ...hash, ...checkpoint, ...errors, ...audit },
    ...{ ...monitor, ...collection, command },
  }
}
