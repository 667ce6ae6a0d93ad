// A served log that refusals are tried on: after every test it must hold what it held and still serve.
import { afterAll, afterEach, beforeAll, expect } from "vitest"
import { ask } from "../client.ts"
import { fill, openServedLog, type ServedLog } from "../served-log.ts"

/** Registers the hooks of the enclosing `describe`; the log of `size` entries is there in its tests. */
export function unchangedLog(size: number): Omit<ServedLog, "close"> {
  let served: ServedLog
  beforeAll(async () => {
    served = await openServedLog()
    await fill(served.log, size)
  })
  afterEach(async () => {
    expect(served.log.head().size).toBe(size)
    expect((await ask(served.port, "/readyz")).status).toBe(200)
  })
  afterAll(() => served.close())
  return {
    get log() {
      return served.log
    },
    get server() {
      return served.server
    },
    get port() {
      return served.port
    },
  }
}
