// The cases that must be refused whatever the log's version: bundles that cannot be read or are about something else,
// and certificates that are not the signer's.
import { dssePae } from "../../src/entry/dsse.ts"
import { makeAuthority } from "../authority/authority.ts"
import type { BundleJson } from "../authority/signing.ts"
import { IN_TOTO } from "../authority/signing.ts"
import { base64, makeSigner, otherS, signMessage } from "../entry/signers.ts"
import {
  asOlder,
  type Case,
  caseOf,
  changed,
  flipped,
  withCheckpoint,
  withEntry,
  withRoot,
} from "./case.ts"
import {
  AT,
  IDENTITY,
  ISSUER,
  MINUTE,
  makeWorld,
  publicPemOf,
  signIn,
  type World,
} from "./world.ts"

type Version = 1 | 2

function unreadable(world: World, blob: BundleJson, v: string): readonly Case[] {
  const text = JSON.stringify(blob)
  const bad = (name: string, bundle: BundleJson | string) =>
    caseOf(world, `${v}: ${name}`, false, bundle)
  return [
    bad("JSON that ends too early", text.slice(0, -30)),
    bad("an unknown version", text.replace("bundle.v0.3", "bundle.v99.9")),
    bad("a chain without certificates", asOlder(blob, "0.1", [])),
    bad(
      "a signature that is not base64",
      changed(blob, ({ messageSignature }) => {
        if (messageSignature) messageSignature.signature = `=${messageSignature.signature}`
      }),
    ),
    bad(
      "a negative index",
      withEntry(blob, (entry) => {
        entry.logIndex = "-1"
      }),
    ),
    bad(
      "no entry",
      changed(blob, ({ verificationMaterial }) => {
        verificationMaterial.tlogEntries = []
      }),
    ),
    bad(
      "a timestamp that is none",
      changed(blob, ({ verificationMaterial }) => {
        const rfc3161Timestamps = [{ signedTimestamp: "AAAA" }]
        verificationMaterial.timestampVerificationData = { rfc3161Timestamps }
      }),
    ),
  ]
}

async function elsewhere(
  world: World,
  version: Version,
  blob: BundleJson,
): Promise<readonly Case[]> {
  const bad = (name: string, bundle: BundleJson, given = {}) =>
    caseOf(world, `v${version}: ${name}`, false, bundle, given)
  const other = await signIn(world, version, "blob", { artifact: Buffer.from("another") })
  const again = await signIn(world, version, "blob")
  const swapped = changed(blob, (copy) => {
    copy.verificationMaterial.tlogEntries = other.verificationMaterial.tlogEntries
  })
  return [
    bad("another artifact", blob, { artifact: Buffer.from("another") }),
    bad("another identity", blob, { identity: `${IDENTITY}.1` }),
    bad("another issuer", blob, { issuer: `${ISSUER}/` }),
    bad("the entry of another artifact", swapped),
    bad(
      "the entry of another signature by the same key",
      changed(blob, (copy) => {
        copy.verificationMaterial.tlogEntries = again.verificationMaterial.tlogEntries
      }),
    ),
    bad(
      "another digest in the message",
      changed(blob, ({ messageSignature }) => {
        if (messageSignature)
          messageSignature.messageDigest.digest = flipped(messageSignature.messageDigest.digest)
      }),
    ),
    bad(
      "another signature",
      changed(blob, ({ messageSignature }) => {
        if (messageSignature) messageSignature.signature = flipped(messageSignature.signature, 20)
      }),
    ),
    bad("the certificate of another authority", blob, { trustedRoot: makeWorld().trustedRoot }),
  ]
}

async function envelopes(world: World, version: Version): Promise<readonly Case[]> {
  const forms = version === 1 ? (["dsse", "intoto"] as const) : (["dsse", "pae"] as const)
  const cases: Case[] = []
  for (const form of forms) {
    const good = await signIn(world, version, form)
    const other = await signIn(world, version, form, { artifact: Buffer.from("another") })
    const { verificationMaterial } = good
    const { tlogEntries } = verificationMaterial
    const bad = (name: string, bundle: BundleJson, given = {}) =>
      cases.push(caseOf(world, `v${version}: ${form}: ${name}`, false, bundle, given))
    const resigned = changed(good, ({ dsseEnvelope }) => {
      const [only] = dsseEnvelope?.signatures ?? []
      if (only) only.sig = base64(otherS(Buffer.from(only.sig, "base64")))
    })
    bad(
      "an envelope that was not logged",
      changed(other, (copy) => {
        copy.verificationMaterial.tlogEntries = tlogEntries
      }),
      { artifact: Buffer.from("another") },
    )
    bad("a signature that was not logged", resigned)
    bad(
      "a signature by another key",
      changed(good, ({ dsseEnvelope }) => {
        if (dsseEnvelope === undefined) return
        const payload = Buffer.from(dsseEnvelope.payload, "base64")
        const message = dssePae(IN_TOTO, payload)
        const sig = signMessage(makeSigner("ecdsa-p256"), "PKIX_ECDSA_P256_SHA_256", message)
        dsseEnvelope.signatures = [{ sig: base64(sig), keyid: "" }]
      }),
    )
    bad("another artifact", good, { artifact: Buffer.from("another") })
  }
  return cases
}

