// The address at which clients reach a server, where a reverse proxy stands in front of it: the proxy takes the
// address's path away, and what the server says of its own places must have it.
import { refuse, shown } from "../../core/base/errors.ts"

/**
 * What stands before the paths of a server that is reached at this URL: nothing, or `/PATH` without a final slash.
 * Refuses `malformed` for what is no URL.
 */
export function publicPrefix(publicUrl: string | undefined): string {
  if (publicUrl === undefined) return ""
  if (URL.canParse(publicUrl)) return new URL(publicUrl).pathname.replace(/\/+$/, "")
  return refuse(
    "malformed",
    `public URL: expected http(s)://HOST[:PORT][/PATH], found ${shown(publicUrl)}`,
  )
}
