// What an attack is, and what it is given: a server of its own, and ways to send bytes that no honest client sends.

/** A connection that an attack holds. */
export interface Wire {
  /** Writes on, without waiting until anything is read. Does nothing once the connection is gone. */
  write(bytes: string | Uint8Array): void
  /** Bytes that came so far. */
  received(): number
  isOpen(): boolean
  close(): void
}

export interface WireOptions {
  /** Whether what comes is read; it is left unread by default. */
  readonly reads?: boolean
  /** Of the address that it comes from: 127.0.0.1 by default; any of 127.0.0.0/8. */
  readonly from?: string
}

/** A server in a process of its own, with what the attack needs to know of it. */
export interface Stand {
  readonly url: string
  /** The address of the server as the attacker sees it: of this machine, or as that of a stranger. */
  readonly host: string
  readonly port: number
  /** Counts an answer that did not come over a wire. */
  answered(status: number): void
  /** The attack is made and is sent from now on: it is measured. The first connection says so, too. */
  begin(): void
  /** Opens a connection; rejects if the server takes none. It is closed when the attack is over. */
  open(options?: WireOptions): Promise<Wire>
  /** Resolves after so many milliseconds, or when the attack is stopped. */
  pause(milliseconds: number): Promise<void>
  /** Of a log: what it was filled with. */
  readonly filled: Filled
  /** Verifier keys of the log that the server is, cosigns or follows. */
  readonly vkeys: readonly string[]
}

export interface Filled {
  /** Full bundles of the longest entries, 15 MB each, come first: bundles 0 up to but without this. */
  readonly largeBundles: number
  /** A full bundle of ordinary entries, 128 KB. */
  readonly ordinaryBundle: number
  /** The fingerprint of a key that every 64th ordinary entry has. */
  readonly key: string
}

export interface Attack {
  readonly name: string
  /** The fault that it is an attack of, for example T1. */
  readonly row: string
  readonly target: "log" | "witness" | "monitor"
  /**
   * Statuses (0: the connection was cut off) that a server gives which did what the attack is about, or refused it because it was too much: an attack
   * that has none of them has met nothing. Undefined where there is nothing to answer.
   */
  readonly expected?: readonly number[]
  /** Attacks until it is done or `stop` says so; the runner stops it after the seconds that it was told. */
  run(stand: Stand, stop: AbortSignal): Promise<void>
}

/** A request without a body as it goes over the wire. */
export function getRequest(path: string, headers = ""): string {
  return `GET ${path} HTTP/1.1\r\nhost: localhost\r\n${headers}\r\n`
}

/** A request with a body as it goes over the wire. */
export function postRequest(path: string, type: string, body: string): string {
  const length = Buffer.byteLength(body)
  return (
    `POST ${path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: ${type}\r\n` +
    `content-length: ${length}\r\n\r\n${body}`
  )
}
