// Files with secrets, keys and passphrases: read only if nobody but their owner and root can read them, and looked
// at through the same descriptor that they are read through. Nothing of their contents ever stands in a message.
import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from "node:fs"
import { dirname, resolve } from "node:path"
import { refuse, Trouble } from "../../core/base/errors.ts"

const PLAIN = /^[A-Za-z0-9_@%+=:,./-]+$/
const ROOT = 0

function quoted(path: string): string {
  return PLAIN.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`
}

/** systemd shows a file to one user by an access list, whose mask then stands where the group's bits are. */
function isCredential(path: string, { uid, gid }: Stats): boolean {
  const folder = process.env["CREDENTIALS_DIRECTORY"]
  return folder !== undefined && dirname(path) === resolve(folder) && uid === ROOT && gid === ROOT
}

function assertPrivate(path: string, found: Stats): void {
  // A terminal, which others may write to.
  if (found.isCharacterDevice()) return
  const own = process.getuid?.()
  if (own !== undefined && found.uid !== own && found.uid !== ROOT) {
    const belongs = `belongs to the user ${found.uid}, who can read and change it`
    refuse("untrusted", `${path} ${belongs}; run: chown ${own} ${quoted(path)}`)
  }
  const others = isCredential(path, found) ? 0o037 : 0o077
  if ((found.mode & others) === 0) return
  refuse("untrusted", `${path} can be read by others; run: chmod 600 ${quoted(path)}`)
}

/** Up to `most` bytes, or one more. */
function drain(descriptor: number, most: number): Buffer {
  const buffer = Buffer.alloc(most + 1)
  let length = 0
  while (length < buffer.length) {
    const count = readSync(descriptor, buffer, length, buffer.length - length, null)
    if (count === 0) break
    length += count
  }
  return buffer.subarray(0, length)
}

/**
 * The text of a secret of up to `longest` bytes. Refuses `not-found`, `untrusted` if others can read it, and
 * `too-large`; throws trouble ("disk"). `what` names it in messages.
 */
export function readSecretFile(file: string, what: string, longest: number): string {
  const path = resolve(file)
  let descriptor: number | undefined
  try {
    descriptor = openSync(path, constants.O_RDONLY)
    assertPrivate(path, fstatSync(descriptor))
    const bytes = drain(descriptor, longest)
    if (bytes.length <= longest) return bytes.toString("utf8")
  } catch (cause) {
    if (!(cause instanceof Error && "syscall" in cause)) throw cause
    const isMissing = "code" in cause && cause.code === "ENOENT"
    if (isMissing) refuse("not-found", `expected a ${what} in ${file}, found no such file`)
    throw new Trouble("disk", `${what} ${file}: ${cause.message}`, { cause })
  } finally {
    if (descriptor !== undefined) closeSync(descriptor)
  }
  return refuse("too-large", `${what} ${file}: expected up to ${longest} bytes, found more`)
}
