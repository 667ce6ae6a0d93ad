// The thread that reads large requests. Started by reading-thread.ts as a worker; lets all other threads go first.
import { parentPort, workerData } from "node:worker_threads"
import { bug } from "../../../core/base/errors.ts"
import { letOthersGoFirst } from "../../../crypto/engines/patience.ts"
import { createLargeReader, type LargeReaderOptions } from "../../../http/log/large-reader.ts"
import { createReadingDesk } from "./reading-desk.ts"
import type { ToReader } from "./reading-message.ts"

const port = parentPort ?? bug("the reading thread runs as a worker only")

letOthersGoFirst()
const answerTo = createReadingDesk(createLargeReader(workerData as LargeReaderOptions))

port.on("message", (asked: ToReader) => {
  const answer = answerTo(asked)
  if (answer !== undefined) port.postMessage(answer)
})
