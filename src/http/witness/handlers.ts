// What a witness answers: the two routes of C2SP tlog-witness, and beside them evidence and what operators
// ask. Each handler is a function to an answer; what it throws becomes one by witness-answers.ts.
import { parseUtf8, utf8 } from "../../core/base/bytes.ts"
import { digestOf } from "../../core/base/digest.ts"
import { Refusal, refuse } from "../../core/base/errors.ts"
import { LONGEST_EVIDENCE } from "../../core/base/limits.ts"
import { formatHex } from "../../core/base/text.ts"
import type { Witness, WitnessedLogStatus } from "../../witness/witness.ts"
import { textAnswer } from "../serving/answer.ts"
import type { PlainCall, PlainHandler } from "../serving/plain-serving.ts"
import type { BodyReader } from "../serving/request-body.ts"

/** The witness and what its door says of it. */
export interface ServedWitness {
  /** The name of its keys. */
  readonly name: string
  readonly vkeys: readonly string[]
  readonly witness: Pick<
    Witness,
    "addCheckpoint" | "checkpoint" | "takeEvidence" | "evidence" | "status"
  >
  /** Why nothing is cosigned now, beside what the witness says itself; undefined if checkpoints are. */
  obstacle(): string | undefined
}

export type WitnessOperation =
  | "addCheckpoint"
  | "getCheckpoint"
  | "addEvidence"
  | "listEvidence"
  | "getEvidence"
  | "getStatus"
  | "getLiveness"
  | "getReadiness"

export type WitnessHandlers = { readonly [Operation in WitnessOperation]: PlainHandler }

/** 63 proof lines and 32 signatures of ML-DSA-44 have some 107 KB. */
const LONGEST_CHECKPOINT_REQUEST = 128 * 1024

function obstacleOf({ witness, obstacle }: ServedWitness): string | undefined {
  return obstacle() ?? witness.status().stopped
}

function freezeText({ frozen }: WitnessedLogStatus): string {
  if (frozen === undefined) return ""
  return frozen.cause === "proven"
    ? `, frozen by evidence ${frozen.evidence}`
    : ", frozen because this witness was rolled back"
}

function statusText(served: ServedWitness): string {
  const reason = obstacleOf(served)
  const { logs } = served.witness.status()
  return [
    `Countersign witness ${served.name}: `,
    reason === undefined ? "cosigning\n" : `not cosigning: ${reason}\n`,
    "\nverifier keys:\n",
    ...served.vkeys.map((vkey) => `${vkey}\n`),
    "\nlogs:\n",
    ...logs.map((log) => `${log.origin}: size ${log.size}${freezeText(log)}\n`),
  ].join("")
}

function originHash(origin: string): string {
  return formatHex(digestOf("sha256", utf8(origin)))
}

export function witnessHandlers(served: ServedWitness, bodies: BodyReader): WitnessHandlers {
  const { witness } = served
  const origins: ReadonlyMap<string, string> = new Map(
    witness.status().logs.map(({ origin }) => [originHash(origin), origin]),
  )

  /** Reads a body, and holds its bytes against the budget until `take` is done with them. */
  async function withBody<T>(
    { request, response }: PlainCall,
    limit: number,
    take: (bytes: Uint8Array) => Promise<T>,
  ): Promise<T> {
    const body = await bodies.read(request, response, { limit })
    try {
      return await take(body.bytes)
    } finally {
      body.release()
    }
  }

  const missing = (what: string): never => refuse("not-found", `the witness has no ${what}`)

  return {
    async addCheckpoint(call) {
      const { lines } = await withBody(call, LONGEST_CHECKPOINT_REQUEST, (body) =>
        witness.addCheckpoint(body),
      )
      return textAnswer(200, lines)
    },
    getCheckpoint({ name }) {
      const origin = origins.get(name)
      const checkpoint = origin === undefined ? undefined : witness.checkpoint(origin)
      return textAnswer(200, checkpoint ?? missing("checkpoint of such a log"))
    },
    async addEvidence(call) {
      const { id } = await withBody(call, LONGEST_EVIDENCE, (body) =>
        witness.takeEvidence(parseUtf8(body, "evidence")),
      )
      return textAnswer(201, `${id}\n`, { location: `/evidence/${id}` })
    },
    async listEvidence() {
      const kept = await witness.evidence()
      const lines = kept.map(({ origin, evidence: { id, kind } }) => `${id} ${kind} ${origin}\n`)
      return textAnswer(200, lines.join(""))
    },
    async getEvidence({ name }) {
      const found = (await witness.evidence()).find(({ evidence }) => evidence.id === name)
      return textAnswer(200, found?.evidence.text ?? missing("such evidence"))
    },
    getStatus: () => textAnswer(200, statusText(served)),
    getLiveness: () => textAnswer(200, "ok\n"),
    getReadiness() {
      const reason = obstacleOf(served)
      if (reason !== undefined) throw new Refusal("try-later", reason)
      return textAnswer(200, "ok\n")
    },
  }
}
