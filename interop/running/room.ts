// A folder of its own for each check, with a fresh home: no client finds what another one has left, and
// none gets beyond this machine, for its proxy is a closed door (loopback addresses go past proxies).
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { type Ended, lastWords, runCommand } from "./process.ts"
import { projectPath } from "./project.ts"
import { openService, type Service, type ServiceOptions } from "./service.ts"

export interface Stoppable {
  stop(): Promise<void>
}

export interface Room {
  readonly folder: string
  readonly env: Readonly<Record<string, string>>
  path(name: string): string
  has(name: string): boolean
  /** Gives the path. */
  write(name: string, content: string | Uint8Array): string
  read(name: string): string
  readBytes(name: string): Buffer
  /** Runs a command that must succeed. */
  run(words: readonly string[], env?: Readonly<Record<string, string>>): Promise<Ended>
  /** Runs a command that must fail and say why. */
  refused(
    words: readonly string[],
    reason: RegExp,
    env?: Readonly<Record<string, string>>,
  ): Promise<void>
  /** Starts a server that runs in the room until it is left; `env` is added to the room's. */
  serve(options: RoomService): Promise<Service>
  /** Lets what runs be stopped when the room is left. */
  keep(running: Stoppable): void
  /** Stops whatever runs in it, the newest first. */
  leave(): Promise<void>
}

export type RoomService = Pick<ServiceOptions, "words" | "probe"> & Partial<Pick<Room, "env">>

/** Nothing listens on the port "discard". */
const CLOSED_DOOR = "http://127.0.0.1:9"

/** The environment of a client whose home is `home`. */
export function environment(home: string): Readonly<Record<string, string>> {
  return {
    PATH: process.env["PATH"] ?? "",
    HOME: home,
    LC_ALL: "C.UTF-8",
    COSIGN_PASSWORD: "",
    HTTP_PROXY: CLOSED_DOOR,
    HTTPS_PROXY: CLOSED_DOOR,
  }
}

const folders = new Set<string>()

/** A new folder below the checkout, where `npx countersign` finds the program. */
export function makeFolder(): string {
  const parent = projectPath("dist-interop")
  mkdirSync(parent, { recursive: true })
  const folder = mkdtempSync(join(parent, "run-"))
  folders.add(folder)
  return folder
}

/** Removes every folder that was made; for the end of the run. */
export function removeFolders(): void {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
}

/** A new room in `parent`. */
export function openRoom(parent: string): Room {
  const folder = mkdtempSync(join(parent, "room-"))
  const path = (name: string) => resolve(folder, name)
  mkdirSync(path("home"))
  const env = environment(path("home"))
  const ending = (words: readonly string[], more: Readonly<Record<string, string>> = {}) =>
    runCommand(words, { cwd: folder, env: { ...env, ...more } })
  const kept: Stoppable[] = []
  return {
    folder,
    env,
    path,
    write(name, content) {
      writeFileSync(path(name), content)
      return path(name)
    },
    has: (name) => existsSync(path(name)),
    read: (name) => readFileSync(path(name), "utf8"),
    readBytes: (name) => readFileSync(path(name)),
    async run(words, more) {
      const ended = await ending(words, more)
      if (ended.code === 0) return ended
      throw new Error(`${said(words)}: exit ${ended.code}: ${lastWords(ended)}`)
    },
    async refused(words, reason, more) {
      const ended = await ending(words, more)
      if (ended.code === 0) throw new Error(`${said(words)}: expected a refusal, found exit 0`)
      if (reason.test(ended.stdout + ended.stderr)) return
      throw new Error(`${said(words)}: expected ${reason} for a reason, found: ${lastWords(ended)}`)
    },
    async serve(options) {
      const all = { ...options, cwd: folder, env: { ...env, ...options.env } }
      const service = await openService(all)
      kept.push(service)
      await service.start()
      return service
    },
    keep: (running) => void kept.push(running),
    async leave() {
      for (const running of kept.splice(0).reverse()) await running.stop()
    },
  }
}

/** A command as the report names it: the program and its first words. */
function said(words: readonly string[]): string {
  const named = words.slice(0, 4).map((word) => word.slice(word.lastIndexOf("/") + 1))
  return named.join(" ")
}
