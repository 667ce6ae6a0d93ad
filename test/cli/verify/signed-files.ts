// Files with their bundles beside them, logged by a key of the tests, and `countersign verify` over them.
import { mkdirSync } from "node:fs"
import { noNetwork, type Ran, run } from "../command/fake-terminal.ts"
import { type KeyFiles, openWorkspace, type Workspace, writeKeys } from "../workspace.ts"

export interface SignedFiles {
  readonly workspace: Workspace
  readonly keys: KeyFiles
  /** Writes `NAME` with its bundle `NAME.sigstore.json` and gives the path. */
  sign(name: string, content?: string): Promise<string>
  /** The text of the bundle of a file that was signed. */
  bundleOf(path: string): string
  folder(name: string): string
  /** `countersign verify` by the key and the log's policy, without any network. */
  verify(...words: readonly string[]): Promise<Ran>
}

export async function openSignedFiles(): Promise<SignedFiles> {
  const workspace = await openWorkspace()
  const keys = writeKeys(workspace, "signer")
  const trust = ["--key", keys.public, "--policy", workspace.policy]
  return {
    workspace,
    keys,
    async sign(name, content = `the artifact ${name}`) {
      const path = workspace.write(name, content)
      const words = ["--artifact", path, "--key", keys.secret, "--policy", workspace.policy]
      const { code, err } = await run(["submit", "--log", workspace.url, ...words])
      if (code !== 0) throw new Error(err)
      return path
    },
    bundleOf: (path) => workspace.read(`${path.slice(workspace.path("").length)}.sigstore.json`),
    folder(name) {
      mkdirSync(workspace.path(name), { recursive: true })
      return workspace.path(name)
    },
    verify: (...words) => run(["verify", ...words, ...trust], { fetch: noNetwork }),
  }
}

/** The objects of `--json`, one a line. */
export function objectsIn({ out }: Ran): readonly Record<string, unknown>[] {
  return out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}
