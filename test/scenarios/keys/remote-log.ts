// A log whose keys are elsewhere: made and served by the real program, submitted to and verified as by anyone.
import { join } from "node:path"
import { expect } from "vitest"
import { lineOf, parseNote, parseVkey } from "../../../src/core/note/note.ts"
import { createNoteVerification } from "../../../src/crypto/engines/note-verification.ts"
import { newFolder } from "../../storage/folder.ts"
import { type Ended, programCommand, type ServedLog, start, startServing } from "../process.ts"

export interface KeyUris {
  readonly ecdsa: string
  readonly ed25519: string
}

export interface RemoteLog {
  readonly data: string
  readonly vkeys: readonly string[]
  serve(): Promise<ServedLog>
  serveInVain(): Promise<Ended>
}

const keyWords = ({ ecdsa, ed25519 }: KeyUris) => ["--ecdsa-key", ecdsa, "--ed25519-key", ed25519]

/** `countersign init` with keys that are elsewhere. */
export async function makeRemoteLog(
  keys: KeyUris,
  env: Readonly<Record<string, string>> = {},
): Promise<RemoteLog> {
  const data = join(newFolder(), "data")
  const words = ["--data", data, ...keyWords(keys)]
  const made = await start([...programCommand, "init", "--origin", "log.example", ...words], {
    env,
  }).ended
  if (made.code !== 0) throw new Error(`init ended with ${made.code}:\n${made.stderr}`)
  const vkeys = Array.from(made.stdout.matchAll(/^verifier key: (.*)$/gm), ([, vkey]) => vkey ?? "")
  const serving = () =>
    startServing([...programCommand, "serve", "--listen", "127.0.0.1:0", ...words], { env })
  return {
    data,
    vkeys,
    async serve() {
      const served = await serving()
      if ("client" in served) return served
      throw new Error(`the server ended with ${served.code}:\n${served.stderr}`)
    },
    async serveInVain() {
      const served = await serving()
      if (!("client" in served)) return served
      throw new Error("the server listens, which it should have refused")
    },
  }
}

/** The size of a checkpoint, once the line of each of these keys on it was verified. */
export async function verifiedSize(url: string, vkeys: readonly string[]): Promise<number> {
  const note = await (await fetch(`${url}/checkpoint`)).text()
  const holds = createNoteVerification()
  const { text, signatures } = parseNote(note)
  for (const vkey of vkeys.map(parseVkey)) {
    const line = lineOf(vkey, signatures)
    expect(line !== undefined && holds(vkey, text, line.signature)).toBe(true)
  }
  return Number(text.split("\n")[1])
}
