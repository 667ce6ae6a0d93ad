// The signers of `--signer`: `unix:PATH`, the socket of a process, or `exec:PROGRAM ARGS`, a program that is started.
import { refuse, shown } from "../../../core/base/errors.ts"
import {
  createProgramChannel,
  createSocketChannel,
  type SignerChannel,
} from "../../../crypto/signers/signer-channel.ts"
import { orEnvironment, parsed } from "../../command/options.ts"

/** The program of an `exec:` URI with its arguments, between blanks and without quoting; undefined for a socket. Refuses `malformed`. */
function programOf(uri: string): readonly string[] | undefined {
  if (!uri.startsWith("exec:")) return undefined
  const words = uri
    .slice("exec:".length)
    .split(" ")
    .filter((word) => word !== "")
  return words.length > 0 ? words : refuse("malformed", "signer: expected exec:PROGRAM, found none")
}

/** The URI itself if it is one; refuses `malformed`. */
function parseSignerUri(uri: string): string {
  if (programOf(uri) !== undefined || /^unix:\/./.test(uri)) return uri
  return refuse("malformed", `expected unix:/PATH or exec:PROGRAM, found ${shown(uri)}`)
}

/** Whether the URI names a program, which all threads of a process share. */
export function isProgram(uri: string): boolean {
  return programOf(uri) !== undefined
}

/** Nothing is connected or started before it is asked. Refuses `malformed`. */
export function openSignerChannel(uri: string): SignerChannel {
  const words = programOf(parseSignerUri(uri))
  return words === undefined
    ? createSocketChannel(uri.slice("unix:".length))
    : createProgramChannel(words)
}

/** `--signer` of a command that works for a log whose keys are in a process of their own. */
export function signerOption() {
  return orEnvironment(
    parsed(
      "--signer <uri>",
      "the process that has the keys: unix:/PATH or exec:PROGRAM",
      parseSignerUri,
    ),
  )
}
