// Who may write: each client at a log that takes entries only from writers with a token. What it writes with the token
// is verified without; without the token, and once it is revoked, the client is refused and nothing is logged.
import { reasonOf } from "../running/check.ts"
import { until } from "../running/patience.ts"
import type { Room } from "../running/room.ts"
import {
  type ClosedLog,
  type Door,
  filesWith,
  makeToken,
  openDoor,
  sizeOf,
} from "../stand/closed-log.ts"
import { countersign } from "../stand/served-log.ts"
import { type ApiVersion, expectSame, type Stand } from "../stand/stand.ts"

/** How one client adds one entry. */
export interface Writing {
  readonly version: ApiVersion
  /** Makes what is signed and the keys. */
  readonly prepare: (room: Room) => Promise<void>
  /** Signs what no entry is about yet; what comes of it is called `name`. Throws if it was refused. */
  readonly write: (room: Room, door: Door, name: string) => Promise<void>
  readonly verify: (room: Room, door: Door, name: string) => Promise<void>
}

/** As the clients of Rekor tell of the status that they got. */
const REFUSED = /\b401\b|unauthenticated/i

async function expectRefusal(log: ClosedLog, write: () => Promise<void>): Promise<void> {
  const before = await sizeOf(log)
  let reason: string | undefined
  try {
    await write()
  } catch (error) {
    reason = reasonOf(error)
  }
  if (reason === undefined) throw new Error("expected a refusal, found that it was logged")
  if (!REFUSED.test(reason)) throw new Error(`expected ${REFUSED} for a reason, found: ${reason}`)
  expectSame(await sizeOf(log), before, "size of the log after a refusal")
}

/** Takes the token back, and waits until the running log knows. */
async function revoke({ data, url }: ClosedLog, room: Room, name: string, token: string) {
  await room.run([...countersign, "token", "revoke", "--data", data, name])
  await until("a token that is not taken", async () => {
    const answer = await fetch(`${url}/w/${token}/checkpoint`)
    await answer.body?.cancel()
    return answer.status === 401
  })
}

/** The secret is in nothing that the log says or keeps, and neither is the token. */
function expectUntold(log: ClosedLog, token: string): void {
  const [, , secret = token] = token.split("_")
  for (const text of [token, secret]) {
    if (log.written().includes(text)) throw new Error("the log's output has the token's secret")
    expectSame(filesWith(log, text), [], "files of the log with the token's secret")
  }
}

let writers = 0

/** Tries all of it. */
export async function tryWriting({ closed }: Stand, room: Room, writing: Writing): Promise<void> {
  writers += 1
  const name = `writer-${writers}`
  const version = ["--api-version", String(writing.version)]
  const file = await makeToken(closed.data, room, name)
  const token = room.read(file).trim()
  const stranger = await openDoor(closed, room, "stranger", version)
  const writer = await openDoor(closed, room, "writer", [...version, "--signing-token-file", file])
  await writing.prepare(room)
  await expectRefusal(closed, () => writing.write(room, stranger, "refused"))
  const before = await sizeOf(closed)
  await writing.write(room, writer, "good")
  expectSame(await sizeOf(closed), before + 1, "size of the log")
  await writing.verify(room, stranger, "good")
  await revoke(closed, room, name, token)
  await expectRefusal(closed, () => writing.write(room, writer, "late"))
  await writing.verify(room, stranger, "good")
  expectUntold(closed, token)
}
