// The port to the messages that a monitor was given: the bytes that were signed, where an entry has only their hash.
// A message proves itself by that hash, so it does not matter who gave it. Kept under the digest that the entry states.

/** What examining entries asks. */
export interface MessageReads {
  /** Whether there is a message for entries with this digest, `algorithm:hex`. */
  has(digest: string): boolean
  /** All messages for this digest: of a payload's there may be one for each type. */
  find(digest: string): Promise<readonly Uint8Array[]>
}

/** How much is kept. */
export interface MessageUsage {
  readonly count: number
  readonly bytes: number
  readonly mostCount: number
  readonly mostBytes: number
  /** Whether there was no room for a message since the start. */
  readonly isFull: boolean
  /** Files in the spool folder that fit no entry that was read yet, or cannot be read. */
  readonly waiting: number
}

/** Every method may throw Trouble for the disk. */
export interface MessageStore extends MessageReads {
  /** Keeps a message durably; false if there is no room for it. */
  keep(digest: string, bytes: Uint8Array): Promise<boolean>
  usage(): MessageUsage
  /** The names of files in the spool folder, in order, up to a bound. */
  spooled(): Promise<readonly string[]>
  /** Undefined for what is gone, no file, or longer than any message. */
  readSpooled(name: string): Promise<Uint8Array | undefined>
  dropSpooled(name: string): Promise<void>
  /** Puts a message into the spool folder durably; refuses `try-later` if it is full. */
  spool(bytes: Uint8Array): Promise<void>
}
