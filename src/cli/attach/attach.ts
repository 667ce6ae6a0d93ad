// `countersign attach`: gives the log, and monitors, the signed bytes of entries of which it has only a digest.
import { createLogClient, type LogClient } from "../../client/log-client.ts"
import { lookUp } from "../../client/messages/lookup.ts"
import { logRecipient, monitorRecipient, type Recipient } from "../../client/messages/recipient.ts"
import type { SignedMessage } from "../../client/messages/signed-message.ts"
import { Refusal, Trouble } from "../../core/base/errors.ts"
import { EXIT_FAILURE } from "../command/exit-code.ts"
import { credentialOptions, forLog, logOption } from "../command/log-options.ts"
import { type Network, networkOptions, openNetwork } from "../command/network.ts"
import {
  type Called,
  decimalArgument,
  defineCommand,
  gathered,
  jsonOption,
  optional,
  parsed,
  preset,
  type ValuesOf,
} from "../command/options.ts"
import { registryOptions } from "../command/registry-options.ts"
import {
  bundleSource,
  commitSource,
  envelopeSource,
  imageSources,
  messageSource,
  type Source,
} from "./sources.ts"

const attachOptions = [
  logOption(),
  optional("--bundle <file...>", "Sigstore bundles or cosign's older ones; also one a line"),
  optional("--envelope <file>", "a DSSE envelope as JSON"),
  optional("--message <file>", "the signed bytes themselves, such as a simple-signing JSON"),
  parsed(
    "--index <n>",
    "the entry of --envelope or --message; without it the log is searched",
    decimalArgument,
  ),
  optional("--image <reference>", "an image: everything in its registry that signs it"),
  optional("--registry <url>", "where the registry of --image is, if not at https://HOST"),
  optional("--commit <id>", "a commit of gitsign's, by its ID"),
  preset(
    "--monitor <url>",
    "a monitor of this log that is given the same; may be given several times",
    gathered(String),
    [],
    "none",
  ),
  ...registryOptions,
  ...credentialOptions,
  ...networkOptions,
  jsonOption(),
] as const

type AttachOptions = ValuesOf<typeof attachOptions>

async function readSources(
  options: AttachOptions,
  called: Called,
  network: Network,
): Promise<readonly Source[]> {
  const { bundle = [], envelope, message, image, commit, index } = options
  if (index !== undefined && envelope === undefined && message === undefined) {
    called.command.error("error: --index belongs to --envelope or --message")
  }
  const sources = [
    ...(await Promise.all(bundle.map(bundleSource))),
    ...(envelope === undefined ? [] : [await envelopeSource(envelope)]),
    ...(message === undefined ? [] : [await messageSource(message)]),
    ...(commit === undefined ? [] : [await commitSource(commit)]),
    ...(image === undefined ? [] : await imageSources(image, options, network)),
  ]
  if (sources.length > 0) return sources
  return called.command.error("error: give --bundle, --envelope, --message, --image or --commit")
}

/** What a recipient said about a message. */
interface Outcome {
  readonly recipient: string
  readonly said: string
  readonly isGood: boolean
}

async function giveTo(recipient: Recipient, index: number, message: Uint8Array): Promise<Outcome> {
  const { name } = recipient
  try {
    const said = await recipient.give(index, message)
    return { recipient: name, said, isGood: said !== "redacted" }
  } catch (error) {
    if (!(error instanceof Refusal || error instanceof Trouble)) throw error
    return { recipient: name, said: `${error.code}: ${error.message}`, isGood: false }
  }
}

/** The log first, then the monitors, each of which is told the origin of the log. */
async function openRecipients(
  { log: url, monitor }: AttachOptions,
  log: LogClient,
  { fetch, timeout }: Network,
): Promise<readonly Recipient[]> {
  if (monitor.length === 0) return [logRecipient(url, log)]
  const { origin } = await log.treeHead()
  const monitors = monitor.map((each) => monitorRecipient({ url: each, origin, fetch, timeout }))
  return [logRecipient(url, log), ...monitors]
}

function createAttaching(
  options: AttachOptions,
  called: Called,
  log: LogClient,
  recipients: readonly Recipient[],
) {
  const { terminal, output } = called

  function fail(name: string, why: string): void {
    output.remark(`${name}: ${why}`)
    terminal.fail(EXIT_FAILURE)
  }

  async function attachTo(name: string, { form }: SignedMessage, index: number, bytes: Uint8Array) {
    const outcomes: Outcome[] = []
    for (const recipient of recipients) outcomes.push(await giveTo(recipient, index, bytes))
    const [first, ...others] = outcomes
    const more = others.map(({ recipient, said }) => `; ${recipient}: ${said}`).join("")
    output.result(`${name}: ${form} of entry ${index}: ${first?.said ?? ""}${more}`, [], {
      ...{
        source: name,
        form,
        index,
        isAttached: outcomes.every(({ isGood }) => isGood),
        outcomes,
      },
    })
    if (outcomes.some(({ isGood }) => !isGood)) terminal.fail(EXIT_FAILURE)
  }

  return {
    fail,
    async attach(name: string, signed: SignedMessage): Promise<void> {
      const { form, message, signature } = signed
      if (message === undefined) {
        const said = "the entry itself names the artifact: nothing to attach"
        output.result(`${name}: ${form}: ${said}`, [], {
          source: name,
          form,
          isAttached: false,
          said,
        })
        return
      }
      if (options.index !== undefined) return await attachTo(name, signed, options.index, message)
      const { entries, isWhole } = await lookUp(log, signed)
      for (const { index } of entries) await attachTo(name, signed, index, message)
      const isMissed = signature !== undefined && !entries.some(({ hasSignature }) => hasSignature)
      if (entries.length > 0 && !isMissed) return
      const what = isMissed ? "this signature" : `this ${form} message`
      const unsure = isWhole ? "" : "; its search is behind, so ask again"
      fail(name, `no entry of the log has ${what}${unsure}`)
    },
  }
}

async function attach(options: AttachOptions, called: Called): Promise<void> {
  const network = await openNetwork(options, called.terminal)
  const sources = await readSources(options, called, network)
  const log = createLogClient({
    ...{ url: options.log, ...(await forLog(options.log, network, called)) },
  })
  const recipients = await openRecipients(options, log, network)
  const attaching = createAttaching(options, called, log, recipients)
  if (sources.every(({ messages, faults }) => messages.length + faults.length === 0)) {
    attaching.fail("attach", "expected something that is signed for a log, found nothing")
  }
  for (const { name, messages, faults, unloggable } of sources) {
    for (const why of faults) attaching.fail(name, why)
    if (unloggable !== undefined) called.output.remark(`${name}: cannot be logged: ${unloggable}`)
    for (const signed of messages) {
      try {
        await attaching.attach(name, signed)
      } catch (error) {
        if (!(error instanceof Refusal || error instanceof Trouble)) throw error
        attaching.fail(name, error.message)
      }
    }
  }
}

export const attachCommand = defineCommand({
  options: attachOptions,
  help: `
Of an entry over an envelope, an image or a commit the log has a digest; what was signed it can
show only if somebody gives it those bytes. They prove themselves, so anyone may: the log takes
what has the digest of the entry, and nothing else. Exits with 0 only if all of it was taken, or
was known.

Example:
  countersign attach --log https://log.example.com --bundle app.sigstore.json
  countersign attach --log https://log.example.com --image registry.example.com/app@sha256:HEX
  countersign attach --log https://log.example.com --message signed.json --index 17`,
  run: attach,
})
