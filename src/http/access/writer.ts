// Who sends a request, as far as the access gate has found out, and what such a writer may do.
import type { IncomingMessage } from "node:http"
import type { Scope } from "../../core/access/scope.ts"
import type { WriteRule } from "../../entry/kinds/write-rule.ts"

export interface Writer {
  /** `token:NAME`, `oidc:NAME` or `certificate:NAME`. */
  readonly id: string
  readonly scopes: ReadonlySet<Scope>
  /** Points a minute; as an address has them if undefined. */
  readonly perMinute?: number
  /** Whose entries it may add; everyone's if undefined. */
  readonly allow?: Pick<WriteRule, "keys" | "identities">
}

const WRITER = Symbol("writer")

interface OfWriter {
  [WRITER]?: Writer
}

/** Whoever has shown who they are; undefined for anonymous requests, and before the access gate. */
export function writerOf(request: IncomingMessage): Writer | undefined {
  return (request as OfWriter)[WRITER]
}

export function assignWriter(request: IncomingMessage, writer: Writer): void {
  ;(request as OfWriter)[WRITER] = writer
}
