// A server of this floor as its process sees it: something that listens, and an orderly end.
import type { Server } from "node:http"

export interface HttpServer {
  /** Not listening yet. */
  readonly server: Server
  /**
   * Takes no more connections, finishes the requests that were begun, and resolves when the last
   * connection is closed. What is not finished after `drainTimeout` is cut off. The log stays open.
   */
  close(): Promise<void>
}
