// A Unix socket that a server listens at, as a file: its name is taken in one step, over that of a process that is
// gone and never over anything else, and is given up when the server stops. Who may connect is up to its mode, which
// it has from the first moment.
import { randomBytes } from "node:crypto"
import { type BigIntStats, chmodSync, lstatSync, renameSync, rmSync, statSync } from "node:fs"
import { connect, type Server } from "node:net"
import { dirname, join } from "node:path"
import { Refusal, refuse, Trouble } from "../../core/base/errors.ts"
import { onDisk, systemCode } from "../../storage/disk/durable-file.ts"

/**
 * Bytes. Systems take 104 or 108 with the zero at the end and would cut off what is longer; the draft of a name in the
 * same folder may have six more.
 */
const LONGEST_PATH = 97
const PROBE_MS = 2_000

function assertPath(path: string): void {
  const length = Buffer.byteLength(path)
  if (length > LONGEST_PATH) {
    refuse(
      "too-large",
      `unix:${path}: expected a path of up to ${LONGEST_PATH} bytes, because systems take no longer ones for ` +
        `sockets, found ${length}; choose a shorter folder, such as one below /run`,
    )
  }
  const folder = dirname(path)
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) {
    refuse(
      "not-found",
      `unix:${path}: expected the folder ${folder}, found none; make it for the user that the server runs as ` +
        "(RuntimeDirectory= in a systemd unit)",
    )
  }
}

/** Whether anyone listens; throws the system's error if that cannot be told. */
function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const probe = connect({ path, timeout: PROBE_MS })
    const end = (settle: () => void) => () => {
      probe.destroy()
      settle()
    }
    probe.once(
      "connect",
      end(() => resolve(true)),
    )
    // Who listens and is slow to answer is there all the same.
    probe.once(
      "timeout",
      end(() => resolve(true)),
    )
    probe.once("error", (error) => {
      const code = systemCode(error)
      if (code === "ECONNREFUSED" || code === "ENOENT") resolve(false)
      else if (code === "EAGAIN") resolve(true)
      else reject(error)
    })
  })
}

/** Refuses `conflict` for a path that is not free. */
async function assertFree(path: string): Promise<void> {
  const found = onDisk(path, () => lstatSync(path, { throwIfNoEntry: false }))
  if (found === undefined) return
  if (!found.isSocket()) {
    refuse("conflict", `unix:${path}: expected no file or an old socket there, found another file`)
  }
  if (await isAnswered(path)) {
    refuse("conflict", `unix:${path}: another process listens there; stop that one first`)
  }
}

/** Binds under a name that nobody knows, so that nobody connects before the socket has its mode. */
function bind(server: Server, path: string, backlog: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject)
    // The system gives the file its mode as it binds, which `listen` does before it returns.
    const before = process.umask(0o177)
    try {
      server.listen({ path, backlog }, () => {
        server.removeListener("error", reject)
        resolve()
      })
    } finally {
      process.umask(before)
    }
  })
}

const isSame = (one: BigIntStats, other: BigIntStats | undefined): boolean =>
  one.dev === other?.dev && one.ino === other.ino && one.ctimeNs === other.ctimeNs

const lookAt = (path: string) => lstatSync(path, { bigint: true, throwIfNoEntry: false })

/**
 * Lets `server` listen at `path` with this mode; the file goes once the server is closed, unless it is another one by
 * then. Refuses `conflict` where somebody listens or what lies there is no socket, `not-found` without the folder,
 * `too-large` for a path that no socket can have; throws trouble.
 */
export async function listenAtPath(
  server: Server,
  { path, mode, backlog }: { path: string; mode: number; backlog: number },
): Promise<void> {
  assertPath(path)
  const draft = join(dirname(path), `.${randomBytes(3).toString("hex")}`)
  try {
    await assertFree(path)
    await bind(server, draft, backlog)
    chmodSync(draft, mode)
    renameSync(draft, path)
  } catch (cause) {
    server.close()
    if (cause instanceof Refusal || cause instanceof Trouble) throw cause
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new Trouble("network", `cannot listen at unix:${path}: ${reason}`, { cause })
  }
  const own = lookAt(path)
  server.once("close", () => {
    if (own !== undefined && isSame(own, lookAt(path))) rmSync(path, { force: true })
  })
}
