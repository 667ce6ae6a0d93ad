// The clients that come from Debian, in the two generations that it has, the container registry, and the
// logs and witnesses of others.
import { join } from "node:path"
import { reasonOf } from "../running/check.ts"
import { projectPath } from "../running/project.ts"
import { openSuite, type Suite, type Unpacked } from "./debian.ts"

/** A package with client programs, or why it cannot be had. */
export type Fetched =
  | { readonly name: string; readonly version: string; readonly program: (name: string) => string }
  | { readonly name: string; readonly lack: string }

export interface Generation {
  readonly cosign: Fetched
  readonly rekor: Fetched
  readonly sigstoreGo: Fetched
}

export interface FetchedClients {
  /** The older one first. */
  readonly generations: readonly Generation[]
  readonly gitsign: Fetched
  readonly registry: Fetched
  /** The verifier spicy-litetlog. The litewitness beside it panics at every checkpoint that holds. */
  readonly litetlog: Fetched
  /** What became of litetlog: litewitness and spicy-torchwood. */
  readonly torchwood: Fetched
  /** Sigsum's tools and its log. */
  readonly sigsum: Fetched
  /** The sources of sigstore-go, in which public bundles are with their trusted roots. */
  readonly examples: Fetched
}

/** What people call a version: without Debian's own part. */
function upstream(version: string): string {
  return version.replace(/-[^-]*$/, "").replace(/\+ds\d*$/, "")
}

async function fetchFrom(suite: Suite, name: string, title: string): Promise<Fetched> {
  try {
    const { version, programs }: Unpacked = await suite.unpack(name)
    const program = (file: string) => join(programs, file)
    return { name: `${title} ${upstream(version)}`, version, program }
  } catch (error) {
    return { name: `${title} of ${suite.name}`, lack: reasonOf(error) }
  }
}

async function fetchSigsum(suite: Suite): Promise<Fetched> {
  const tools = await fetchFrom(suite, "sigsum-go", "sigsum-go")
  const log = await fetchFrom(suite, "sigsum-log-go", "sigsum-log-go")
  if ("lack" in tools) return tools
  if ("lack" in log) return log
  const program = (file: string) => (file.startsWith("sigsum-log") ? log : tools).program(file)
  return { name: `${tools.name}, ${log.name}`, version: tools.version, program }
}

/** Fetches all of them into a cache below node_modules; `remark` is told what people must know. */
export async function fetchClients(remark: (text: string) => void): Promise<FetchedClients> {
  const cache = projectPath("node_modules/.cache/countersign-interop")
  async function open(name: string): Promise<Suite> {
    const suite = await openSuite(name, join(cache, name))
    if (suite.remark !== undefined) remark(suite.remark)
    return suite
  }
  const stable = await open("trixie")
  // What it has today is what is run.
  const moving = await open("sid")
  const generations: Generation[] = []
  for (const suite of [stable, moving]) {
    generations.push({
      cosign: await fetchFrom(suite, "cosign", "cosign"),
      rekor: await fetchFrom(suite, "rekor", "rekor-cli"),
      sigstoreGo: await fetchFrom(suite, "sigstore-go", "sigstore-go"),
    })
  }
  return {
    generations,
    gitsign: await fetchFrom(moving, "gitsign", "gitsign"),
    registry: await fetchFrom(stable, "docker-registry", "docker-registry"),
    litetlog: await fetchFrom(stable, "litetlog", "litetlog"),
    torchwood: await fetchFrom(moving, "torchwood", "torchwood"),
    sigsum: await fetchSigsum(moving),
    examples: await fetchFrom(moving, "golang-github-sigstore-sigstore-go-dev", "public examples"),
  }
}
