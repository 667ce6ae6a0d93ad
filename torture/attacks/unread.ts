// Row T1: answers that nobody reads. A server that prepares what nobody takes is full with few requests.
import { type Attack, getRequest, type Stand } from "../attack.ts"
import { CUT_OFF } from "../stand/wires.ts"

const HALF_SECOND = 500
const ALL = 1_500
const SOCKETS = 150

const place = (bundle: number): string => `/tile/entries/${String(bundle).padStart(3, "0")}`

/** Sends the same bytes on so many connections, and keeps those; opens others for those that are cut off. */
async function hold(stand: Stand, stop: AbortSignal, count: number, bytes: string): Promise<void> {
  const open = async () => {
    const wire = await stand.open().catch(() => undefined)
    wire?.write(bytes)
    return wire
  }
  let wires = await Promise.all(Array.from({ length: count }, open))
  while (!stop.aborted) {
    await stand.pause(HALF_SECOND)
    if (stop.aborted) return
    wires = await Promise.all(wires.map((wire) => (wire?.isOpen() ? wire : open())))
  }
}

/** Requests of many large bundles, one after the other and from the start again. */
function largeRequests({ filled }: Stand, count: number): string {
  return Array.from({ length: count }, (_, i) => getRequest(place(i % filled.largeBundles))).join(
    "",
  )
}

export const attacks: readonly Attack[] = [
  {
    name: "unread-bundles-20",
    row: "T1",
    target: "log",
    expected: [CUT_OFF, 200],
    run: (stand, stop) =>
      hold(stand, stop, 20, getRequest(place(stand.filled.ordinaryBundle)).repeat(ALL)),
  },
  {
    name: "unread-large-1",
    row: "T1",
    target: "log",
    expected: [CUT_OFF, 200],
    run: (stand, stop) => hold(stand, stop, 1, largeRequests(stand, ALL)),
  },
  {
    name: "unread-150",
    row: "T1",
    target: "log",
    expected: [CUT_OFF, 200],
    run: (stand, stop) => hold(stand, stop, SOCKETS, getRequest(place(0))),
  },
  {
    name: "unread-150-addresses",
    row: "T1",
    target: "log",
    expected: [CUT_OFF, 200],
    async run(stand, stop) {
      let opened = 0
      const open = () => stand.open({ from: `127.0.0.${2 + (opened++ % 200)}` })
      await hold({ ...stand, open }, stop, SOCKETS, largeRequests(stand, 20))
    },
  },
  ...(["log", "witness", "monitor"] as const).map(
    (target): Attack => ({
      name: `unread-script-${target}`,
      row: "T1",
      target,
      expected: [CUT_OFF, 200],
      run: (stand, stop) => hold(stand, stop, 20, getRequest("/docs/redoc.js").repeat(ALL)),
    }),
  ),
  ...(["witness", "monitor"] as const).map(
    (target): Attack => ({
      name: `unread-150-${target}`,
      row: "T1",
      target,
      expected: [CUT_OFF, 200],
      run: (stand, stop) => hold(stand, stop, SOCKETS, getRequest("/docs/redoc.js").repeat(20)),
    }),
  ),
]
