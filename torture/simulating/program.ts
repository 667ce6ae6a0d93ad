// The modules of the built program that are simulated: everything between the doors and the ports. The sources lend
// only their types.
import { join } from "node:path"
import { pathToFileURL } from "node:url"

export type SimulatedProgram = Awaited<ReturnType<typeof loadSimulated>>

/** Loads them from the `dist` of a program, which may be one without a defence. */
export async function loadSimulated(program: string) {
  async function load<Module>(name: string): Promise<Module> {
    const module: Module = await import(pathToFileURL(join(program, "dist", `${name}.js`)).href)
    return module
  }
  const modules = await Promise.all([
    load<typeof import("../../src/log/sequencer.ts")>("log/sequencer"),
    load<typeof import("../../src/log/open-log.ts")>("log/open-log"),
    load<typeof import("../../src/log/patient-signer.ts")>("log/patient-signer"),
    load<typeof import("../../src/log/publishing/publisher.ts")>("log/publishing/publisher"),
    load<typeof import("../../src/witness/judgement.ts")>("witness/judgement"),
    load<typeof import("../../src/storage/rules/commit.ts")>("storage/rules/commit"),
    load<typeof import("../../src/crypto/tree-hasher.ts")>("crypto/tree-hasher"),
    load<typeof import("../../src/crypto/signers/log-signer.ts")>("crypto/signers/log-signer"),
    load<typeof import("../../src/crypto/keys/handle.ts")>("crypto/keys/handle"),
    load<typeof import("../../src/core/base/errors.ts")>("core/base/errors"),
    load<typeof import("../../src/core/note/note.ts")>("core/note/note"),
    load<typeof import("../../src/core/note/checkpoint.ts")>("core/note/checkpoint"),
    load<typeof import("../../src/core/note/policy.ts")>("core/note/policy"),
    load<typeof import("../../src/core/tree/hash.ts")>("core/tree/hash"),
    load<typeof import("../../src/core/tree/bundle.ts")>("core/tree/bundle"),
    load<typeof import("../../src/core/time/clock.ts")>("core/time/clock"),
    load<typeof import("../../src/log/commit-chain.ts")>("log/commit-chain"),
  ])
  const [sequencer, log, patient, publisher, judgement, rules, hasher, ...rest] = modules
  const [signer, handle, errors, note, checkpoint, policy, hash, bundle, clock, chain] = rest
  return {
    ...{ ...sequencer, ...log, ...patient, ...publisher, ...judgement, ...rules, ...hasher },
    ...{ ...signer, ...handle, ...errors, ...note, ...checkpoint, ...policy, ...hash, ...bundle },
    ...{ ...clock, ...chain },
  }
}
