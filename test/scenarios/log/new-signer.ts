// A log whose keys are in a signer process, each with a directory of its own.
import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { createLogFiles, dataDirectory } from "../../../src/cli/log/data-directory.ts"
import { parseOrigin } from "../../../src/core/note/origin.ts"
import { newFolder } from "../../storage/folder.ts"
import { countersign, type Ended, programCommand, type Running, start } from "../process.ts"
import type { NewLog } from "./new-log.ts"

export interface SignerProcess extends Running {
  kill(): Promise<Ended>
  stop(): Promise<Ended>
}

export interface SignedLog extends NewLog {
  readonly signer: SignerPlace
  readonly vkeys: readonly string[]
}

export interface SignerPlace {
  readonly data: string
  readonly socket: string
  readonly uri: string
  /** Starts it; resolves when it listens, rejects with what it wrote if it does not come to that. */
  serve(): Promise<SignerProcess>
  serveInVain(): Promise<Ended>
}

function signerAt(folder: string): SignerPlace {
  const data = join(folder, "signer")
  const socket = join(folder, "log.sock")
  const uri = `unix:${socket}`
  const command = [...programCommand, "signer", "serve", "--data", data, "--listen", uri]

  function launch(): Promise<SignerProcess | Ended> {
    return new Promise((resolve, reject) => {
      let said = ""
      const onStderr = (text: string): void => {
        said += text
        if (!said.includes('"msg":"signing"')) return
        const sent = (signal: NodeJS.Signals) => () => {
          running.send(signal)
          return running.ended
        }
        resolve({ ...running, kill: sent("SIGKILL"), stop: sent("SIGTERM") })
      }
      const running = start(command, { onStderr })
      running.ended.then(resolve, reject)
    })
  }

  return {
    ...{ data, socket, uri },
    async serve() {
      const launched = await launch()
      if ("kill" in launched) return launched
      throw new Error(
        `the signer ended with ${launched.code ?? launched.signal}:\n${launched.stderr}`,
      )
    },
    async serveInVain() {
      const launched = await launch()
      if (!("kill" in launched)) return launched
      throw new Error("the signer serves, which it should have refused")
    },
  }
}

/** A signer that was made by its command, for a log of this name. */
export async function newSigner(origin: string): Promise<SignerPlace> {
  const folder = newFolder()
  const place = signerAt(folder)
  const made = await countersign("signer", "init", "--data", place.data, "--origin", origin)
  if (made.code !== 0) throw new Error(made.stderr)
  return place
}

/** A signer for the keys of a log that is there. */
export async function adoptingSigner({ folder, data, guard }: NewLog): Promise<SignerPlace> {
  const place = signerAt(folder)
  mkdirSync(folder, { recursive: true })
  const words = ["--data", place.data, "--adopt", data, "--guard", guard]
  const made = await countersign("signer", "init", ...words)
  if (made.code !== 0) throw new Error(made.stderr)
  return place
}

/** A log without entries and without keys, and the signer that has them, which is running. */
export async function newSignedLog(): Promise<SignedLog & { readonly running: SignerProcess }> {
  const signer = await newSigner("log.example.com")
  const running = await signer.serve()
  const folder = newFolder()
  const data = join(folder, "data")
  const guard = join(folder, "guard", "head")
  const directory = dataDirectory(data, guard, { signer: signer.uri })
  const { origin, vkeys } = await createLogFiles(directory, {
    origin: parseOrigin("log.example.com"),
    time: Date.now(),
  })
  return {
    ...{ folder, data, database: directory.database, guard, signer, running, vkeys },
    trust: { vkeys, origin },
    options: { words: ["--guard", guard, "--signer", signer.uri] },
  }
}
