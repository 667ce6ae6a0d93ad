// The section "Sigstore clients" of README.md: its commands, as they stand there, in one shell session.
// Only the addresses of log and registry and the folders are other ones.
import { readFileSync } from "node:fs"
import { delimiter, relative } from "node:path"
import type { FetchedClients } from "./packages/clients.ts"
import type { Check } from "./running/check.ts"
import { projectPath } from "./running/project.ts"
import type { Result } from "./running/report.ts"
import type { Room } from "./running/room.ts"
import { handTable } from "./running/table.ts"
import type { Stand } from "./stand/stand.ts"

const SECTION = "## Sigstore clients"
const FOLDER = "mkdir -p data/sigstore && cd data/sigstore"

/** The commands of the section; `markdown` is the whole document. */
export function sectionCommands(markdown: string): string {
  const start = markdown.indexOf(`\n${SECTION}\n`)
  if (start < 0) throw new Error(`expected a section "${SECTION}", found none`)
  const end = markdown.indexOf("\n## ", start + 1)
  const section = markdown.slice(start, end < 0 ? undefined : end)
  return [...section.matchAll(/^```sh\n([\s\S]+?)^```$/gm)].map(([, block]) => block).join("")
}

/** Replaces what must be there, so that a changed document is noticed. */
function replaced(text: string, old: string, by: string): string {
  if (text.includes(old)) return text.replaceAll(old, by)
  throw new Error(`the commands of the section: expected ${JSON.stringify(old)}, found none`)
}

/** The same commands for this log and registry, in the folder of the room. */
export function placed(commands: string, room: Room, stand: Stand, registry: string): string {
  const { port } = new URL(stand.log.url)
  const inRoom = replaced(commands, FOLDER, ":")
  const data = replaced(inRoom, "--data ..", `--data ${relative(room.folder, stand.log.data)}`)
  return replaced(replaced(data, "localhost:3000", `localhost:${port}`), "localhost:5000", registry)
}

async function runCommands(
  room: Room,
  stand: Stand,
  programs: readonly string[],
  registry: string,
) {
  const commands = sectionCommands(readFileSync(projectPath("README.md"), "utf8"))
  const script = room.write("commands.sh", placed(commands, room, stand, registry))
  const path = [...programs, room.env["PATH"]].join(delimiter)
  await room.run(["bash", "-ex", script], { PATH: path })
}

/** The folders of cosign 3 and rekor-cli, or why they are not there. */
function programsOf({ generations }: FetchedClients): readonly string[] | string {
  const newest = generations.at(-1)
  if (newest === undefined) return "there are no clients"
  const { cosign, rekor } = newest
  if ("lack" in cosign) return cosign.lack
  if ("lack" in rekor) return rekor.lack
  return [cosign.program(""), rekor.program("")]
}

/** Running the section. */
export function readmeChecks(clients: FetchedClients, stand: Stand): readonly Check[] {
  const operation = "the commands of its section on Sigstore's clients"
  const programs = programsOf(clients)
  const left = { operation, run: () => Promise.resolve() }
  if (typeof programs === "string") return [{ ...left, lack: programs }]
  const { registry } = stand
  if (registry === undefined) return [{ ...left, lack: "there is no container registry" }]
  return [{ operation, run: (room) => runCommands(room, stand, programs, registry.address) }]
}

/** Whether its table says what the results of a whole run say. */
export function tableCheck(results: () => readonly Result[]): Check {
  return {
    operation: "its table of what goes from hand to hand",
    run() {
      const table = handTable(results())
      const isThere = readFileSync(projectPath("README.md"), "utf8").includes(table)
      if (!isThere) throw new Error(`expected this table:\n${table}`)
      return Promise.resolve()
    },
  }
}
