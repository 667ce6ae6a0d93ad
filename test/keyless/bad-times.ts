// The cases that must be refused for a time: promises of version 1, timestamps of version 2, and windows of whoever
// makes them.
import { makeAuthority } from "../authority/authority.ts"
import type { BundleJson } from "../authority/signing.ts"
import { type Case, caseOf, changed, entryOf, flipped, withEntry, withRoot } from "./case.ts"
import { AT, MINUTE, makeWorld, signIn, type World } from "./world.ts"

/** What only version 1 has: a promise with a time. */
export async function badPromises(world: World): Promise<readonly Case[]> {
  const blob = await signIn(world, 1, "blob")
  const bad = (name: string, bundle: BundleJson, given = {}) =>
    caseOf(world, `v1: ${name}`, false, bundle, given)
  const windowed = (validFor: object) =>
    withRoot(world.trustedRoot, ({ tlogs }) => {
      tlogs[0].publicKey.validFor = validFor
    })
  const start = "2020-01-01T00:00:00Z"
  const outside = (signature: Uint8Array) => [
    world.authority.timestamp(signature, new Date(AT.getTime() + 20 * MINUTE)),
  ]
  return [
    bad(
      "a promise with a wrong signature",
      withEntry(blob, ({ inclusionPromise }) => {
        if (inclusionPromise)
          inclusionPromise.signedEntryTimestamp = flipped(inclusionPromise.signedEntryTimestamp, 20)
      }),
    ),
    bad(
      "another time than was promised",
      withEntry(blob, (entry) => {
        entry.integratedTime = String(Number(entry.integratedTime) + 1)
      }),
    ),
    bad(
      "a promise from before the certificate",
      await signIn(world, 1, "blob", { at: new Date(AT.getTime() - MINUTE) }),
    ),
    bad(
      "a promise from after the certificate",
      await signIn(world, 1, "blob", {
        at: new Date(AT.getTime() + 11 * MINUTE),
      }),
    ),
    bad("a promise from before the log's key", blob, {
      trustedRoot: windowed({ start: "2026-06-01T00:00:00Z" }),
    }),
    bad("a promise from after the log's key", blob, {
      trustedRoot: windowed({ start, end: "2026-04-01T00:00:00Z" }),
    }),
    bad("a log's key without a beginning", blob, { trustedRoot: windowed({}) }),
    bad(
      "a timestamp from after the certificate beside a promise",
      await signIn(world, 1, "blob", { timestamp: outside }),
    ),
    bad(
      "no promise, so no time",
      withEntry(blob, (entry) => {
        delete entry.inclusionPromise
      }),
    ),
  ]
}

/** What only version 2 has: timestamps are the only times. */
export async function badTimestamps(world: World): Promise<readonly Case[]> {
  const blob = await signIn(world, 2, "blob")
  const bad = (name: string, bundle: BundleJson, given = {}) =>
    caseOf(world, `v2: ${name}`, false, bundle, given)
  const at = (minutes: number) => new Date(AT.getTime() + minutes * MINUTE)
  const stampedBy = (stamp: (signature: Uint8Array) => Uint8Array, of = world) =>
    signIn(of, 2, "blob", { timestamp: (signature) => [stamp(signature)] })
  const windowed = (validFor: object) =>
    withRoot(world.trustedRoot, ({ timestampAuthorities: [only] }) => {
      only.validFor = validFor
    })
  const logWindow = (validFor: object) =>
    withRoot(world.trustedRoot, ({ tlogs }) => {
      tlogs[1].publicKey.validFor = validFor
    })
  const start = "2020-01-01T00:00:00Z"
  const stranger = makeAuthority()
  const brief = makeWorld(makeAuthority({ timestamps: { notBefore: at(-5), notAfter: at(0) } }))
  const strange = (isEmbedded: boolean) =>
    stampedBy((signature) => stranger.timestamp(signature, at(1), { isEmbedded }))
  const good = entryOf(blob)
  return [
    bad("no timestamp", await signIn(world, 2, "blob", { timestamp: () => [] })),
    bad(
      "a timestamp of something else",
      await stampedBy(() => world.authority.timestamp(Buffer.from("x"), at(1))),
    ),
    bad(
      "a timestamp from after the certificate",
      await stampedBy((it) => world.authority.timestamp(it, at(11))),
    ),
    bad(
      "a timestamp from before the certificate",
      await stampedBy((it) => world.authority.timestamp(it, at(-1))),
    ),
    bad("a timestamp of a stranger, with its certificate", await strange(true)),
    bad("a timestamp of a stranger, without its certificate", await strange(false)),
    caseOf(
      brief,
      "v2: a timestamp of an authority whose certificate had expired",
      false,
      await signIn(brief, 2, "blob"),
    ),
    bad("an authority of timestamps that was believed until before", blob, {
      trustedRoot: windowed({ start, end: at(0).toISOString() }),
    }),
    bad("an authority of timestamps that is believed from later on", blob, {
      trustedRoot: windowed({ start: at(2).toISOString() }),
    }),
    bad("an authority of timestamps without a beginning", blob, { trustedRoot: windowed({}) }),
    bad("a log's key without a beginning", blob, { trustedRoot: logWindow({}) }),
    bad("a log's key that was believed until before", blob, {
      trustedRoot: logWindow({ start, end: at(0).toISOString() }),
    }),
    bad(
      "a time that nobody has promised",
      withEntry(
        changed(blob, ({ verificationMaterial }) => {
          delete verificationMaterial.timestampVerificationData
        }),
        (entry) => {
          entry.integratedTime = String(at(1).getTime() / 1000)
        },
      ),
    ),
    bad(
      "the same timestamp twice",
      changed(blob, ({ verificationMaterial }) => {
        const all = verificationMaterial.timestampVerificationData?.rfc3161Timestamps
        all?.push(...all)
      }),
    ),
    bad(
      "an entry under another version's name",
      withEntry(blob, (entry) => {
        entry.kindVersion = { ...good.kindVersion, version: "0.0.1" }
      }),
    ),
  ]
}
