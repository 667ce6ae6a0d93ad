// Calls of the C library that Node does not have, through koffi, which is loaded when the first of them is needed and
// not before. Leaves out Windows, whose C library is another one.
import { createRequire } from "node:module"
import { endianness } from "node:os"
import type koffiModule from "koffi"

type Koffi = typeof koffiModule

export interface CLibrary {
  /** flock(2): 0, or -1 and then {@link CLibrary.errno} says why. */
  flock(descriptor: number, operation: number): number
  /**
   * fcntl(2) with F_OFD_SETLK: a shared lock of an open file on these bytes, which no other lock of this process takes
   * the place of; 0, or -1. Only Linux has it.
   */
  shareBytes(descriptor: number, start: number, length: number): number
  /** The name of the last call's error, such as EINTR. */
  errno(): string
  /** _exit(2): ends the process with this code, and nothing that was to be done at its end is done. */
  exit(code: number): void
}

type VariadicCall = (descriptor: number, command: number, type: string, it: Uint8Array) => number

/** Of Linux, on every processor that has 64 bits. */
const F_OFD_SETLK = 37
const F_RDLCK = 0
const LOCK_BYTES = 32

/** A struct flock of Linux with 64 bits; what is not set is 0: counted from the start of the file, of no process. */
function sharedRange(start: number, length: number): Uint8Array {
  const bytes = new Uint8Array(LOCK_BYTES)
  const view = new DataView(bytes.buffer)
  const isLittle = endianness() === "LE"
  view.setInt16(0, F_RDLCK, isLittle)
  view.setBigInt64(8, BigInt(start), isLittle)
  view.setBigInt64(16, BigInt(length), isLittle)
  return bytes
}

const requireHere = createRequire(import.meta.url)

function load(): CLibrary | string {
  try {
    const koffi = requireHere("koffi") as Koffi
    // The functions of this process: it does not matter whose C library it is, and how its file is called.
    const symbols = koffi.load(null)
    const flock = symbols.func("int flock(int, int)") as unknown as CLibrary["flock"]
    const exit = symbols.func("void _exit(int)") as unknown as CLibrary["exit"]
    const fcntl = symbols.func("int fcntl(int, int, ...)") as unknown as VariadicCall
    const codes = Object.entries(koffi.os.errno)
    function errno(): string {
      const code = koffi.errno()
      return codes.find(([, it]) => it === code)?.[0] ?? `error ${code}`
    }
    function shareBytes(descriptor: number, start: number, length: number): number {
      if (process.platform !== "linux") return -1
      return fcntl(descriptor, F_OFD_SETLK, "void *", sharedRange(start, length))
    }
    return { flock, shareBytes, errno, exit }
  } catch (reason) {
    const [first = ""] = String(reason instanceof Error ? reason.message : reason).split("\n")
    return first
  }
}

let loaded: CLibrary | string | undefined

/** The library, or why there is none here. */
export function cLibrary(): CLibrary | string {
  loaded ??= process.platform === "win32" ? "Windows has no such calls" : load()
  return loaded
}

/** Profilers write what they have seen when a process ends. */
const PROFILED = /--(?:cpu|heap)-prof|--prof/

function isProfiled(): boolean {
  const { NODE_OPTIONS = "", NODE_V8_COVERAGE } = process.env
  return NODE_V8_COVERAGE !== undefined || PROFILED.test([...process.execArgv, NODE_OPTIONS].join())
}

/**
 * Ends the process with this code if koffi is loaded in this thread, and does nothing otherwise. What koffi registers
 * to be done at the end of a process (atexit) flushes standard error, and waits for itself for ever if that fails.
 */
export function leaveKoffi(code: number): void {
  const isLoaded = Object.keys(requireHere.cache).some((path) => path.endsWith("koffi.node"))
  if (!isLoaded || isProfiled()) return
  const library = cLibrary()
  if (typeof library !== "string") library.exit(code)
}
