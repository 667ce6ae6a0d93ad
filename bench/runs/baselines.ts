// What this machine can do at all, measured in the same run: absolute figures of different machines, or of
// one machine on different days, cannot be compared, ratios can.
import { createHash, generateKeyPairSync, sign } from "node:crypto"
import { once } from "node:events"
import { closeSync, fdatasyncSync, openSync, writeSync } from "node:fs"
import { join } from "node:path"
import { createHistogram } from "node:perf_hooks"
import { fileURLToPath } from "node:url"
import { runLoad } from "../load/load.ts"
import { getRequest, writeRequests } from "../load/request-file.ts"
import { loadNativeVerification } from "../served/built.ts"
import { endProcess, pin, startNode } from "../served/processes.ts"

export interface Baselines {
  /** Median of a 4 KiB append with fdatasync, milliseconds. */
  readonly sync: number
  /** Requests a second of a node:http server on one core, the generator on another. */
  readonly hello: number
  /** P-256 verifications a second, all cores, 32 in flight. */
  readonly verifications: number
  /** CPU time of one verification, microseconds. */
  readonly verificationCpu: number
}

const BLOCK = Buffer.alloc(4_096, 1)
const IN_FLIGHT = 32

function measureSync(folder: string, seconds: number): number {
  const file = openSync(join(folder, "sync"), "w")
  const times = createHistogram({ figures: 3 })
  const end = performance.now() + seconds * 1_000
  for (let before = performance.now(); before < end; before = performance.now()) {
    writeSync(file, BLOCK)
    fdatasyncSync(file)
    times.record(Math.max(1, Math.round((performance.now() - before) * 1_000)))
  }
  closeSync(file)
  return times.percentile(50) / 1_000
}

async function measureHello(folder: string, seconds: number): Promise<number> {
  const child = startNode([fileURLToPath(new URL("./hello.js", import.meta.url))], true)
  const [port] = (await once(child, "message")) as [number]
  if (child.pid !== undefined) pin(child.pid, "server", "one core each")
  const requests = [join(folder, "hello")]
  writeRequests(requests[0] as string, [getRequest("/")])
  const job = { port, connections: 64, requests, again: true, warmUp: 1, seconds }
  const result = await runLoad(job, "one core each")
  await endProcess(child)
  return result.timed / result.seconds
}

async function measureVerification(
  seconds: number,
): Promise<Pick<Baselines, "verifications" | "verificationCpu">> {
  const { createNativeVerifier } = await loadNativeVerification()
  const verifier = await createNativeVerifier()
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
  const artifact = Buffer.from("an artifact")
  const check = {
    algorithm: "PKIX_ECDSA_P256_SHA_256",
    spki: publicKey.export({ type: "spki", format: "der" }),
    signature: sign("sha256", artifact, privateKey),
    signed: { form: "digest", digest: createHash("sha256").update(artifact).digest() },
  } as const
  let done = 0
  const start = performance.now()
  const cpuStart = process.cpuUsage()
  const loop = async (): Promise<void> => {
    while (performance.now() - start < seconds * 1_000) {
      if (!(await verifier.verify(check))) throw new Error("a good signature does not verify")
      done += 1
    }
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, loop))
  const elapsed = (performance.now() - start) / 1_000
  const { user, system } = process.cpuUsage(cpuStart)
  await verifier.close()
  return { verifications: done / elapsed, verificationCpu: (user + system) / done }
}

export async function measureBaselines(folder: string, seconds: number): Promise<Baselines> {
  const sync = measureSync(folder, seconds / 2)
  const hello = await measureHello(folder, seconds)
  return { sync, hello, ...(await measureVerification(seconds)) }
}