function proofs(world: World, version: Version, blob: BundleJson): readonly Case[] {
  const bad = (name: string, bundle: BundleJson) =>
    caseOf(world, `v${version}: ${name}`, false, bundle)
  const base = version === 1 ? asOlder(blob, "0.2", [world.leaf]) : blob
  return [
    bad(
      "no inclusion proof",
      withEntry(base, (entry) => {
        delete entry.inclusionProof
      }),
    ),
    bad(
      "a hash of the proof with one bit changed",
      withEntry(blob, ({ inclusionProof }) => {
        if (inclusionProof)
          inclusionProof.hashes = inclusionProof.hashes.map((hash) => flipped(hash))
      }),
    ),
    bad(
      "another root in the checkpoint",
      withCheckpoint(blob, ([origin = "", size = "", root = "", ...rest]) => [
        origin,
        size,
        flipped(root),
        ...rest,
      ]),
    ),
    bad(
      "a checkpoint without its origin",
      withCheckpoint(blob, ([, ...rest]) => rest),
    ),
    bad(
      "a checkpoint without its size",
      withCheckpoint(blob, ([origin = "", , ...rest]) => [origin, ...rest]),
    ),
    bad(
      "a checkpoint without its root",
      withCheckpoint(blob, ([origin = "", size = "", , ...rest]) => [origin, size, ...rest]),
    ),
    bad(
      "a checkpoint without the log's signature",
      withCheckpoint(blob, (lines) => [...lines.slice(0, 4), ""]),
    ),
    bad(
      "a checkpoint signed in another name",
      withCheckpoint(blob, (lines) =>
        lines.map((line) => line.replace(/^— rekor\d\.example/, "— rekor.example")),
      ),
    ),
    bad(
      "a checkpoint signed by another key",
      withCheckpoint(blob, (lines) =>
        lines.map((line) =>
          line.startsWith("— ") ? line.replace(/ \S{6}(\S+)$/, " AAAAAA$1") : line,
        ),
      ),
    ),
    bad(
      "a wrong signature on the checkpoint",
      withCheckpoint(blob, (lines) =>
        lines.map((line) =>
          line.startsWith("— ") ? line.replace(/(.{24})$/, (end) => flipped(end)) : line,
        ),
      ),
    ),
    bad(
      "a body with one byte changed",
      withEntry(blob, (entry) => {
        entry.canonicalizedBody = flipped(entry.canonicalizedBody, 60)
      }),
    ),
    bad(
      "another size in the proof",
      withEntry(blob, ({ inclusionProof }) => {
        if (inclusionProof) inclusionProof.treeSize = String(Number(inclusionProof.treeSize) - 1)
      }),
    ),
  ]
}

async function certificates(world: World, version: Version): Promise<readonly Case[]> {
  const { authority, signer } = world
  const wanted = { publicKey: signer.spki, identity: IDENTITY, issuer: ISSUER, at: AT }
  const sign = (more: object) => {
    const [certificate] = authority.issue({ ...wanted, ...more }).chain
    return signIn(world, version, "blob", { certificate })
  }
  const bad = (name: string, bundle: BundleJson, given = {}) =>
    caseOf(world, `v${version}: ${name}`, false, bundle, given)
  const late = { at: new Date(AT.getTime() + 2 * MINUTE) }
  const early = { at: new Date(AT.getTime() - 20 * MINUTE) }
  const foreign = (signed: Uint8Array) => [makeAuthority().promise(signed, AT)]
  const blob = await signIn(world, version, "blob")
  const ended = (member: "certificateAuthorities" | "ctlogs", end: string) =>
    withRoot(world.trustedRoot, (root) => {
      const [only] = root[member]
      const holder = member === "ctlogs" ? only.publicKey : only
      holder.validFor.end = end
    })
  const before = new Date(AT.getTime() - 1000).toISOString()
  return [
    bad("a certificate issued later", await sign(late)),
    bad("a certificate that had expired", await sign(early)),
    bad("a certificate without a promise", await sign({ promises: "none" })),
    bad("a promise of another certificate log", await sign({ promises: foreign })),
    bad("a certificate that is an authority's", await sign({ isAuthority: true })),
    bad("a certificate for servers", await sign({ purposes: ["1.3.6.1.5.5.7.3.1"] })),
    bad("an authority that was believed until before", blob, {
      trustedRoot: ended("certificateAuthorities", before),
    }),
    bad("a certificate log that was believed until before", blob, {
      trustedRoot: ended("ctlogs", before),
    }),
    bad("an authority of another key", blob, {
      trustedRoot: withRoot(world.trustedRoot, (root) => {
        root.certificateAuthorities = JSON.parse(makeWorld().trustedRoot).certificateAuthorities
      }),
    }),
  ]
}

async function keys(world: World, version: Version): Promise<readonly Case[]> {
  const bundle = await signIn(world, version, "blob", { isKeyed: true })
  const key = publicPemOf(makeSigner("ecdsa-p256"))
  return [
    caseOf(world, `v${version}: by a key where a certificate is asked for`, false, bundle),
    caseOf(world, `v${version}: by another key`, false, bundle, { key }),
  ]
}

export async function badCases(world: World, version: Version): Promise<readonly Case[]> {
  const blob = await signIn(world, version, "blob")
  return [
    ...unreadable(world, blob, `v${version}`),
    ...(await elsewhere(world, version, blob)),
    ...(await envelopes(world, version)),
    ...proofs(world, version, blob),
    ...(await certificates(world, version)),
    ...(await keys(world, version)),
  ]
}
