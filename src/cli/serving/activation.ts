// Sockets that systemd has opened for this process (socket activation, sd_listen_fds(3)): it says so in LISTEN_PID,
// LISTEN_FDS and LISTEN_FDNAMES. Such sockets are systemd's: nothing of them is removed at the end.
import { refuse } from "../../core/base/errors.ts"
import type { Environment } from "../network/environment.ts"

/** SPEC: the first descriptor behind standard input, output and error (SD_LISTEN_FDS_START). */
const FIRST = 3
const MOST = 64

interface Activation {
  readonly environment: Environment
  readonly pid: number
}

function namesOf({ environment, pid }: Activation): readonly string[] {
  const { LISTEN_PID, LISTEN_FDS = "", LISTEN_FDNAMES = "" } = environment
  const count = /^[0-9]{1,2}$/.test(LISTEN_FDS) ? Number(LISTEN_FDS) : 0
  // SPEC: they are for the process of this ID alone, and not for one that it has started.
  if (LISTEN_PID !== String(pid) || count === 0 || count > MOST) return []
  const names = LISTEN_FDNAMES.split(":")
  return Array.from({ length: count }, (_, at) => names[at] ?? "unknown")
}

/** The descriptor of the socket with this name, or of the first one. Refuses `not-found`. */
export function activatedDescriptor(
  name: string,
  activation: Activation = { environment: process.env, pid: process.pid },
): number {
  const names = namesOf(activation)
  const at = name === "" ? 0 : names.indexOf(name)
  if (names[at] !== undefined) return FIRST + at
  const found = names.length === 0 ? "none" : `those named ${names.join(", ")}`
  return refuse(
    "not-found",
    `expected a socket${name && ` named ${name}`} from systemd, found ${found}; start this by a .socket unit, or ` +
      "name an address to listen at",
  )
}
