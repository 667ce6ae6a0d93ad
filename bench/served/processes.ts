// The processes that the bench starts, and its folder: which cores they run on, what they cost, and that
// none of it outlives the bench. Costs and cores are read from Linux; elsewhere they are left out.
import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { availableParallelism } from "node:os"
import { join } from "node:path"
import { projectPath } from "./built.ts"

/** Which cores server and load generator have: one each, or two that they share. */
export type Split = "one core each" | "two cores shared"

const canPin =
  availableParallelism() >= 2 &&
  spawnSync("taskset", ["--version"], { stdio: "ignore" }).status === 0

/** How a split shows in the report: without taskset the system places everything. */
export function splitName(split: Split): string {
  return canPin ? split : "not pinned"
}

export type Role = "server" | "generator"

function coresOf(role: Role, split: Split): string {
  if (split === "two cores shared") return "0,1"
  return role === "server" ? "0" : "1"
}

/** Moves a running process with all its threads. */
export function pin(pid: number, role: Role, split: Split): void {
  if (!canPin) return
  spawnSync("taskset", ["-a", "-p", "-c", coresOf(role, split), String(pid)], { stdio: "ignore" })
}

const running = new Set<ChildProcess>()
const folders = new Set<string>()

/**
 * Starts Node with `args`. Standard error is piped, standard output is dropped; with `hasChannel` the two
 * processes can send each other messages.
 */
export function startNode(args: readonly string[], hasChannel: boolean): ChildProcess {
  const channel = hasChannel ? (["ipc"] as const) : []
  const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "pipe", ...channel] })
  running.add(child)
  child.once("exit", () => running.delete(child))
  return child
}

/** Asks a process to end and waits until it has; after ten seconds it is killed. */
export async function endProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()))
  child.kill("SIGTERM")
  const impatience = setTimeout(() => child.kill("SIGKILL"), 10_000)
  await ended
  clearTimeout(impatience)
}

/** A new folder on the disk of the project: the system's own may be in memory, where a sync is free. */
export function makeFolder(): string {
  const parent = projectPath("dist-bench")
  mkdirSync(parent, { recursive: true })
  const folder = mkdtempSync(join(parent, "run-"))
  folders.add(folder)
  return folder
}

function leaveNothing(): void {
  for (const child of running) child.kill("SIGKILL")
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
}

/** From now on every end of this process, also by a signal, takes its processes and folders along. */
export function cleanUpAtExit(): void {
  process.once("exit", leaveNothing)
  process.once("SIGINT", () => process.exit(130))
  process.once("SIGTERM", () => process.exit(143))
}

const TICK_US = 10_000

/** CPU time of a process so far, user and system, in microseconds; undefined where it is not told. */
export function cpuTime(pid: number): number | undefined {
  const stat = readProcFile(`${pid}/stat`)
  // The name of the program stands in parentheses and may hold anything; state follows it.
  const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ")
  return fields && (Number(fields[11]) + Number(fields[12])) * TICK_US
}

/** CPU time of the whole machine so far, in microseconds; undefined where it is not told. */
export function machineCpuTime(): number | undefined {
  const total = readProcFile("stat")?.split("\n", 1)[0]?.trim().split(/\s+/)
  // user, nice and system; idle and waiting come next, then interrupts.
  return total && [1, 2, 3, 6, 7].reduce((sum, i) => sum + Number(total[i]), 0) * TICK_US
}

export interface Memory {
  /** Resident bytes now. */
  readonly resident: number
  /** The most there ever were. */
  readonly peak: number
}

export function memoryOf(pid: number): Memory | undefined {
  const status = readProcFile(`${pid}/status`)
  if (status === undefined) return undefined
  const bytes = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+([0-9]+) kB$`, "m").exec(status)?.[1]) * 1024
  return { resident: bytes("VmRSS"), peak: bytes("VmHWM") }
}

function readProcFile(name: string): string | undefined {
  try {
    return readFileSync(`/proc/${name}`, "utf8")
  } catch {
    return undefined
  }
}
