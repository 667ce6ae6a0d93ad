// Rows H4 and H8: as many requests and connections as an attacker can send, each cheap by itself: what is refused, what is
// read only to be refused, connections that come and go.
import { type Attack, getRequest, postRequest, type Stand } from "../attack.ts"

/** As many as may wait on one connection. */
const PIPELINED = 60
const SOCKETS = 16
const AT_ONCE = 100
const TARGETS = ["log", "witness", "monitor"] as const
/** Below what is read in a thread of its own. */
const MEDIUM = 30_000

/** Each connection sends a packet, and the next one once it was answered. */
async function flood(stand: Stand, stop: AbortSignal, packet: string): Promise<void> {
  async function send(): Promise<void> {
    const wire = await stand.open({ reads: true }).catch(() => undefined)
    while (wire?.isOpen() === true && !stop.aborted) {
      const before = wire.received()
      wire.write(packet)
      while (wire.isOpen() && wire.received() === before && !stop.aborted) await stand.pause(5)
    }
  }
  async function again(): Promise<void> {
    while (!stop.aborted) {
      await send()
      await stand.pause(20)
    }
  }
  await Promise.all(Array.from({ length: SOCKETS }, again))
}

/** Connections that ask once and go, or that say nothing. */
async function connect(stand: Stand, stop: AbortSignal, says: string): Promise<void> {
  async function again(): Promise<void> {
    while (!stop.aborted) {
      const wire = await stand.open({ reads: true }).catch(() => undefined)
      wire?.write(says)
      const isWaiting = () => says !== "" && wire?.isOpen() === true && wire.received() === 0
      for (let i = 0; i < 40 && isWaiting(); i++) await stand.pause(5)
      wire?.close()
      await stand.pause(1)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, again))
}

const refused = getRequest("/nothing/here?%zz").repeat(PIPELINED)
/** Many small values: the dearest JSON for its length. */
const medium = postRequest(
  "/v1/entries",
  "application/json",
  `{"kind":"dsse","envelope":[${"[0],".repeat(MEDIUM / 4)}0]}`,
)

const common = { row: "H4", expected: [400, 404, 422, 429, 503] } as const

export const attacks: readonly Attack[] = [
  ...TARGETS.flatMap((target): Attack[] => [
    {
      ...{ ...common, name: `flood-refused-${target}`, target },
      run: (stand, stop) => flood(stand, stop, refused),
    },
    {
      ...{ name: `flood-connections-${target}`, row: "H8", target, expected: [200] },
      run: (stand, stop) => connect(stand, stop, getRequest("/livez")),
    },
  ]),
  {
    ...{ ...common, name: "flood-medium", target: "log" },
    run: (stand, stop) => flood(stand, stop, medium.repeat(4)),
  },
  {
    ...{ name: "flood-silent", row: "H8", target: "log" },
    run: (stand, stop) => connect(stand, stop, ""),
  },
]
