// The writer thread: the sequencer over SQLite, the guard file and the log's keys. Started by
// writer-thread.ts as a worker; it is the only place that writes the database.

import { once } from "node:events"
import { setTimeout } from "node:timers/promises"
import { parentPort, workerData } from "node:worker_threads"
import { bug } from "../../core/base/errors.ts"
import { present } from "../../core/base/present.ts"
import { createLogSigner } from "../../crypto/signers/log-signer.ts"
import { nativeHasher } from "../../crypto/tree-hasher.ts"
import { createPatientSigner } from "../../log/patient-signer.ts"
import type { LogSigner } from "../../log/ports/signer.ts"
import { openSequencer, type Sequencer } from "../../log/sequencer.ts"
import { openGuardFile } from "../../storage/files/guard-file.ts"
import { openLogStore } from "../../storage/log-engine.ts"
import { openLogKeys } from "./data-directory.ts"
import { toPlainError } from "./threads/plain-error.ts"
import {
  type FromWriter,
  type ToWriter,
  unpackBatch,
  type WriterFiles,
} from "./threads/writer-message.ts"

const port = parentPort ?? bug("the writer runs as a worker thread only")
const files = workerData as WriterFiles

/** Between tries to get a signature from what holds the keys. */
const PAUSES_MS = [100, 250, 500, 1_000, 2_000]
const LONGEST_PAUSE_MS = 5_000

function say(message: FromWriter): void {
  port.postMessage(message)
}

/** Says whose log it is and waits for what others hold of it before anything is signed. */
async function open(): Promise<Sequencer> {
  const keys = await openLogKeys(files, files)
  const store = await openLogStore(files.database)
  const guard = await openGuardFile(files.guard)
  const signer = createLogSigner(store.identity.origin, keys)
  const asked = once(port, "message")
  say({ type: "identity", origin: signer.origin, vkeys: signer.vkeys })
  const [message] = (await asked) as [ToWriter]
  if (message.type !== "open") bug(`the writer was asked to ${message.type} before it was open`)
  const { held } = message
  const own = { store, guard, hasher: nativeHasher, now: Date.now, held }
  return await openSequencer({ ...own, signer: onceOpen(signer) })
}

/** The first signature must come at once, or there is no start; the later ones may take their time. */
function onceOpen(signer: LogSigner): LogSigner {
  const patient = createPatientSigner(signer, {
    pause: (tries) => setTimeout(PAUSES_MS[tries - 1] ?? LONGEST_PAUSE_MS),
    onSigning: (trouble) => say({ type: "signing", ...present({ trouble }) }),
  })
  let isOpen = false
  return {
    ...signer,
    async sign(text, prove) {
      const note = await (isOpen ? patient : signer).sign(text, prove)
      isOpen = true
      return note
    },
  }
}

/** Never rejects: an error is an answer too, and the main thread decides what it means. */
async function answer(sequencer: Sequencer, message: ToWriter): Promise<void> {
  try {
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
    say({ type: "error", error: toPlainError(error) })
  }
}

async function run(): Promise<void> {
  try {
    const sequencer = await open()
    port.on("message", (message: ToWriter) => {
      void answer(sequencer, message)
    })
    say({ type: "head", head: sequencer.opened })
  } catch (error) {
    say({ type: "error", error: toPlainError(error) })
  }
}

void run()
