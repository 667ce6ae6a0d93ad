// A server of the built program whose wall clock is set while it runs (libfaketime); its steady clocks go on as ever. It
// is started again at the same address.
import { type ChildProcess, spawn } from "node:child_process"
import { existsSync, readdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"

const START_LIMIT_MS = 60_000
const END_LIMIT_MS = 20_000

/** Where Debian's package `faketime` has it; throws an error with a message for people where it is missing. */
export function findLibrary(): string {
  const found = (existsSync("/usr/lib") ? readdirSync("/usr/lib") : [])
    .map((name) => join("/usr/lib", name, "faketime/libfaketimeMT.so.1"))
    .find((path) => existsSync(path))
  if (found !== undefined) return found
  throw new Error("the harness needs libfaketime (Debian: apt-get install faketime)")
}

export interface FakedServer {
  readonly url: string
  /** By how many seconds its wall clock is ahead of the true time now. */
  readonly offset: number
  set(seconds: number): void
  /** Resolves when it serves; rejects with what it wrote if it does not come to that. */
  start(): Promise<void>
  /** Resolves when it is gone; gives what was wrong with its end. */
  end(signal: "SIGTERM" | "SIGKILL"): Promise<string | undefined>
}

const living = new Set<ChildProcess>()
process.once("exit", () => {
  for (const child of living) child.kill("SIGKILL")
})

function untilServing(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ""
    const late = setTimeout(() => reject(new Error(`no server: ${text}`)), START_LIMIT_MS)
    child.stderr?.on("data", (chunk: Buffer) => {
      text = (text + chunk.toString()).slice(-20_000)
      const [, url] = /"url":"(http:[^"]+)".*"msg":"serving"/.exec(text) ?? []
      if (url === undefined) return
      clearTimeout(late)
      resolve(url)
    })
    child.once("exit", () => {
      clearTimeout(late)
      reject(new Error(`it ended: ${text}`))
    })
  })
}

/** `words` without the address; the first start finds a free one. */
export function fakedServer(
  program: string,
  words: readonly string[],
  clockFile: string,
): FakedServer {
  let child: ChildProcess | undefined
  let address = "127.0.0.1:0"
  let offset = 0

  function set(seconds: number): void {
    offset = seconds
    const text = `${seconds < 0 ? "-" : "+"}${Math.abs(seconds)}`
    // Always as long: it may be read while it is written.
    writeFileSync(clockFile, `${text.padEnd(16, "\n")}\n`)
  }

  set(0)
  const env = {
    ...process.env,
    LD_PRELOAD: findLibrary(),
    FAKETIME_TIMESTAMP_FILE: clockFile,
    FAKETIME_NO_CACHE: "1",
    FAKETIME_DONT_FAKE_MONOTONIC: "1",
  }
  return {
    get url() {
      return `http://${address}`
    },
    get offset() {
      return offset
    },
    set,
    async start() {
      const own = [join(program, "dist/cli/main.js"), ...words, "--listen", address]
      const started = spawn(process.execPath, own, { env, stdio: ["ignore", "ignore", "pipe"] })
      child = started
      living.add(started)
      started.once("exit", () => living.delete(started))
      address = new URL(await untilServing(started)).host
    },
    async end(signal) {
      const ending = child
      if (ending === undefined) return undefined
      if (ending.exitCode !== null) return `it had ended with ${ending.exitCode}`
      if (ending.signalCode !== null) return `it had ended by ${ending.signalCode}`
      const ended = new Promise<void>((resolve) => ending.once("exit", () => resolve()))
      ending.kill(signal)
      let isLate = false
      const late = setTimeout(() => {
        isLate = true
        ending.kill("SIGKILL")
      }, END_LIMIT_MS)
      await ended
      clearTimeout(late)
      return isLate ? "it did not end" : undefined
    },
  }
}
