// What the handlers of the log's doors are made of.
import type { ProposalOptions } from "../../entry/signature.ts"
import type { Log } from "../../log/ports/log.ts"
import type { Publisher } from "../../log/ports/publishing.ts"
import type { RekorSigner } from "../../log/ports/signer.ts"
import type { HttpConfig, Meter } from "../serving/config.ts"
import type { ServerState } from "../serving/http-server.ts"
import type { Contract } from "./contract.ts"
import type { EntrySearch } from "./entry-search.ts"

export interface Surroundings extends ServerState {
  readonly log: Log
  readonly publisher: Publisher
  readonly config: HttpConfig
  readonly contract: Contract
  readonly meter: Meter
  readonly proposal: ProposalOptions
  /** Without it there is no Rekor v1 API. */
  readonly rekorSigner?: RekorSigner | undefined
  /** Without it a search is answered with 501. */
  readonly search?: EntrySearch | undefined
}
