// The clients that come from Debian, in the two generations that it has, and the container registry.
import { join } from "node:path"
import { openSuite, type Suite, type Unpacked } from "./debian.ts"
import { projectPath } from "./project.ts"

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
  readonly registry: Fetched
}

/** The second one moves: what it has today is what is run. */
const SUITES = ["trixie", "sid"]

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
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

/** Fetches all of them into a cache below node_modules; `remark` is told what people must know. */
export async function fetchClients(remark: (text: string) => void): Promise<FetchedClients> {
  const cache = projectPath("node_modules/.cache/countersign-interop")
  const suites: Suite[] = []
  for (const name of SUITES) {
    const suite = await openSuite(name, join(cache, name))
    if (suite.remark !== undefined) remark(suite.remark)
    suites.push(suite)
  }
  const generations: Generation[] = []
  for (const suite of suites) {
    generations.push({
      cosign: await fetchFrom(suite, "cosign", "cosign"),
      rekor: await fetchFrom(suite, "rekor", "rekor-cli"),
      sigstoreGo: await fetchFrom(suite, "sigstore-go", "sigstore-go"),
    })
  }
  const [stable] = suites
  if (stable === undefined) throw new Error("expected a suite, found none")
  return { generations, registry: await fetchFrom(stable, "docker-registry", "docker-registry") }
}
