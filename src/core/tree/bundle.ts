// Entry bundles of C2SP tlog-tiles: up to 256 entries, each after its length as a big-endian u16.
import { readU16, writeU16 } from "../base/bytes.ts"
import { refuse } from "../base/errors.ts"
import { LONGEST_BODY } from "../base/limits.ts"
import { TILE_WIDTH } from "./tile.ts"

/** Refuses `too-large` for a body that no bundle can hold. */
export function assertBodyLength(body: Uint8Array): void {
  if (body.length > LONGEST_BODY) {
    refuse("too-large", `entry body: expected up to ${LONGEST_BODY} bytes, found ${body.length}`)
  }
}

export function encodeBundle(bodies: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const body of bodies) {
    assertBodyLength(body)
    length += 2 + body.length
  }
  const bundle = new Uint8Array(length)
  let at = 0
  for (const body of bodies) {
    writeU16(bundle, at, body.length)
    bundle.set(body, at + 2)
    at += 2 + body.length
  }
  return bundle
}

/** A view of the first `count` entries of a bundle, which must have so many. */
export function bundleStart(bundle: Uint8Array, count: number): Uint8Array {
  let at = 0
  for (let i = 0; i < count; i++) at += 2 + readU16(bundle, at)
  return bundle.subarray(0, at)
}

/**
 * The bodies of an entry bundle (C2SP tlog-tiles) as views into it. Refuses `malformed` unless it holds exactly
 * `count`.
 *
 * @example
 * ```ts
 * import { readFileSync } from "node:fs"
 * import { decodeBundle } from "countersign/audit"
 *
 * console.log(decodeBundle(readFileSync("entries"), 5).length) // 5
 * ```
 */
export function decodeBundle(bundle: Uint8Array, count: number): Uint8Array[] {
  const bodies: Uint8Array[] = []
  let at = 0
  while (at < bundle.length && bodies.length < TILE_WIDTH) {
    const end = at + 2 + (at + 2 <= bundle.length ? readU16(bundle, at) : 0)
    if (end > bundle.length) refuse("malformed", `entry bundle ends inside entry ${bodies.length}`)
    bodies.push(bundle.subarray(at + 2, end))
    at = end
  }
  if (at !== bundle.length || bodies.length !== count) {
    refuse("malformed", `entry bundle: expected exactly ${count} entries, found other bytes`)
  }
  return bodies
}
