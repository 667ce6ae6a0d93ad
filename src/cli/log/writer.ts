// The writer thread: the sequencer over SQLite, the guard file and what signs for the log. Started by
// writer-thread.ts as a worker; it is the only place that writes the database.

import { once } from "node:events"
import { setTimeout } from "node:timers/promises"
import { parentPort, workerData } from "node:worker_threads"
import { bug, Refusal, Trouble } from "../../core/base/errors.ts"
import { nativeHasher } from "../../crypto/tree-hasher.ts"
import { createPatientSigner } from "../../log/patient-signer.ts"
import { openSequencer, type Sequencer } from "../../log/sequencer.ts"
import { openGuardFile } from "../../storage/files/guard-file.ts"
import { openLogStore } from "../../storage/log-engine.ts"
import { endSoon } from "../serving/ending.ts"
import { openLogSigning } from "./data-directory.ts"
import { TRIES_AT_START } from "./signing/opening.ts"
import { createRelayedChannel } from "./signing/relayed-channel.ts"
import { toPlainError } from "./threads/plain-error.ts"
import {
  type FromWriter,
  type ToWriter,
  unpackBatch,
  type WriterFiles,
} from "./threads/writer-message.ts"

const port = parentPort ?? bug("the writer runs as a worker thread only")
const files = workerData as WriterFiles

function say(message: FromWriter): void {
  port.postMessage(message)
}

/** A log that serves waits for what signs; one that starts does not for long. */
let mostTries = TRIES_AT_START

/** Says whose log it is and waits for what others hold of it before anything is signed. */
async function open(): Promise<Sequencer> {
  const store = await openLogStore(files.database)
  const guard = await openGuardFile(files.guard)
  const channel = files.signerPort && createRelayedChannel(files.signerPort)
  const signing = await openLogSigning(files, store.identity, files, channel)
  const signer = createPatientSigner(signing.log, {
    wait: setTimeout,
    onAway: (reason) => say({ type: "away", reason }),
    mostTries: () => mostTries,
  })
  const asked = once(port, "message")
  say({ type: "identity", origin: signer.origin, vkeys: signer.vkeys })
  const [message] = (await asked) as [ToWriter]
  if (message.type !== "open") bug(`the writer was asked to ${message.type} before it was open`)
  const { held } = message
  return await openSequencer({ store, guard, signer, hasher: nativeHasher, now: Date.now, held })
}

/** After this nothing is written or signed any more, and the process ends, also if the main thread never hears of it. */
let inDoubt: unknown

function doubt(error: unknown): void {
  inDoubt = error
  endSoon()
}

/** A wrong clock is noticed before anything happens; all else leaves unknown what is on the disk. */
function leavesDoubt(error: unknown): boolean {
  if (error instanceof Refusal) return error.code !== "try-later"
  return !(error instanceof Trouble && error.code === "clock")
}

/** Never rejects: an error is an answer too, and the main thread decides what it means. */
async function answer(sequencer: Sequencer, message: ToWriter): Promise<void> {
  try {
    if (inDoubt !== undefined) throw inDoubt
    if (message.type === "append") {
      say({ type: "head", head: await sequencer.append(unpackBatch(message.batch)) })
      return
    }
    if (message.type === "attach") {
      say({ type: "attached", attached: await sequencer.attach(message.messages) })
      return
    }
    if (message.type === "open") bug("the writer is open")
    await sequencer.close()
    say({ type: "closed" })
    port.close()
  } catch (error) {
    if (leavesDoubt(error)) doubt(error)
    say({ type: "error", error: toPlainError(error) })
  }
}

async function run(): Promise<void> {
  process.on("uncaughtException", (error) => {
    doubt(error)
    say({ type: "error", error: toPlainError(error) })
  })
  try {
    const sequencer = await open()
    mostTries = Number.POSITIVE_INFINITY
    port.on("message", (message: ToWriter) => {
      void answer(sequencer, message)
    })
    say({ type: "head", head: sequencer.opened })
  } catch (error) {
    say({ type: "error", error: toPlainError(error) })
  }
}

void run()
