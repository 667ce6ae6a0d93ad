// Standard errors that a process cannot rely on: a pipe that is full and that nobody reads, and a file.
import { spawnSync } from "node:child_process"
import { closeSync, constants, openSync, writeSync } from "node:fs"
import { join } from "node:path"
import { onTestFinished } from "vitest"
import { newFolder } from "../../storage/folder.ts"

export interface StandardError {
  readonly path: string
  /** To be handed to the process. */
  readonly descriptor: number
}

function closedLater(descriptor: number): number {
  onTestFinished(() => closeSync(descriptor))
  return descriptor
}

export function fileForErrors(): StandardError {
  const path = join(newFolder(), "stderr")
  return { path, descriptor: closedLater(openSync(path, "a")) }
}

function fill(descriptor: number, piece: number): void {
  try {
    for (;;) writeSync(descriptor, "x".repeat(piece))
  } catch (reason) {
    if ((reason as NodeJS.ErrnoException).code !== "EAGAIN") throw reason
  }
}

/** A write to it blocks its thread for ever. */
export function fullPipe(): StandardError {
  const path = join(newFolder(), "pipe")
  spawnSync("mkfifo", [path])
  const { O_RDWR, O_NONBLOCK } = constants
  const held = closedLater(openSync(path, O_RDWR | O_NONBLOCK))
  for (const piece of [4_096, 1]) fill(held, piece)
  return { path, descriptor: closedLater(openSync(path, O_RDWR)) }
}
