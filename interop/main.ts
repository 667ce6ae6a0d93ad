// `npm run interop`: Sigstore's own clients, others' witnesses and another's log, all unchanged, with the
// built program on this machine. Prints what each of them could do and fails if one could not.
import { writeFileSync } from "node:fs"
import { makeAuthority } from "../test/authority/authority.ts"
import { tlsChecks } from "./access/tls.ts"
import {
  cosign2WriterChecks,
  cosign3WriterChecks,
  gitsignWriterChecks,
  rekorCliWriterChecks,
  sigstoreGoWriterChecks,
  sigstoreJsWriterChecks,
} from "./access/writers.ts"
import { publicChecks } from "./conformance/public-examples.ts"
import { suiteChecks } from "./conformance/suite.ts"
import { vectorChecks } from "./conformance/vectors.ts"
import { keyChecks } from "./keys/keys.ts"
import { type InteropOptions, isWanted, readOptions, USAGE } from "./options.ts"
import { type Fetched, type FetchedClients, fetchClients } from "./packages/clients.ts"
import { readmeChecks, tableCheck } from "./readme.ts"
import { type Check, createRunner, type Runner } from "./running/check.ts"
import { killRunning } from "./running/process.ts"
import { isGood, missingClients, type Result, reportText } from "./running/report.ts"
import { makeFolder, openRoom, removeFolders } from "./running/room.ts"
import { bridgeChecks } from "./sigstore/bridge.ts"
import { cosign2Checks } from "./sigstore/cosign-2.ts"
import { cosign3Checks } from "./sigstore/cosign-3.ts"
import { cosign2Exchange, cosign3Exchange } from "./sigstore/exchange.ts"
import { gitsignChecks } from "./sigstore/gitsign.ts"
import { cosign3Given } from "./sigstore/given.ts"
import { keylessCosign2Checks, keylessCosign3Checks } from "./sigstore/keyless.ts"
import { rekorCliChecks } from "./sigstore/rekor-cli.ts"
import {
  sigstoreGoChecks,
  sigstoreGoLack,
  sigstoreGo as sigstoreGoOf,
} from "./sigstore/sigstore-go.ts"
import { sigstoreGoExchange } from "./sigstore/sigstore-go-exchange.ts"
import { sigstoreJsChecks } from "./sigstore/sigstore-js.ts"
import { signedForJsChecks, sigstoreJsExchange } from "./sigstore/sigstore-js-exchange.ts"
import { serveClosedLog } from "./stand/closed-log.ts"
import { serveFulcio } from "./stand/fulcio.ts"
import { writeKeylessFiles } from "./stand/keyless-files.ts"
import { serveRegistry } from "./stand/registry.ts"
import { serveLog } from "./stand/served-log.ts"
import type { Stand } from "./stand/stand.ts"
import { serveTimestamps } from "./stand/timestamp-authority.ts"
import { writeTrustFiles } from "./stand/trust-files.ts"
import { cosign2Ways, cosign3Ways } from "./theft/signatures.ts"
import { theftChecks } from "./theft/theft.ts"
import { litewitnessChecks } from "./witnesses/litewitness.ts"
import { sigsumChecks } from "./witnesses/sigsum.ts"
import { spicyChecks } from "./witnesses/spicy.ts"

const TIME_LIMIT_MS = 30 * 60 * 1_000

/** The version of @sigstore/sign that package.json pins. */
const SIGSTORE_JS = "sigstore-js 4.1.1"

function announce({ client, operation, outcome, reason }: Result): void {
  const line = `${outcome}  ${client}: ${operation}${reason === undefined ? "" : `: ${reason}`}`
  process.stderr.write(`${line}\n`)
}

function cosignChecks(name: string, program: string, stand: Stand): readonly Check[] {
  const parts = name.startsWith("cosign 2.")
    ? [cosign2Checks, cosign2Exchange, keylessCosign2Checks, cosign2WriterChecks]
    : [cosign3Checks, cosign3Exchange, keylessCosign3Checks, cosign3Given, cosign3WriterChecks]
  return parts.flatMap((checks) => checks(program, stand))
}

