// A handler answers one operation of the contract: a function from a call to an answer. What it throws
// becomes the answer of serving.ts.
import type { IncomingMessage, ServerResponse } from "node:http"
import type { ProposalOptions } from "../entry/signature.ts"
import type { Log } from "../log/log.ts"
import type { Answer } from "./answer.ts"
import type { HttpConfig, Meter } from "./config.ts"
import type { Contract, OperationId, OperationParameters } from "./contract.ts"
import type { Problem } from "./problem.ts"

export interface Call<Id extends OperationId> {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly parameters: OperationParameters[Id]
}

export type Handler<Id extends OperationId> = (call: Call<Id>) => Answer | Promise<Answer>

export type Handlers = { readonly [Id in OperationId]: Handler<Id> }

/** Turns what was thrown into a problem, and counts and logs it. */
export type Report = (error: unknown, operation: string) => Problem

/** What handlers are made of. */
export interface Surroundings {
  readonly log: Log
  readonly config: HttpConfig
  readonly contract: Contract
  readonly meter: Meter
  readonly report: Report
  readonly proposal: ProposalOptions
  /** True once the server takes no more connections. */
  readonly isClosing: () => boolean
}
