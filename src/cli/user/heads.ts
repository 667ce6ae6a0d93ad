// `countersign heads`: lists the heads that a verifier remembers, and exchanges them with a monitor, so that
// a log that shows different trees to different people is found out. Nothing but heads is ever sent.
import { createExchange, type Exchange } from "../../client/exchange.ts"
import { parseUtf8 } from "../../core/base/bytes.ts"
import { Refusal } from "../../core/base/errors.ts"
import { LONGEST_HEAD_LIST } from "../../core/base/limits.ts"
import { formatBase64 } from "../../core/base/text.ts"
import { formatHeadList, type ListedHead, parseHeadList } from "../../core/note/head-list.ts"
import { parseVkey } from "../../core/note/note.ts"
import { commandGroup } from "../command/command-list.ts"
import { networkOptions, openNetwork } from "../command/network.ts"
import {
  type Called,
  defineCommand,
  jsonOption,
  mandatory,
  optional,
  type ValuesOf,
} from "../command/options.ts"
import type { Output } from "../command/output.ts"
import { readTrust, trustOptions } from "../command/trust-options.ts"
import { isSigned, logKeysOf, readHeads, rememberHeads } from "./remembered-heads.ts"

const headsOption = mandatory("--heads <file>", "the file of heads")

const exchangeOptions = [
  headsOption,
  mandatory("--to <url>", "base URL of the monitor"),
  optional("--vkey <vkey...>", "verifier keys of the logs"),
  jsonOption(),
  ...trustOptions,
  ...networkOptions,
] as const

/** Notes that a monitor takes in one request. */
const MOST_AT_ONCE = 16

function printHead(output: Output, { text, note, head }: ListedHead): void {
  const { origin, size, root } = head
  const signatures = note.signatures.map(({ name }) => name)
  output.result(
    `${origin}: ${size} entries`,
    [
      ["root", formatBase64(root)],
      ["signature lines", signatures.join(", ")],
    ],
    { origin, size, root, signatures, checkpoint: text },
  )
}

const listCommand = defineCommand({
  options: [headsOption, jsonOption()],
  help: `
Example:
  countersign heads list --heads ~/.countersign-heads`,
  async run({ heads }, { output }) {
    for (const head of await readHeads(heads)) printHead(output, head)
  },
})

function portions(heads: readonly ListedHead[]): readonly (readonly ListedHead[])[] {
  const all: ListedHead[][] = []
  let [last, bytes]: [ListedHead[], number] = [[], 0]
  for (const head of heads) {
    bytes += Buffer.byteLength(head.text)
    if (all.length === 0 || last.length === MOST_AT_ONCE || bytes > LONGEST_HEAD_LIST) {
      last = []
      bytes = Buffer.byteLength(head.text)
      all.push(last)
    }
    last.push(head)
  }
  return all
}

/** Posts all heads. A monitor may not follow every log: rejects only if it takes none of them. */
async function postAll(
  exchange: Exchange,
  heads: readonly ListedHead[],
  output: Output,
): Promise<readonly ListedHead[]> {
  const answered: ListedHead[] = []
  const refusals: Refusal[] = []
  const origins = [...new Set(heads.map(({ head }) => head.origin))]
  const all = origins.flatMap((origin) =>
    portions(heads.filter(({ head }) => head.origin === origin)),
  )
  for (const portion of all) {
    try {
      const answer = await exchange({
        method: "POST",
        path: "heads",
        body: formatHeadList(portion),
        contentType: "text/plain; charset=utf-8",
        longest: LONGEST_HEAD_LIST,
      })
      answered.push(...parseHeadList(parseUtf8(answer, "the monitor's answer"), MOST_AT_ONCE))
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      refusals.push(error)
    }
  }
  const [first] = refusals
  if (first !== undefined && refusals.length === all.length) throw first
  for (const { message } of refusals) output.remark(message)
  return answered
}

async function exchangeHeads(
  options: ValuesOf<typeof exchangeOptions>,
  { command, terminal, output }: Called,
): Promise<void> {
  const { vkey: vkeys = [] } = options
  const trust = await readTrust(command)
  if ((trust === undefined) === (vkeys.length === 0)) {
    command.error("error: give one of --policy, --trusted-root and --vkey")
  }
  const keysFor = (heads: readonly ListedHead[]) =>
    trust === undefined ? vkeys.map((vkey) => ({ vkey: parseVkey(vkey) })) : logKeysOf(trust, heads)
  const known = await readHeads(options.heads)
  const own = known.filter((head) => isSigned(head, keysFor([head])))
  if (own.length < known.length) {
    output.remark(`${known.length - own.length} heads are of no trusted log and are not sent`)
  }
  const network = await openNetwork(options, terminal)
  const exchange = createExchange({ url: options.to, peer: "monitor", ...network })
  const answered = await postAll(exchange, own, output)
  const signed = answered.filter((head) => isSigned(head, keysFor([head])))
  if (signed.length < answered.length) {
    output.remark("the monitor answered with a head that no trusted log has signed")
  }
  await rememberHeads(options.heads, signed, keysFor([...known, ...signed]))
  const newest = new Map(signed.map((head) => [head.head.origin, head]))
  for (const head of newest.values()) printHead(output, head)
}

const exchangeCommand = defineCommand({
  options: exchangeOptions,
  help: `
Example:
  countersign heads exchange --heads ~/.countersign-heads --to https://monitor.example.com \\
    --policy log.policy`,
  run: exchangeHeads,
})

export const headsCommand = commandGroup(
  {
    descriptions: {
      list: "show the heads in a file; nothing is verified",
      exchange:
        "exchange the heads in a file with a monitor and remember the newest ones that it has",
    },
    load: { list: async () => listCommand, exchange: async () => exchangeCommand },
  },
  `
\`countersign verify --heads FILE\` remembers the checkpoint of every bundle that it verified.

Example:
  countersign heads list --heads ~/.countersign-heads
  countersign heads exchange --heads ~/.countersign-heads --to https://monitor.example.com \\
    --policy log.policy

Exits with 3 if two heads in the file contradict each other; the evidence is written beside it.`,
)
