// What an administrator makes as root in the folder of a service belongs to the owner of that folder, or the service
// could not open it afterwards. Does nothing for whoever else makes a file: theirs it must stay.
import { chownSync, fchownSync, statSync } from "node:fs"
import { dirname } from "node:path"
import { onDisk } from "./durable-file.ts"

/** Gives a new file, at `path`, to the owner of its folder; by its descriptor unless no one has opened it here. */
export function giveToFolderOwner(path: string, descriptor?: number): void {
  if (process.geteuid?.() !== 0) return
  onDisk(path, () => {
    const { uid, gid } = statSync(dirname(path))
    if (descriptor === undefined) chownSync(path, uid, gid)
    else fchownSync(descriptor, uid, gid)
  })
}
