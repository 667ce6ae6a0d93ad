// A witness of its own for a test, as files and as a process, and logs that are read over HTTP.
import { writeFileSync } from "node:fs"
import { createServer, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { join } from "node:path"
import { onTestFinished } from "vitest"
import {
  createWitnessFiles,
  openWitnessKeys,
  type WitnessDirectory,
  witnessDirectory,
} from "../../../src/cli/witness/directory.ts"
import { utf8 } from "../../../src/core/base/bytes.ts"
import { parseVkey } from "../../../src/core/note/note.ts"
import { parseOrigin } from "../../../src/core/note/origin.ts"
import { openWitnessStore } from "../../../src/storage/sqlite/witness/store.ts"
import { createWitness } from "../../../src/witness/witness.ts"
import type { TestLog } from "../../http/test-log.ts"
import { nodeHasher } from "../../reference.ts"
import { newFolder } from "../../storage/folder.ts"
import { type Ended, programCommand, type ServedLog, startServing } from "../process.ts"

export type ServedWitness = Omit<ServedLog, "client">

export interface ServeWitnessOptions {
  readonly words?: readonly string[]
  /** A program and its words that starts the witness and watches it. */
  readonly under?: readonly string[]
}

export interface NewWitness {
  /** Removed when the test is over; data, guard and policy lie in it. */
  readonly folder: string
  readonly directory: WitnessDirectory
  readonly vkeys: readonly string[]
  /** Writes the policy, and gives its path. */
  policy(text: string): string
  /** Lets it cosign a log in this process, and gives its lines. */
  cosign(log: TestLog, oldSize: number, size: number): Promise<string>
  /** Serves on a free port; rejects with all it wrote if it does not come to that. */
  serve(options?: ServeWitnessOptions): Promise<ServedWitness>
  /** How it ended, which must not come to listen. */
  serveInVain(options?: ServeWitnessOptions): Promise<Ended>
}

export interface NewWitnessOptions {
  readonly mlDsa?: boolean
}

/** Makes a witness without any memory, with its guard apart from its data. */
export async function newWitness(
  policy: string,
  { mlDsa = false }: NewWitnessOptions = {},
): Promise<NewWitness> {
  const folder = newFolder()
  const directory = witnessDirectory(join(folder, "data"), join(folder, "guard", "state"))
  const name = parseOrigin("witness.example")
  const made = { name, mlDsa, passphrase: undefined, time: Date.now() }
  const vkeys = await createWitnessFiles(directory, made)
  const file = join(folder, "logs.policy")
  const write = (text: string): string => {
    writeFileSync(file, text)
    return file
  }
  write(policy)

  function start({ words = [], under = [] }: ServeWitnessOptions = {}) {
    const { path, guard } = directory
    const files = ["--data", path, "--guard", guard, "--logs", file]
    const own = [...programCommand, "witness", "serve", ...files, "--listen", "127.0.0.1:0"]
    return startServing([...under, ...own, ...words])
  }

  return {
    folder,
    directory,
    vkeys,
    policy: write,
    async cosign(log, oldSize, size) {
      const store = await openWitnessStore(directory)
      const keys = await openWitnessKeys(directory, store.identity, undefined)
      const origin = parseOrigin(log.origin)
      const witness = await createWitness({
        store,
        logs: [{ origin, vkeys: [parseVkey(log.vkey)] }],
        cosigners: keys.cosigners,
        hasher: nodeHasher,
        now: () => Math.floor(Date.now() / 1000),
        defer: setImmediate,
      })
      try {
        return (await witness.addCheckpoint(utf8(log.request(oldSize, size)))).lines
      } finally {
        await keys.close()
        await store.close()
      }
    },
    async serve(options) {
      const served = await start(options)
      if ("client" in served) return served
      throw new Error(`the witness ended with ${served.code ?? served.signal}:\n${served.stderr}`)
    },
    async serveInVain(options) {
      const served = await start(options)
      if (!("client" in served)) return served
      throw new Error("the witness listens, which it should have refused")
    },
  }
}

/** Where a log's checkpoint can be read, or not. */
export interface CheckpointServer {
  readonly url: string
  /** What `GET /checkpoint` answers; undefined for 404, `down` for a connection that is cut. */
  shown: string | undefined
  /** How often it was asked. */
  readonly asked: () => number
}

export const DOWN = "down"

/** Serves a checkpoint at `/checkpoint` until the test is over. */
export async function serveCheckpoint(shown: string | undefined): Promise<CheckpointServer> {
  let asked = 0
  const server: Server = createServer((request, response) => {
    asked += 1
    if (checkpoint.shown === DOWN) return void request.socket.destroy()
    response.statusCode = checkpoint.shown === undefined ? 404 : 200
    response.end(checkpoint.shown)
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  const checkpoint: CheckpointServer = {
    url: `http://127.0.0.1:${port}`,
    shown,
    asked: () => asked,
  }
  return checkpoint
}
