// What a server says at its start of the files that it lives by: who else can write them, and what it cannot see.
import { noFileLocks } from "../../storage/disk/file-lock.ts"
import { checkOwnFiles } from "../../storage/disk/own-files.ts"
import { auditFile } from "../../storage/files/audit-file.ts"
import { tokenFile } from "../../storage/files/token-file.ts"

interface Served {
  readonly data: string
  readonly databases: readonly string[]
  /** Guard or memory: what remembers what was signed. */
  readonly memory?: string | undefined
  readonly keys: readonly string[]
  readonly isTrial?: boolean | undefined
}

/** Gives each remark to `remark`; refuses and throws as `checkOwnFiles` does. To be called before anything is opened. */
export function lookAtOwnFiles(served: Served, remark: (text: string) => void): void {
  const { data, databases, memory, keys, isTrial } = served
  const files = databases.flatMap((path) => [path, `${path}-wal`, `${path}-shm`])
  const written = [...files, ...(memory === undefined ? [] : [memory]), auditFile(data)]
  const remarks = checkOwnFiles({ data, written, keys: [...keys, tokenFile(data)], isTrial })
  for (const text of remarks) remark(text)
  const why = noFileLocks()
  if (why === undefined) return
  remark(
    `files cannot be locked by what they are on this machine (${why}): a second process that has the same file under ` +
      "another name is not noticed",
  )
}
