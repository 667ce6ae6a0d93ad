// The TLS of a server that speaks it itself: what it starts with, and following its files while it runs. New
// connections get a new pair, those that are open go on. A pair that does not do is told and not taken.
import { hash } from "node:crypto"
import { stat } from "node:fs/promises"
import { type TlsOptions, Server as TlsServer } from "node:tls"
import { isDeepStrictEqual } from "node:util"
import type { Logger } from "pino"
import { auditFile, recordAct } from "../../storage/files/audit-file.ts"
import { type TlsOptionValues, tlsFilesOf } from "./tls-options.ts"
import type { TlsFiles, TlsPair } from "./tls-pair.ts"

export interface ServedTls {
  /** What the server is made with. */
  readonly options: TlsOptions
  /** When the certificate that is shown ends, in Unix seconds. */
  readonly expiry: () => number
  /** Follows the files for `server`, and reads them at once on SIGHUP, until it is closed. */
  follow(server: object): void
  close(): void
}

interface Surroundings {
  readonly passphrase: string | undefined
  readonly logger: Pick<Logger, "info" | "warn" | "error">
  /** Unix milliseconds. */
  readonly now?: () => number
  /** The data directory in whose audit log it is written that another pair is taken. */
  readonly data: string
  /** Milliseconds between two looks at the files. */
  readonly interval?: number
}

const DAY = 86_400_000
const SOON = 7 * DAY
/** A new pair is in force after two looks: the first may come between the writing of its two files. */
const INTERVAL = 2_000

function remarkTimes(
  { begins, ends, names }: TlsPair,
  now: number,
  { logger }: Surroundings,
): void {
  const certificate = { names, ends: new Date(ends).toISOString() }
  if (now >= ends)
    logger.error(certificate, "the TLS certificate has expired: clients refuse it; renew it")
  else if (now < begins)
    logger.error(certificate, "the TLS certificate is not valid yet: clients refuse it")
  else if (ends - now < SOON)
    logger.warn(certificate, "the TLS certificate ends in less than 7 days; renew it")
}

/** What tells one content of the files from another, without reading them; symbolic links are followed. */
async function stampOf(files: readonly string[]): Promise<string> {
  const stamps = files.map(async (file) => {
    try {
      const { dev, ino, size, mtimeNs, ctimeNs } = await stat(file, { bigint: true })
      return [dev, ino, size, mtimeNs, ctimeNs].join(":")
    } catch {
      return "none"
    }
  })
  return (await Promise.all(stamps)).join(" ")
}

/**
 * Undefined if the options name no certificate. Refuses as {@link tlsFilesOf} and {@link readTlsPair} do; throws
 * trouble ("disk").
 */
export async function openTls(
  values: TlsOptionValues,
  surroundings: Surroundings,
): Promise<ServedTls | undefined> {
  const files = tlsFilesOf(values)
  return files && (await openFiles(files, surroundings))
}

async function openFiles(files: TlsFiles, surroundings: Surroundings): Promise<ServedTls> {
  const { passphrase, logger, data } = surroundings
  const { now = Date.now, interval = INTERVAL } = surroundings
  // Only who speaks TLS pays for the code that reads its files.
  const { readTlsPair } = await import("./tls-pair.ts")
  const watched = [
    files.certificate,
    files.key,
    ...(files.clientCa === undefined ? [] : [files.clientCa]),
  ]
  // Before they are read: what changes meanwhile is read again.
  let taken = await stampOf(watched)
  let seen = taken
  let pair = await readTlsPair(files, passphrase)
  remarkTimes(pair, now(), surroundings)

  function recordChange(before: TlsPair, { options, fingerprint, names, ends }: TlsPair): void {
    if (isDeepStrictEqual(before.options, options)) return
    const authorities = hash("sha256", String(options.ca ?? ""), "hex")
    const about = { fingerprint, names, ends: new Date(ends).toISOString(), authorities }
    try {
      recordAct(auditFile(data), { event: "certificate-changed", about })
    } catch (err) {
      // As at a start: a full disk must not let a certificate expire in front of everyone.
      logger.error({ err, event: "certificate-changed" }, "the audit log does not have this act")
    }
  }

  async function load(server: TlsServer): Promise<void> {
    const found = await readTlsPair(files, passphrase)
    const { fingerprint, names, ends } = found
    const certificate = { fingerprint, names, ends: new Date(ends).toISOString() }
    if (ends <= now() && pair.ends > now()) {
      logger.error(
        certificate,
        "the new TLS certificate has expired; the one before stays in force",
      )
      return
    }
    recordChange(pair, found)
    server.setSecureContext(found.options)
    pair = found
    logger.info(certificate, "TLS pair loaded: new connections get it")
    remarkTimes(found, now(), surroundings)
  }

  async function reload(server: TlsServer, stamp: string): Promise<void> {
    taken = stamp
    seen = stamp
    try {
      await load(server)
    } catch (err) {
      logger.error({ err }, "the new TLS pair does not do; the one before stays in force")
    }
  }

  async function look(server: TlsServer): Promise<void> {
    const stamp = await stampOf(watched)
    if (stamp !== taken && stamp === seen) await reload(server, stamp)
    seen = stamp
  }

  // One look at a time, also where a disk is slow.
  let last = Promise.resolve()
  const queue = (work: () => Promise<void>): void => {
    last = last.then(work)
  }
  const closers: (() => void)[] = []

  return {
    options: pair.options,
    expiry: () => Math.floor(pair.ends / 1000),
    follow(server) {
      if (!(server instanceof TlsServer)) return
      const hangUp = (): void => queue(async () => reload(server, await stampOf(watched)))
      const timer = setInterval(() => queue(() => look(server)), interval)
      timer.unref()
      process.on("SIGHUP", hangUp)
      closers.push(
        () => clearInterval(timer),
        () => void process.removeListener("SIGHUP", hangUp),
      )
    },
    close() {
      for (const close of closers.splice(0)) close()
    },
  }
}
