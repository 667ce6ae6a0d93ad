// The newest checkpoint of a log, fetched and verified, and who cosigned it.
import { ed25519 } from "@noble/curves/ed25519.js"
import type { LogClient } from "../../client/log-client.ts"
import { type OpenedHead, openHead, type Trust, type TrustedHead } from "../../client/trust.ts"
import { provenAnswer } from "./exit-code.ts"
import type { Fields } from "./output.ts"

/**
 * For a process that verifies a few signatures: the library's table of multiples of Ed25519's base point
 * costs as much as some eight of them and is left out.
 */
export function expectFewSignatures(): void {
  ed25519.Point.BASE.precompute(1)
}

/** A head with the note that it was read from. */
export interface FetchedHead extends OpenedHead {
  readonly checkpoint: string
}

/**
 * The newest checkpoint, verified; a falsehood if the pinned key did not sign it. Refuses `malformed`
 * for an answer that is no checkpoint at all: that is the wrong address, not a lie.
 */
export async function fetchHead(log: LogClient, trust: Trust | undefined): Promise<FetchedHead> {
  expectFewSignatures()
  const checkpoint = await log.checkpoint()
  openHead(checkpoint, undefined)
  return { ...provenAnswer(() => openHead(checkpoint, trust)), checkpoint }
}

/** The last second that a Date can tell; a witness may state any. */
const LAST_SECOND = 8_640_000_000_000

function formatTime(seconds: number): string {
  return seconds > LAST_SECOND ? `second ${seconds}` : new Date(seconds * 1000).toISOString()
}

/** Who cosigned and when, for people to read. */
export function cosignatureFields({ cosignatures }: Pick<TrustedHead, "cosignatures">): Fields {
  return cosignatures.map(({ name, time }) => ["cosigned by", `${name} at ${formatTime(time)}`])
}
