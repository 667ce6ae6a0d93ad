// A log that lies: the real server over one or more real logs that share their keys and origin, so that
// each can show another tree, and fronts through which every client sees its own lies (front.ts).
import type { Server } from "node:http"
import type { AddressInfo } from "node:net"
import { utf8 } from "../../src/core/base/bytes.ts"
import { formatCheckpoint } from "../../src/core/note/checkpoint.ts"
import type { Head } from "../../src/core/tree/hash.ts"
import { openPemKey } from "../../src/crypto/keys/pem-key.ts"
import { createRekorSigner } from "../../src/crypto/signers/rekor-signer.ts"
import type { Proposal } from "../../src/entry/entry.ts"
import type { EntryRequest } from "../../src/entry/kinds/registry.ts"
import { proposeEntry } from "../../src/entry/kinds/request.ts"
import { createHttpServer } from "../../src/http/log/server.ts"
import type { Log } from "../../src/log/ports/log.ts"
import type { EntryPromise } from "../../src/log/ports/signer.ts"
import { type Disk, type LogPems, newDisk, openLogOn, startTime } from "../log/opened-log.ts"
import { createMemoryGuard, createMemoryStore } from "../storage/memory/log-store.ts"
import { type Front, openFront } from "./front.ts"

/** One of the trees that the log has: a real log behind a real server. */
export interface World {
  readonly name: string
  readonly log: Log
  readonly url: string
  /** The bodies of all entries, in order. */
  bodies(): Promise<Uint8Array[]>
  /** Appends a body without looking at it, as a log does that has lost its checks. */
  force(body: Uint8Array | string): Promise<number>
  /** Appends a submission as the real log takes it. */
  submit(request: EntryRequest): Promise<number>
}

export interface EvilLog {
  readonly origin: string
  /** The ECDSA vkey and the Ed25519 vkey, as the log's lines stand. */
  readonly vkeys: readonly string[]
  /** The private keys, as `DATA/keys` has them. */
  readonly keys: LogPems
  /** The tree that everybody sees who is told nothing else. */
  readonly honest: World
  /** Another tree that begins with the first `size` entries of `world`. */
  fork(world: World, size: number, name: string): Promise<World>
  /** Stops the honest tree's server, and opens another one on what it has stored. */
  restart(): Promise<World>
  /** A client's own way to the log; it sees the honest tree until told otherwise. */
  front(client: string): Promise<Front>
  /** Signs any head under the log's keys, true or not; `origin` may be another one. */
  sign(head: Head, origin?: string): Promise<string>
  /** Signs a head with extension lines below it. */
  signExtended(head: Head, ...lines: readonly string[]): Promise<string>
  /** Rekor v1's signed entry timestamp over anything, in base64. */
  promise(promise: EntryPromise): Promise<string>
  readonly logId: string
  /** The log's clock, in Unix milliseconds. */
  readonly clock: { time: number }
  close(): Promise<void>
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function forcedProposal(body: Uint8Array): Proposal {
  return {
    kind: "hashedrekord",
    version: "0.0.2",
    terms: [],
    keys: [],
    claims: [],
    body: () => body,
  }
}

/** A disk of its own under the same keys, as a copy of the machine would have it. */
function twin(disk: Disk): Disk {
  const { identity } = disk
  const empty = newDisk()
  return {
    ...disk,
    store: createMemoryStore(identity, { time: startTime }),
    guard: createMemoryGuard(identity, { ...EMPTY, time: startTime }),
    search: empty.search,
    clock: { ...empty.clock, time: disk.clock.time },
  }
}

const EMPTY = await newDisk().guard.read()

const BODIES_AT_ONCE = 4_096

interface OpenedWorld extends World {
  close(): Promise<void>
}

async function openWorld(name: string, disk: Disk): Promise<OpenedWorld> {
  const { log } = await openLogOn(disk, { attachmentBytes: 131_072, messageBytes: 131_072 })
  const rekorSigner = createRekorSigner(disk.identity, openPemKey(disk.keys.ecdsa))
  const http = createHttpServer({ log, rekorSigner })
  const url = await listen(http.server)
  return {
    name,
    log,
    url,
    async bodies() {
      const bodies: Uint8Array[] = []
      for (let at = 0; at < log.head().size; at += BODIES_AT_ONCE) {
        bodies.push(
          ...(await disk.store.bodies(at, Math.min(at + BODIES_AT_ONCE, log.head().size))),
        )
      }
      return bodies
    },
    async force(body) {
      const bytes = typeof body === "string" ? utf8(body) : body
      return (await log.add(forcedProposal(bytes))).index
    },
    async submit(request) {
      const { envelope } = request as { readonly envelope?: unknown }
      const attach =
        envelope === undefined
          ? undefined
          : () => ({
              mediaType: "application/vnd.dsse.envelope.v1+json",
              bytes: utf8(JSON.stringify(envelope)),
            })
      return (await log.add(proposeEntry(request), attach)).index
    },
    async close() {
      await http.close()
      await log.close()
    },
  }
}

/** Opens an evil log that has told no lie yet. */
export async function openEvilLog(): Promise<EvilLog> {
  const disk = newDisk()
  const closers: (() => Promise<void>)[] = []
  const honest = await openWorld("honest", disk)
  let current = honest
  const rekorSigner = createRekorSigner(disk.identity, openPemKey(disk.keys.ecdsa))
  return {
    origin: disk.identity.origin,
    vkeys: disk.signer.vkeys,
    keys: disk.keys,
    honest,
    logId: rekorSigner.logId,
    clock: disk.clock,
    async fork(world, size, name) {
      const other = await openWorld(name, twin(disk))
      closers.push(other.close)
      for (const body of (await world.bodies()).slice(0, size)) await other.force(body)
      return other
    },
    async restart() {
      await current.close()
      current = await openWorld("honest", disk)
      return current
    },
    async front(client) {
      const front = await openFront(client, honest)
      closers.push(front.close)
      return front
    },
    sign: (head, origin = disk.identity.origin) => disk.signer.sign(formatCheckpoint(origin, head)),
    signExtended(head, ...lines) {
      const extensions = lines.map((line) => `${line}\n`).join("")
      return disk.signer.sign(formatCheckpoint(disk.identity.origin, head) + extensions)
    },
    async promise(promise) {
      return Buffer.from(await rekorSigner.signEntry(promise)).toString("base64")
    },
    async close() {
      for (const close of closers.toReversed()) await close()
      await current.close()
    },
  }
}
