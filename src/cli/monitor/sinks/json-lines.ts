// The sink `jsonl`: appends each alert as one line of JSON to a file and waits until it is on the disk. The
// file is opened anew for each alert, so that it may be rotated.
import { type FileHandle, open } from "node:fs/promises"
import { Trouble } from "../../../core/base/errors.ts"
import type { AlertSink } from "../../../monitor/alerts/alert.ts"
import { onDisk } from "../../command/file.ts"
import { alertJson } from "./alert-message.ts"

const OWNER_ONLY = 0o600
const LINE_FEED = 10

/** Whether the file ends in the middle of a line: a write was cut off by a full disk or a crash. */
async function isTorn(file: FileHandle): Promise<boolean> {
  const stat = await file.stat()
  if (!stat.isFile() || stat.size === 0) return false
  const last = new Uint8Array(1)
  await file.read(last, 0, 1, stat.size - 1)
  return last[0] !== LINE_FEED
}

async function append(path: string, line: string): Promise<void> {
  const file = await open(path, "a+", OWNER_ONLY)
  try {
    const bytes = Buffer.from(`${(await isTorn(file)) ? "\n" : ""}${line}\n`)
    const { bytesWritten } = await file.write(bytes)
    if (bytesWritten !== bytes.length) throw new Trouble("disk", "only a part was written")
    await file.sync()
  } finally {
    await file.close()
  }
}

type JsonLinesOptions = { readonly name: string; readonly path: string }

export function jsonLinesSink({ name, path }: JsonLinesOptions): AlertSink {
  const deliver: AlertSink["deliver"] = (alert) =>
    onDisk("alerts", path, append(path, alertJson(alert)))
  return { name, deliver }
}
