// `countersign watch add`: adds to a watch file what is to be watched. The file is read before and after, and replaced
// at once; nothing of it is lost, comments included.
import { chmodSync, existsSync, realpathSync, statSync } from "node:fs"
import { refuse, shown } from "../../core/base/errors.ts"
import { LONGEST_WATCH } from "../../core/base/limits.ts"
import type { Watch } from "../../monitor/watch/watch.ts"
import { onDisk, syncNameOf } from "../../storage/disk/durable-file.ts"
import { readText, writeWhole } from "../command/file.ts"
import { credentialOptions, openLogClient } from "../command/log-options.ts"
import { networkOptions } from "../command/network.ts"
import {
  type Called,
  defineCommand,
  jsonOption,
  optional,
  type ValuesOf,
} from "../command/options.ts"
import { addToSubject } from "./edit.ts"
import { readWatchText } from "./files.ts"
import {
  type AddedSource,
  bundleSource,
  fileSource,
  imageSource,
  keyOf,
  logSource,
} from "./sources.ts"

const addOptions = [
  optional("--image <reference>", "an image: REPOSITORY@sha256:HEX"),
  optional("--file <path>", "a file, by its three digests"),
  optional("--bundle <file>", "what a Sigstore bundle is about, and who signed it"),
  optional(
    "--from-log <key>",
    "what a key (sha256:HEX, or its file) has signed, by the word of --log",
  ),
  optional("--log <url>", "base URL of the log that --from-log asks"),
  optional("--subject <name>", "the subject that is added to (default: a name that follows)"),
  optional("--signer-key <file>", "public key or certificate of whoever is to sign it"),
  jsonOption(),
  ...credentialOptions,
  ...networkOptions,
] as const

type AddOptions = ValuesOf<typeof addOptions>

const USAGE = "error: give one of --image, --file, --bundle or --from-log with --log"

async function readSource(options: AddOptions, called: Called): Promise<AddedSource> {
  const { image, file, bundle, fromLog, log } = options
  const given = [image, file, bundle, fromLog].filter((each) => each !== undefined)
  if (given.length !== 1 || (fromLog === undefined) !== (log === undefined)) {
    return called.command.error(USAGE)
  }
  if (image !== undefined) return imageSource(image)
  if (file !== undefined) return await fileSource(file)
  if (bundle !== undefined) return await bundleSource(bundle)
  return await logSource(await openLogClient(log ?? "", called), fromLog ?? "")
}

/** A new file, or the one that a name leads to, so that a link stays one. */
function placeOf(path: string): string {
  return existsSync(path) ? onDisk(path, () => realpathSync(path)) : path
}

async function textIn(path: string): Promise<string> {
  return existsSync(path) ? await readText(path, "watch file", LONGEST_WATCH) : ""
}

/** Replaces the file unless somebody else has changed it meanwhile. */
async function replace(path: string, before: string, after: string): Promise<void> {
  if ((await textIn(path)) !== before) {
    refuse("conflict", `${path} was changed meanwhile; nothing was written, run the command again`)
  }
  const mode = existsSync(path) ? statSync(path).mode : undefined
  await writeWhole(path, after, "watch file")
  onDisk(path, () => {
    if (mode !== undefined) chmodSync(path, mode)
  })
  syncNameOf(path)
}

/** A subject of a file that is included stands there, not here. */
function assertAddable(watch: Watch | undefined, text: string, name: string): void {
  const isThere = watch?.subjects.some((subject) => subject.name === name) === true
  if (!isThere || addToSubject(text, name, []).text === text) return
  refuse(
    "conflict",
    `the subject ${name} is in a file that is included: add to that file, or give another --subject`,
  )
}

/** What others have written must not become lines of their own. */
function assertOneLine(line: string): void {
  if (/\p{C}/u.test(line)) refuse("malformed", `expected one line of text, found ${shown(line)}`)
}

async function add(options: AddOptions, called: Called, file: string): Promise<void> {
  const { output } = called
  const source = await readSource(options, called)
  const name = options.subject ?? source.name
  const path = placeOf(file)
  const before = await textIn(path)
  const known = before === "" ? undefined : (await readWatchText(path, before)).watch
  assertAddable(known, before, name)
  const given =
    options.signerKey === undefined ? undefined : `key ${await keyOf(options.signerKey)}`
  const signers = given === undefined ? source.signers : [given]
  const wanted = [...source.lines, ...signers.map((rule) => `signer ${rule}`)]
  for (const line of [name, ...wanted]) assertOneLine(line)
  const { text, added, known: there } = addToSubject(before, name, wanted)
  const { watch } = await readWatchText(path, text)
  if (added.length > 0) await replace(path, before, text)
  output.result(
    `${file}: subject ${name}`,
    [
      ...added.map((line) => ["added", line] as const),
      ...there.map((line) => ["known", line] as const),
    ],
    { file, subject: name, added, known: there },
  )
  for (const remark of source.remarks) output.remark(remark)
  const subject = watch.subjects.find((each) => each.name === name)
  if (subject?.signers.length === 0) {
    output.remark(`anybody may sign ${name}: name who may with --signer-key`)
  }
}

export const watchAddCommand = defineCommand({
  argument: ["<file>", "the watch file; a new one if it is not there"],
  options: addOptions,
  help: `
Example:
  countersign watch add acme.watch --image ghcr.io/acme/app@sha256:HEX --signer-key signer.pub
  countersign watch add acme.watch --file app.tar.gz --subject app
  countersign watch add acme.watch --bundle app.tar.gz.sigstore.json --subject app
  countersign watch add acme.watch --from-log signer.pub --log https://log.example.com`,
  run: add,
})
