// A handler answers one operation of the contract: a function from a call to an answer. What it throws
// becomes the answer of serving.ts. Protocols that the contract leaves out come in by a door.
import type { IncomingMessage, ServerResponse } from "node:http"
import type { ProposalOptions } from "../../entry/signature.ts"
import type { Log } from "../../log/ports/log.ts"
import type { Publisher } from "../../log/ports/publishing.ts"
import type { RekorSigner } from "../../log/ports/signer.ts"
import type { Answer } from "../serving/answer.ts"
import type { HttpConfig, Meter } from "../serving/config.ts"
import type { Problem } from "../serving/problem.ts"
import type { BodyReader } from "../serving/request-body.ts"
import type { Contract, OperationId, OperationParameters } from "./contract.ts"
import type { EntrySearch } from "./entry-search.ts"

export interface Call<Id extends OperationId> {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly parameters: OperationParameters[Id]
}

export type Handler<Id extends OperationId> = (call: Call<Id>) => Answer | Promise<Answer>

export type Handlers = { readonly [Id in OperationId]: Handler<Id> }

/** Turns what was thrown into a problem, and counts and logs it. */
export type Report = (error: unknown, operation: string) => Problem

/** A request to a protocol that has errors of its own. */
export interface DoorCall {
  /** Its name in metrics. */
  readonly operation: string
  handle(): Answer | Promise<Answer>
  /** The answer to what `handle` threw. */
  refusal(error: unknown, problem: Problem): Answer
}

/** A protocol beside the contract: everything below one path. */
export interface Door {
  /** Begins and ends with a slash. */
  readonly prefix: string
  /** The call for any request below `prefix`; `path` is what comes after it, `query` has no mark. */
  call(request: IncomingMessage, response: ServerResponse, path: string, query: string): DoorCall
}

/** What handlers are made of. */
export interface Surroundings {
  readonly log: Log
  readonly publisher: Publisher
  readonly config: HttpConfig
  readonly contract: Contract
  readonly meter: Meter
  readonly report: Report
  readonly proposal: ProposalOptions
  /** One for all handlers, as it bounds the memory of all bodies. */
  readonly bodies: BodyReader
  /** Without it there is no Rekor v1 API. */
  readonly rekorSigner?: RekorSigner
  /** Without it a search is answered with 501. */
  readonly search?: EntrySearch
  /** True once the server takes no more connections. */
  readonly isClosing: () => boolean
}
