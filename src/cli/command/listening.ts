// Letting the servers of a process listen, and waiting until the process is told to stop.
import type { Server } from "node:http"
import type { AddressInfo } from "node:net"
import type { Logger } from "pino"
import { bug, Trouble } from "../../core/base/errors.ts"
import type { MetricsText } from "../../http/serving/metrics-text.ts"
import { createAdminServer } from "../../http/serving/metrics-text.ts"
import { EXIT_FAILURE } from "./exit-code.ts"
import type { Address } from "./options.ts"

/** Resolves with the URL once the server listens; throws trouble ("network"). */
export async function listen(server: Server, { host, port }: Address): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) => {
      reject(
        new Trouble("network", `cannot listen on ${host}:${port}: ${cause.message}`, { cause }),
      )
    })
    server.listen(port, host, resolve)
  })
  const address = server.address() as AddressInfo | null
  return `http://${host}:${address?.port ?? bug("the server has no address")}`
}

export interface AdminListener {
  readonly server: Server
  readonly url: string
}

/** Lets the metrics be read at `address`; does nothing without one. */
export async function listenAdmin(
  address: Address | undefined,
  metrics: MetricsText,
): Promise<AdminListener | undefined> {
  if (address === undefined) return undefined
  const server = createAdminServer(metrics)
  return { server, url: await listen(server, address) }
}

/** The first signal asks for an orderly stop, the second one ends at once. */
export function untilStopped(logger: Logger): Promise<void> {
  return new Promise((resolve) => {
    let asked = false
    const stop = (signal: string): void => {
      if (asked) process.exit(EXIT_FAILURE)
      asked = true
      logger.info({ signal }, "stopping: finishing what was taken")
      resolve()
    }
    process.on("SIGTERM", stop)
    process.on("SIGINT", stop)
  })
}