/** The newest cosign. */
function cosignOf({ generations }: FetchedClients): string | undefined {
  const newest = generations.at(-1)?.cosign
  return newest === undefined || "lack" in newest ? undefined : newest.program("cosign")
}

function withoutLack(client: Fetched): Fetched {
  const lack = "lack" in client ? undefined : sigstoreGoLack(client.version)
  return lack === undefined ? client : { name: client.name, lack }
}

type ChecksOf = (client: Exclude<Fetched, { readonly lack: string }>) => readonly Check[]

async function runClient(
  runner: Runner,
  options: InteropOptions,
  client: Fetched,
  checksOf: ChecksOf,
): Promise<void> {
  if (!isWanted(options, client.name)) return
  if ("lack" in client) runner.skip(client.name, client.lack)
  else await runner.run({ name: client.name, checks: checksOf(client) })
}

interface Programs {
  readonly cosign2: string
  readonly cosign3: string
  readonly registry: string
}

/** With the registry and both generations of cosign, or not at all. */
async function runTogether(
  name: string,
  runner: Runner,
  options: InteropOptions,
  { generations, registry }: FetchedClients,
  checksOf: (programs: Programs) => readonly Check[],
): Promise<void> {
  const [cosign2, cosign3] = generations.map(({ cosign }) => cosign)
  if (!isWanted(options, name) || cosign2 === undefined || cosign3 === undefined) return
  if ("lack" in registry) return runner.skip(name, registry.lack)
  if ("lack" in cosign2) return runner.skip(name, cosign2.lack)
  if ("lack" in cosign3) return runner.skip(name, cosign3.lack)
  const checks = checksOf({
    cosign2: cosign2.program("cosign"),
    cosign3: cosign3.program("cosign"),
    registry: registry.program("docker-registry"),
  })
  await runner.run({ name, checks })
}

async function runSigstore(
  runner: Runner,
  options: InteropOptions,
  clients: FetchedClients,
  stand: Stand,
): Promise<void> {
  for (const { cosign, rekor, sigstoreGo } of clients.generations) {
    await runClient(runner, options, cosign, ({ name, program }) =>
      cosignChecks(name, program("cosign"), stand),
    )
    await runClient(runner, options, rekor, ({ program }) =>
      [rekorCliChecks, rekorCliWriterChecks].flatMap((checks) =>
        checks(program("rekor-cli"), stand),
      ),
    )
    await runClient(runner, options, withoutLack(sigstoreGo), ({ program }) => {
      const go = sigstoreGoOf(program, stand)
      return [...sigstoreGoChecks(go), ...sigstoreGoExchange(go), ...sigstoreGoWriterChecks(go)]
    })
  }
  await runClient(runner, options, clients.gitsign, ({ program }) =>
    [gitsignChecks, gitsignWriterChecks].flatMap((checks) => checks(program("gitsign"), stand)),
  )
  const { trustedRoot, foreignRoot } = stand.files
  const js = { url: stand.log.url, trustedRoot, foreignRoot, timestamps: stand.timestamps }
  if (isWanted(options, SIGSTORE_JS)) {
    const own = [...signedForJsChecks(stand, cosignOf(clients)), ...sigstoreJsWriterChecks(stand)]
    await runner.run({
      name: SIGSTORE_JS,
      checks: [...sigstoreJsChecks(js), ...sigstoreJsExchange(stand), ...own],
    })
  }
  await runTogether("bridge", runner, options, clients, (programs) =>
    bridgeChecks({ ...programs, stand }),
  )
  await runTogether("theft", runner, options, clients, ({ cosign2, cosign3 }) => [
    ...theftChecks({ cosign: cosign2, importer: cosign3, stand }, "cosign 2", cosign2Ways(stand)),
    ...theftChecks({ cosign: cosign3, importer: cosign3, stand }, "cosign 3", cosign3Ways(stand)),
  ])
  await runTogether("TLS", runner, options, clients, tlsChecks)
  await runTogether("keys", runner, options, clients, ({ cosign3 }) => keyChecks(cosign3))
  if (isWanted(options, "README.md")) {
    const isWhole = options.only.length === 0
    const table = isWhole ? [tableCheck(() => runner.report().results)] : []
    await runner.run({ name: "README.md", checks: [...readmeChecks(clients, stand), ...table] })
  }
}

