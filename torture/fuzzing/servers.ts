// The servers whose doors are fuzzed, each in a process of its own: a log that keeps all it can, a witness that cosigns
// it, a monitor that follows it; and requests that each of them answers well.
import { createHash } from "node:crypto"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { endProcess, runProgram, type Served, serve } from "../stand/processes.ts"
import { logReads, logSubmissions } from "./log-seeds.ts"
import { bytesOf, type FuzzRequest, request } from "./request.ts"
import { createWire } from "./wire.ts"

export interface FuzzedServer {
  readonly name: "log" | "witness" | "monitor"
  readonly served: Served
  readonly seeds: readonly FuzzRequest[]
  /** A number that grows with every thing that is stored; undefined where no answer tells it. */
  readonly stored?: () => Promise<number>
}

const SUBMITTED = 6
const LISTEN = ["--listen", "127.0.0.1:0"]

async function answeredText(served: Served, path: string): Promise<string> {
  return await (await fetch(`${served.url}${path}`)).text()
}

async function sizeOf(served: Served): Promise<number> {
  const [, size = ""] = (await answeredText(served, "/checkpoint")).split("\n")
  return Number(size)
}

/** Sends requests one after the other; gives the bodies of their answers. */
async function sendAll(
  served: Served,
  requests: readonly FuzzRequest[],
): Promise<readonly string[]> {
  const wire = createWire(served.port)
  const bodies: string[] = []
  for (const each of requests) {
    const { status, body } = await wire.send(bytesOf(each), true, false)
    if (status < 200 || status >= 500)
      throw new Error(`${each.method} ${each.path} was answered ${status}: ${body}`)
    bodies.push(body)
  }
  wire.close()
  return bodies
}

interface TreeHead {
  readonly checkpoint: string
  readonly keys: readonly string[]
}

/** Starts all three over fresh data in `folder`. */
export async function startServers(program: string, folder: string) {
  const dist = join(program, "dist")
  const data = (name: string) => join(folder, name)
  await runProgram(dist, ["init", "--data", data("log"), "--origin", "fuzzed.example"])
  const log = await serve(dist, ["serve", "--data", data("log"), ...LISTEN])
  const submissions = logSubmissions(SUBMITTED)
  const answers = await sendAll(log, submissions)
  const receipt = answers.find((body) => body.includes('"leafHash"')) ?? "{}"
  const { leafHash } = JSON.parse(receipt) as { readonly leafHash: string }
  const { checkpoint, keys } = JSON.parse(await answeredText(log, "/v1/tree-head")) as TreeHead
  const size = await sizeOf(log)
  const policy = data("log.policy")
  writeFileSync(policy, `${keys.map((key) => `log ${key}\n`).join("")}quorum none\n`)

  await runProgram(dist, [
    "witness",
    "init",
    "--data",
    data("witness"),
    "--name",
    "witness.example",
  ])
  const witness = await serve(dist, [
    "witness",
    "serve",
    "--data",
    data("witness"),
    "--logs",
    policy,
    ...LISTEN,
  ])
  const origin = createHash("sha256").update("fuzzed.example").digest("hex")

  await runProgram(dist, [
    "monitor",
    "init",
    "--data",
    data("monitor"),
    "--policy",
    policy,
    "--expect-empty",
  ])
  const words = ["monitor", "run", "--data", data("monitor"), "--log", log.url, "--interval", "2"]
  const monitor = await serve(dist, [...words, ...LISTEN])

  const plain = "text/plain"
  const evidence = `tlog-evidence/v2\nkind time\npresents ${keys[0]}\nnote ${Buffer.from(checkpoint).toString("base64")}\nindex 0\nentry AA==\n`
  const witnessSeeds = [
    request("POST", "/add-checkpoint", `old 0\n\n${checkpoint}`, plain),
    request("POST", "/add-checkpoint", `old ${size}\n\n${checkpoint}`, plain),
    request("POST", "/add-checkpoint", `old ${size}\nAAAA\n\n${checkpoint}`, plain),
    request("POST", "/evidence", evidence, plain),
    ...[
      `/${origin}/checkpoint`,
      "/evidence",
      `/evidence/${origin}`,
      "/",
      "/status.json",
      "/livez",
      "/readyz",
      "/metrics",
      "/openapi.yaml",
    ].map((path) => request("GET", path)),
  ]
  const monitorSeeds = [
    request("POST", "/heads", checkpoint, plain),
    request("POST", "/receipts", receipt, "application/json"),
    request("POST", "/ledger?signer=build", `sha256:${leafHash}\n`, plain),
    request("POST", "/messages?index=0", "artifact 0", "application/octet-stream"),
    ...[
      "/",
      "/status.json",
      "/evidence",
      `/evidence/${origin}`,
      "/livez",
      "/readyz",
      "/metrics",
      "/openapi.yaml",
    ].map((path) => request("GET", path)),
  ]
  const servers: readonly FuzzedServer[] = [
    {
      name: "log",
      served: log,
      seeds: [...submissions, ...logReads(size, leafHash)],
      stored: () => sizeOf(log),
    },
    { name: "witness", served: witness, seeds: witnessSeeds },
    { name: "monitor", served: monitor, seeds: monitorSeeds },
  ]
  await sendAll(witness, witnessSeeds.slice(0, 1))
  return {
    servers,
    async end() {
      for (const served of [monitor, witness, log]) await endProcess(served)
    },
  }
}
