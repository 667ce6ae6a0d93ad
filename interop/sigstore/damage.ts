// Sigstore bundles that must be refused, made out of good ones.
import type { Room } from "../running/room.ts"
import { flipped } from "./bytes.ts"

interface TlogEntry {
  readonly logIndex: string
  readonly kindVersion?: { readonly kind: string; readonly version: string }
  readonly inclusionProof: {
    readonly hashes: readonly string[]
    readonly checkpoint: { readonly envelope: string }
  }
}

interface Bundle {
  readonly verificationMaterial: { readonly tlogEntries: readonly TlogEntry[] }
}

function parse(bundle: string): Bundle {
  return JSON.parse(bundle) as Bundle
}

/** The one log entry of a bundle. */
export function entryOf(bundle: string): TlogEntry {
  const [entry, ...others] = parse(bundle).verificationMaterial.tlogEntries
  if (entry !== undefined && others.length === 0) return entry
  throw new Error("expected a bundle with one log entry, found another number")
}

function withEntry(bundle: string, entry: TlogEntry): string {
  const all = parse(bundle)
  const material = { ...all.verificationMaterial, tlogEntries: [entry] }
  return JSON.stringify({ ...all, verificationMaterial: material })
}

/** Puts the log entry of another artifact into a bundle. */
function withEntryOf(bundle: string, other: string): string {
  return withEntry(bundle, entryOf(other))
}

/** Changes one bit in the inclusion proof; the log must have had two entries at least. */
function withOtherProof(bundle: string): string {
  const entry = entryOf(bundle)
  const [first, ...rest] = entry.inclusionProof.hashes
  if (first === undefined) throw new Error("expected a proof with a hash, found none")
  const inclusionProof = { ...entry.inclusionProof, hashes: [flipped(first), ...rest] }
  return withEntry(bundle, { ...entry, inclusionProof })
}

/** Changes one bit of the root in the checkpoint, and nothing else. */
function withOtherCheckpoint(bundle: string): string {
  const entry = entryOf(bundle)
  const lines = entry.inclusionProof.checkpoint.envelope.split("\n")
  lines[2] = flipped(lines[2] ?? "")
  const inclusionProof = { ...entry.inclusionProof, checkpoint: { envelope: lines.join("\n") } }
  return withEntry(bundle, { ...entry, inclusionProof })
}

/** A bundle that must be refused, and what its refusal says. */
export interface WrongBundle {
  readonly name: string
  readonly bundle: string
  readonly reason: RegExp
}

/** Wrong bundles of a good one and of one for another artifact that the same key signed. */
export function wrongBundles(good: string, other: string): readonly WrongBundle[] {
  return [
    {
      name: "entry",
      bundle: withEntryOf(good, other),
      reason: /log signature does not match|calculated root|signature mismatch/,
    },
    {
      name: "proof",
      bundle: withOtherProof(good),
      reason: /calculated root/,
    },
    {
      name: "checkpoint",
      bundle: withOtherCheckpoint(good),
      reason: /on checkpoint did not verify|signatures on checkpoint|invalid checkpoint signature/,
    },
  ]
}

/** How clients refuse a good bundle of a log that they do not trust. */
export const foreignReason =
  /not enough verified log entries|promise could not be verified|invalid checkpoint signature/

/** Sees each wrong bundle refused; `verification` is the command that verifies a bundle file. */
export async function refuseWrongBundles(
  room: Room,
  good: string,
  other: string,
  verification: (bundle: string) => readonly string[],
): Promise<void> {
  for (const { name, bundle, reason } of wrongBundles(room.read(good), room.read(other))) {
    await room.refused(verification(room.write(`${name}.json`, bundle)), reason)
  }
}
