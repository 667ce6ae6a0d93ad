// A monitor's data directory, made by the command line: its state, its key, the policy that it pins and what its
// operators left in it; what it says, what its status is, and one more change are asked.
import { generateKeyPairSync } from "node:crypto"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { createAsking } from "./answers.ts"
import type { RottingProgram } from "./program.ts"

const KINDS = ["policy", "head", "finding", "evidence"] as const

/** Makes one that follows a log that nobody has seen. */
export async function makeMonitor(program: RottingProgram, folder: string): Promise<string> {
  const { publicKey } = generateKeyPairSync("ed25519")
  const raw = new Uint8Array(publicKey.export({ type: "spki", format: "der" }).subarray(-32))
  const vkey = program.makeVkey(program.parseOrigin("rot.example"), 1, raw)
  const policy = `${folder}.policy`
  writeFileSync(policy, `log ${program.formatVkey(vkey)}\nquorum none\n`)
  const words = ["--data", folder, "--policy", policy]
  for (const way of ["--expect-empty", "--accept-policy"]) {
    const { code, output } = await program.command("monitor", "init", ...words, way)
    if (code !== 0) throw new Error(`monitor init ${way}: ${output}`)
  }
  const directory = program.monitorDirectory(folder)
  await program.changeState(directory, (documents) => {
    for (let i = 0; i < 6; i++) {
      documents.put(program.textCollection("evidence"), `file ${i}`, `evidence ${i}\n`.repeat(40))
    }
  })
  program.leaveRescanRequest(directory, 3)
  program.leaveAcknowledgement(directory, "0123456789abcdef")
  return join(folder)
}

export async function askMonitorPlace(program: RottingProgram, folder: string, isChanged: boolean) {
  const { ask, answers } = createAsking()
  const directory = program.monitorDirectory(folder)
  await ask("audit", async () => {
    const { code, output } = await program.command("audit", "verify", "--data", folder)
    if (code !== 0) program.refuse("mismatch", output)
    // Its end is known only to who has noted the head.
    return code
  })
  await ask("start", () =>
    program.readState(directory, async (state) => {
      await ask("sequence", () => state.sequence)
      for (const kind of KINDS) {
        await ask(`documents ${kind}`, () => state.documents.list(program.textCollection(kind)))
      }
      return "started"
    }),
  )
  await ask("status", async () => {
    const { code, output } = await program.command("monitor", "status", "--data", folder, "--json")
    if (![0, 2].includes(code)) program.refuse("mismatch", output)
    return code
  })
  if (!isChanged) return answers
  // Requests are not signed: one that cannot be read is left out, and what was asked can be asked again.
  await ask("left", async () => {
    await program.takeAcknowledgements(directory, async () => {})
    await program.takeRescanRequest(directory, async () => {})
  })
  await ask("change", () =>
    program.changeState(directory, (documents) => {
      documents.put(program.textCollection("evidence"), "one more", "x\n")
    }),
  )
  return answers
}
