// One authority, one log of each version and one signer, and bundles by them: what the cases of this folder are made of.
import { createPublicKey } from "node:crypto"
import { type Authority, makeAuthority } from "../authority/authority.ts"
import { makeRekor, type Rekor } from "../authority/rekor.ts"
import { type BundleJson, type Form, type Signing, signBundle } from "../authority/signing.ts"
import { makeSigner, type Signer } from "../entry/signers.ts"

/** When everything is signed; the certificate is valid for ten minutes from then on. */
export const AT = new Date("2026-05-01T10:00:00Z")
export const MINUTE = 60_000
export const IDENTITY = "https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1"
export const ISSUER = "https://token.actions.githubusercontent.com"

export interface World {
  readonly authority: Authority
  readonly rekor: Readonly<Record<1 | 2, Rekor>>
  readonly signer: Signer
  readonly leaf: Uint8Array
  readonly chain: readonly Uint8Array[]
  readonly trustedRoot: string
  readonly artifact: Uint8Array
}

/** A trusted root with both logs. */
export function rootOf(authority: Authority, rekor: World["rekor"]): string {
  return authority.trustedRoot([rekor[1].trusted(), rekor[2].trusted()])
}

export function makeWorld(authority = makeAuthority()): World {
  const rekor = { 1: makeRekor(1), 2: makeRekor(2) }
  const signer = makeSigner("ecdsa-p256")
  const wanted = { publicKey: signer.spki, identity: IDENTITY, issuer: ISSUER, at: AT }
  const { chain } = authority.issue({ ...wanted, fields: { 12: "https://github.com/acme/app" } })
  const artifact = Buffer.from("an artifact\n")
  const trustedRoot = rootOf(authority, rekor)
  return { authority, rekor, signer, leaf: chain[0], chain, trustedRoot, artifact }
}

export type Wanted = Partial<Omit<Signing, "form">> & { readonly isKeyed?: boolean }

/** A good bundle: by the world's certificate unless it is keyed, with a timestamp where the log gives no time. */
export function signIn(
  world: World,
  version: 1 | 2,
  form: Form,
  { isKeyed = false, ...wanted }: Wanted = {},
): Promise<BundleJson> {
  const later = new Date(AT.getTime() + MINUTE)
  const stamped = (signature: Uint8Array) => [world.authority.timestamp(signature, later)]
  return signBundle({
    form,
    artifact: world.artifact,
    signer: world.signer,
    ...(!isKeyed && { certificate: world.leaf }),
    logs: [world.rekor[version]],
    at: later,
    ...(version === 2 && !isKeyed && { timestamp: stamped }),
    ...wanted,
  })
}

export function publicPemOf({ spki }: Signer): string {
  const key = createPublicKey({ key: Buffer.from(spki), format: "der", type: "spki" })
  return key.export({ type: "spki", format: "pem" }) as string
}
