// A folder of its own and a log behind HTTP for tests of commands, with the files that pin the log's key.
import { generateKeyPairSync, type KeyObject } from "node:crypto"
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { openServedLog, type ServedLog } from "../http/served-log.ts"

export interface Workspace {
  readonly served: ServedLog
  readonly url: string
  readonly trustedRoot: string
  readonly policy: string
  /** The path of a file in the folder. */
  path(name: string): string
  /** Writes a file and gives its path. */
  write(name: string, content: string | Uint8Array): string
  read(name: string): string
  close(): Promise<void>
}

export async function openWorkspace(): Promise<Workspace> {
  const folder = mkdtempSync(join(tmpdir(), "countersign-cli-"))
  const served = await openServedLog()
  const url = `http://127.0.0.1:${served.port}`
  const path = (name: string) => join(folder, name)
  const write = (name: string, content: string | Uint8Array) => {
    writeFileSync(path(name), content)
    return path(name)
  }
  const root = await fetch(`${url}/v1/trusted-root.json`)
  return {
    served,
    url,
    trustedRoot: write("trusted_root.json", await root.text()),
    policy: write("log.policy", `log ${served.log.vkeys[1]}\nquorum none\n`),
    path,
    write,
    read: (name) => readFileSync(path(name), "utf8"),
    async close() {
      await served.close()
      rmSync(folder, { recursive: true })
    },
  }
}

export interface KeyFiles {
  readonly secret: string
  readonly public: string
  readonly privateKey: KeyObject
}

/** Writes a new key pair as PEM. */
export function writeKeys(
  workspace: Workspace,
  name: string,
  pair: { readonly publicKey: KeyObject; readonly privateKey: KeyObject } = generateKeyPairSync(
    "ec",
    { namedCurve: "P-256" },
  ),
): KeyFiles {
  const secret = pair.privateKey.export({ type: "pkcs8", format: "pem" })
  const pub = pair.publicKey.export({ type: "spki", format: "pem" })
  const file = workspace.write(`${name}.pem`, secret)
  chmodSync(file, 0o600)
  return {
    secret: file,
    public: workspace.write(`${name}.pub`, pub),
    privateKey: pair.privateKey,
  }
}
