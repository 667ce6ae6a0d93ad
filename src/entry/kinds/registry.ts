// The registry of entry kinds: every question of what kind an entry or a submission is goes through here. A
// kind that is in the closed list (kind-names.ts) and not here does not compile.
import { refuse, shown } from "../../core/base/errors.ts"
import type { KindName } from "../kind-names.ts"
import { dsseV001 } from "./dsse-v001.ts"
import { type DsseRequest, dsseV002 } from "./dsse-v002.ts"
import { hashedrekordV001 } from "./hashedrekord-v001.ts"
import { type HashedrekordRequest, hashedrekordV002 } from "./hashedrekord-v002.ts"
import { intotoV002 } from "./intoto-v002.ts"
import type { LoggedKind, NativeKind } from "./kind.ts"
import { rekordV001 } from "./rekord-v001.ts"

/** What kind and version a module must be of that stands under a name. */
type Named<Name> = Name extends `${infer Kind}:${infer Version}`
  ? { readonly kind: Kind; readonly version: Version }
  : never

const kinds: { readonly [Name in KindName]: LoggedKind & Named<Name> } = {
  "hashedrekord:0.0.2": hashedrekordV002,
  "hashedrekord:0.0.1": hashedrekordV001,
  "dsse:0.0.2": dsseV002,
  "dsse:0.0.1": dsseV001,
  "intoto:0.0.2": intotoV002,
  "rekord:0.0.1": rekordV001,
}

/** A submission, as `POST /v1/entries` takes it (openapi.yaml). */
export type EntryRequest = HashedrekordRequest | DsseRequest

type NativeName = EntryRequest["kind"]
type RequestOf<Kind extends NativeName> = Extract<EntryRequest, { readonly kind: Kind }>

const nativeKinds: { readonly [Kind in NativeName]: NativeKind<RequestOf<Kind>> } = {
  hashedrekord: hashedrekordV002,
  dsse: dsseV002,
}

/** The kinds that the native API takes. */
export const nativeList: readonly NativeKind<EntryRequest>[] = Object.values(nativeKinds)

/** Every kind in every version. */
export const loggedKinds: readonly LoggedKind[] = Object.values(kinds)

const byName: ReadonlyMap<string, LoggedKind> = new Map(Object.entries(kinds))

/** The kind of this name (`hashedrekord:0.0.2`); undefined for one that the log does not take. */
export function loggedKind(name: string): LoggedKind | undefined {
  return byName.get(name)
}

/** How the native API takes submissions of this kind. Refuses `unsupported` for one that it does not take. */
export function nativeKind<Kind extends NativeName>(kind: Kind): NativeKind<RequestOf<Kind>> {
  if (Object.hasOwn(nativeKinds, kind)) return nativeKinds[kind]
  const known = nativeList.map((native) => `"${native.kind}"`).join(" or ")
  return refuse("unsupported", `kind: expected ${known}, found ${shown(String(kind))}`)
}