/** Others' witnesses, verifiers and a log, which have logs and witnesses of ours of their own. */
async function runWitnesses(
  runner: Runner,
  options: InteropOptions,
  clients: FetchedClients,
): Promise<void> {
  await runClient(runner, options, clients.litetlog, ({ program }) =>
    spicyChecks(program("spicy-litetlog")),
  )
  await runClient(runner, options, clients.torchwood, ({ program }) => [
    ...litewitnessChecks(program),
    ...spicyChecks(program("spicy-torchwood")),
  ])
  await runClient(runner, options, clients.sigsum, ({ program }) => sigsumChecks(program))
}

/** Our own verifier over Sigstore's kinds of cases. The public suite is no package, so it runs where there is a checkout. */
async function runConformance(
  runner: Runner,
  options: InteropOptions,
  clients: FetchedClients,
): Promise<void> {
  const [vectors, suite] = ["conformance vectors", "conformance suite"]
  if (isWanted(options, vectors)) await runner.run({ name: vectors, checks: vectorChecks() })
  await runClient(runner, options, clients.examples, ({ program }) => publicChecks(program))
  const checkout = process.env["COUNTERSIGN_CONFORMANCE"]
  if (!isWanted(options, suite)) return
  if (checkout !== undefined) await runner.run({ name: suite, checks: suiteChecks(checkout) })
  else runner.skip(suite, "COUNTERSIGN_CONFORMANCE names no checkout of sigstore-conformance")
}

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2))
  if (options === "help") {
    process.stdout.write(USAGE)
    return
  }
  setTimeout(() => fail(new Error("it took too long")), TIME_LIMIT_MS).unref()
  const folder = makeFolder()
  const runner = createRunner(folder, announce)
  const clients = await fetchClients(runner.remark)
  const { registry: image } = clients
  const registry =
    "lack" in image ? undefined : await serveRegistry(image.program("docker-registry"), folder)
  const log = await serveLog(folder)
  const closed = await serveClosedLog(folder)
  const timestamps = await serveTimestamps(openRoom(folder))
  const files = await writeTrustFiles(log, folder)
  const fulcio = await serveFulcio()
  const foreign = { authority: makeAuthority({ name: "foreign" }) }
  const keyless = writeKeylessFiles(fulcio, foreign, timestamps, files, folder)
  const stand = { log, closed, files, registry, timestamps, fulcio, keyless }
  await runSigstore(runner, options, clients, stand)
  await runWitnesses(runner, options, clients)
  await runConformance(runner, options, clients)
  await Promise.all([fulcio.stop(), timestamps.stop(), log.stop(), closed.stop(), registry?.stop()])
  conclude(runner, options)
}

function conclude(runner: Runner, { json, only }: InteropOptions): void {
  const report = runner.report()
  process.stdout.write(reportText(report))
  if (json !== undefined) writeFileSync(json, `${JSON.stringify(report, null, 2)}\n`)
  const isStrict = process.env["CI"] === "true" && only.length === 0
  if (isStrict) {
    for (const name of missingClients(report.results)) {
      process.stderr.write(`interop: ${name} has not run in full, which it must where CI=true\n`)
    }
  }
  if (!isGood(report.results, isStrict)) process.exitCode = 1
}

function fail(reason: unknown): never {
  process.stderr.write(`interop: ${reason instanceof Error ? reason.message : String(reason)}\n`)
  process.exit(1)
}

// Every end of this process, also by a signal, takes its processes and folders along.
process.once("exit", () => {
  killRunning()
  removeFolders()
})
process.once("SIGINT", () => process.exit(130))
process.once("SIGTERM", () => process.exit(143))
main().catch(fail)
