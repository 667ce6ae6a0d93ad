// The cases that hold, of both versions of logs, keyed and by a certificate.
import { makeAuthority } from "../authority/authority.ts"
import { asOlder, type Case, caseOf, withCheckpoint, withRoot } from "./case.ts"
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

/** A line of a key that nobody knows: 4 bytes of a key ID and a signature. */
const COSIGNATURE = `— witness.example ${Buffer.alloc(4 + 8 + 64, 7).toString("base64")}`

async function versionOne(world: World): Promise<readonly Case[]> {
  const blob = await signIn(world, 1, "blob")
  const intoto = await signIn(world, 1, "intoto")
  const end = new Date(AT.getTime() + MINUTE)
  const stamped = await signIn(world, 1, "blob", {
    timestamp: (signature) => [world.authority.timestamp(signature, end)],
  })
  const ended = withRoot(world.trustedRoot, ({ tlogs }) => {
    tlogs[0].publicKey.validFor.end = end.toISOString()
  })
  return [
    caseOf(world, "v1: version 0.3", true, blob),
    caseOf(world, "v1: version 0.2", true, asOlder(blob, "0.2", [world.leaf])),
    caseOf(world, "v1: version 0.1", true, asOlder(blob, "0.1", [world.leaf])),
    caseOf(
      world,
      "v1: with its authorities, which nobody needs",
      true,
      asOlder(blob, "0.1", world.chain),
    ),
    caseOf(world, "v1: an attestation as dsse", true, await signIn(world, 1, "dsse")),
    caseOf(world, "v1: an attestation as intoto", true, asOlder(intoto, "0.2", [world.leaf])),
    caseOf(world, "v1: with a timestamp as well", true, stamped),
    caseOf(world, "v1: promised in the last second of the log's key", true, blob, {
      trustedRoot: ended,
    }),
  ]
}

async function versionTwo(world: World): Promise<readonly Case[]> {
  const blob = await signIn(world, 2, "blob")
  const end = new Date(AT.getTime() + MINUTE)
  const bare = await signIn(world, 2, "blob", {
    timestamp: (signature) => [world.authority.timestamp(signature, end, { isEmbedded: false })],
  })
  const [cosigned, cosignedFirst] = [
    withCheckpoint(blob, (lines) => [...lines.slice(0, -1), COSIGNATURE, ""]),
    withCheckpoint(blob, (lines) => [...lines.slice(0, 4), COSIGNATURE, ...lines.slice(4)]),
  ]
  const stranger = COSIGNATURE.replace("witness.example", "rekor2.example")
  const another = withCheckpoint(blob, (lines) => [...lines.slice(0, -1), stranger, ""])
  const ended = withRoot(world.trustedRoot, ({ timestampAuthorities: [authority] }) => {
    authority.validFor.end = end.toISOString()
  })
  return [
    caseOf(world, "v2: an artifact", true, blob),
    caseOf(world, "v2: an attestation as dsse", true, await signIn(world, 2, "dsse")),
    caseOf(world, "v2: an attestation as its PAE", true, await signIn(world, 2, "pae")),
    caseOf(world, "v2: a timestamp without its certificate", true, bare),
    caseOf(world, "v2: a cosigned checkpoint", true, cosigned),
    caseOf(world, "v2: a cosignature before the log's signature", true, cosignedFirst),
    caseOf(world, "v2: another signature in the log's name", true, another),
    caseOf(world, "v2: stamped in the last second of the authority", true, blob, {
      trustedRoot: ended,
    }),
  ]
}

/** Cases of other authorities than the world's. */
async function others(): Promise<readonly Case[]> {
  const dates = { notBefore: AT, notAfter: new Date(AT.getTime() + 5 * MINUTE) }
  const brief = makeWorld(makeAuthority({ timestamps: dates }))
  const authority = makeAuthority()
  const world = makeWorld(authority)
  const { chain } = authority.issue({
    publicKey: world.signer.spki,
    identity: IDENTITY,
    issuer: ISSUER,
    at: AT,
    // As logs of static tiles make them.
    promises: (signed) => [authority.promise(signed, AT, Buffer.from([0, 0, 5, 0, 0, 0, 0, 9]))],
  })
  const extended = await signIn(world, 2, "blob", { certificate: chain[0] })
  return [
    caseOf(
      brief,
      "v2: a timestamp whose authority has expired since",
      true,
      await signIn(brief, 2, "blob"),
    ),
    caseOf(world, "v2: a certificate's promise with extensions", true, extended),
  ]
}

async function keyed(world: World): Promise<readonly Case[]> {
  const key = publicPemOf(world.signer)
  const isKeyed = true
  const one = await signIn(world, 1, "blob", { isKeyed })
  const two = await signIn(world, 2, "blob", { isKeyed })
  const attested = await signIn(world, 2, "dsse", { isKeyed })
  return [
    caseOf(world, "v1: by a key", true, one, { key }),
    caseOf(world, "v2: by a key", true, two, { key }),
    caseOf(world, "v2: an attestation by a key", true, attested, { key }),
  ]
}

export async function goodCases(world: World): Promise<readonly Case[]> {
  return [
    ...(await versionOne(world)),
    ...(await versionTwo(world)),
    ...(await others()),
    ...(await keyed(world)),
  ]
}
