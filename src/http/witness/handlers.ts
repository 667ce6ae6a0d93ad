// What a witness answers: the two routes of C2SP tlog-witness, and beside them evidence and what operators
// ask. What a handler throws becomes an answer by answers.ts.
import { parseUtf8, utf8 } from "../../core/base/bytes.ts"
import { digestOf } from "../../core/base/digest.ts"
import { refuse } from "../../core/base/errors.ts"
import { formatHex } from "../../core/base/text.ts"
import type { Witness, WitnessedLogStatus } from "../../witness/witness.ts"
import { textAnswer } from "../serving/answer.ts"
import type { Call, Route } from "../serving/route.ts"

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

/** 63 proof lines and 32 signatures of ML-DSA-44 have some 107 KB. */
const LONGEST_CHECKPOINT_REQUEST = 128 * 1024
const LONGEST_EVIDENCE = 1024 * 1024

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

export function witnessRoutes(served: ServedWitness): readonly Route[] {
  const { witness } = served
  const origins: ReadonlyMap<string, string> = new Map(
    witness.status().logs.map(({ origin }) => [originHash(origin), origin]),
  )
  const missing = (what: string): never => refuse("not-found", `the witness has no ${what}`)

  return [
    {
      operation: "addCheckpoint",
      method: "POST",
      path: "/add-checkpoint",
      isHot: true,
      body: { limit: LONGEST_CHECKPOINT_REQUEST },
      async handle({ withBody }) {
        return textAnswer(200, (await withBody((bytes) => witness.addCheckpoint(bytes))).lines)
      },
    },
    {
      operation: "getCheckpoint",
      method: "GET",
      path: "/{hash}/checkpoint",
      where: { hash: "[0-9a-f]{64}" },
      isHot: true,
      handle({ parameters: { hash } }: Call<{ readonly hash: string }>) {
        const origin = origins.get(hash)
        const checkpoint = origin === undefined ? undefined : witness.checkpoint(origin)
        return textAnswer(200, checkpoint ?? missing("checkpoint of such a log"))
      },
    },
    {
      operation: "addEvidence",
      method: "POST",
      path: "/evidence",
      body: { limit: LONGEST_EVIDENCE },
      async handle({ withBody }) {
        const { id } = await withBody((bytes) => witness.takeEvidence(parseUtf8(bytes, "evidence")))
        return textAnswer(201, `${id}\n`, { location: `/evidence/${id}` })
      },
    },
    {
      operation: "listEvidence",
      method: "GET",
      path: "/evidence",
      async handle() {
        const kept = await witness.evidence()
        const lines = kept.map(({ origin, evidence: { id, kind } }) => `${id} ${kind} ${origin}\n`)
        return textAnswer(200, lines.join(""))
      },
    },
    {
      operation: "getEvidence",
      method: "GET",
      path: "/evidence/{id}",
      async handle({ parameters: { id } }: Call<{ readonly id: string }>) {
        const found = (await witness.evidence()).find(({ evidence }) => evidence.id === id)
        return textAnswer(200, found?.evidence.text ?? missing("such evidence"))
      },
    },
    {
      operation: "getStatus",
      method: "GET",
      path: "/",
      handle: () => textAnswer(200, statusText(served)),
    },
    {
      operation: "getLiveness",
      method: "GET",
      path: "/livez",
      handle: () => textAnswer(200, "ok\n"),
    },
    {
      operation: "getReadiness",
      method: "GET",
      path: "/readyz",
      handle() {
        const reason = obstacleOf(served)
        return textAnswer(200, reason === undefined ? "ok\n" : refuse("try-later", reason))
      },
    },
  ]
}
