// Checks: what one client is to do, run one after the other, each in a room of its own.
import { EVERYTHING, type Report, type Result } from "./report.ts"
import { openRoom, type Room } from "./room.ts"

export interface Check {
  readonly operation: string
  /** Throws an error whose message is the reason. */
  readonly run: (room: Room) => Promise<void>
  /** Why it cannot run. */
  readonly lack?: string
}

/** A client with what it is to do. */
export interface Client {
  /** Name and version. */
  readonly name: string
  readonly checks: readonly Check[]
}

export interface Runner {
  /** Appends the results of all checks of one client. */
  run(client: Client): Promise<void>
  /** Notes that a client cannot be had. */
  skip(name: string, reason: string): void
  /** Notes something that people must not overlook. */
  remark(text: string): void
  report(): Report
}

/** The message of an error and of what caused it. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause === undefined ? error.message : `${error.message}: ${reasonOf(error.cause)}`
}

async function outcomeOf(check: Check, parent: string): Promise<Omit<Result, "client">> {
  const { operation, lack } = check
  if (lack !== undefined) return { operation, outcome: "skip", reason: lack, seconds: 0 }
  const start = performance.now()
  const seconds = () => (performance.now() - start) / 1000
  const room = openRoom(parent)
  try {
    await check.run(room)
    return { operation, outcome: "pass", seconds: seconds() }
  } catch (error) {
    return { operation, outcome: "FAIL", reason: reasonOf(error), seconds: seconds() }
  } finally {
    await room.leave()
  }
}

/** Runs checks in rooms below `folder` and tells `announce` of each result. */
export function createRunner(folder: string, announce: (result: Result) => void): Runner {
  const results: Result[] = []
  const remarks: string[] = []
  function add(result: Result): void {
    results.push(result)
    announce(result)
  }
  return {
    async run({ name, checks }) {
      for (const check of checks) add({ client: name, ...(await outcomeOf(check, folder)) })
    },
    skip: (client, reason) =>
      add({ client, operation: EVERYTHING, outcome: "skip", reason, seconds: 0 }),
    remark: (text) => remarks.push(text),
    report: () => ({ results, remarks }),
  }
}
