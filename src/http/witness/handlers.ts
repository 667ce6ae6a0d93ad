// What a witness answers: the two routes of C2SP tlog-witness, and beside them evidence and what operators
// ask. What a handler throws becomes an answer by server.ts.
import type { AuditHead } from "../../core/acts/act.ts"
import { parseUtf8, utf8 } from "../../core/base/bytes.ts"
import { digestOf } from "../../core/base/digest.ts"
import { refuse, shown } from "../../core/base/errors.ts"
import { LONGEST_EVIDENCE } from "../../core/base/limits.ts"
import { formatHex } from "../../core/base/text.ts"
import {
  LONGEST_ADD_CHECKPOINT,
  longestAddCheckpoint,
  USUAL_ADD_CHECKPOINT,
} from "../../core/note/add-checkpoint-length.ts"
import { createTurns } from "../../evidence/turns.ts"
import type { Witness, WitnessedLogStatus } from "../../witness/witness.ts"
import { type Answer, textAnswer } from "../serving/answer.ts"
import { publicPrefix } from "../serving/public-url.ts"
import type { BodyRule } from "../serving/request-body.ts"
import { type Call, get, isOpen, post, type Route, type WriteCall } from "../serving/route.ts"

/** The witness and what its door says of it. */
export interface ServedWitness {
  /** The name of its keys. */
  readonly name: string
  readonly vkeys: readonly string[]
  readonly witness: Witness
  /** The base URL at which it is reached, if it has a path. */
  readonly publicUrl?: string | undefined
  /** Why nothing is cosigned now, beside what the witness says itself; undefined if checkpoints are. */
  obstacle(): string | undefined
  /** The newest head of the audit log; undefined as long as there is none. */
  readonly auditHead?: (() => AuditHead | undefined) | undefined
}

/** Nobody who posts anything else takes room from those who ask for cosignatures. */
const checkpointRule: BodyRule = {
  limit: LONGEST_ADD_CHECKPOINT,
  group: "add-checkpoint",
  longer: { from: USUAL_ADD_CHECKPOINT, allowed: longestAddCheckpoint },
}

/** How much of evidence is read before it has named a log that is cosigned here. */
const EVIDENCE_UNNAMED = 16 * 1024

function evidenceRule({ witness }: ServedWitness): BodyRule {
  const allowed = (begun: Buffer): number => {
    witness.assertConcerned(begun.toString("utf8", 0, EVIDENCE_UNNAMED))
    return LONGEST_EVIDENCE
  }
  const longer = { from: EVIDENCE_UNNAMED, allowed }
  return { limit: LONGEST_EVIDENCE, group: "evidence", mediaType: "text/plain", longer }
}

function obstacleOf({ witness, obstacle }: ServedWitness): string | undefined {
  const { stopped, doubt } = witness.status()
  return obstacle() ?? stopped ?? doubt
}

function freezeText({ frozen }: WitnessedLogStatus): string {
  if (frozen === undefined) return ""
  return frozen.cause === "proven"
    ? `, frozen by evidence ${frozen.evidence}`
    : ", frozen because this witness was rolled back"
}

function auditText(head: AuditHead | undefined): string {
  return head === undefined ? "" : `\naudit log: ${head.records}:${head.hash}\n`
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
    auditText(served.auditHead?.()),
  ].join("")
}

function originHash(origin: string): string {
  return formatHex(digestOf("sha256", utf8(origin)))
}

const noCheckpoint = (hash: string) =>
  `expected the SHA-256 of the origin of a log that was cosigned, found ${hash}; GET / lists them`
const noEvidence = (id: string) =>
  `expected the ID of kept evidence, found ${shown(id)}; GET /evidence lists them`

export function witnessRoutes(served: ServedWitness): readonly Route[] {
  const { witness } = served
  const turns = createTurns()
  const places = `${publicPrefix(served.publicUrl)}/evidence/`
  const origins: ReadonlyMap<string, string> = new Map(
    witness.status().logs.map(({ origin }) => [originHash(origin), origin]),
  )

  async function addCheckpoint({ withBody }: WriteCall): Promise<Answer> {
    return textAnswer(200, (await withBody(witness.addCheckpoint)).lines)
  }

  function getCheckpoint({ parameters: { hash } }: Call<{ readonly hash: string }>): Answer {
    const origin = origins.get(hash)
    const checkpoint = origin === undefined ? undefined : witness.checkpoint(origin)
    return textAnswer(200, checkpoint ?? refuse("not-found", noCheckpoint(hash)))
  }

  async function addEvidence({ withBody }: WriteCall): Promise<Answer> {
    const { id } = await withBody((bytes, client) =>
      turns(client, () => witness.takeEvidence(parseUtf8(bytes, "evidence"))),
    )
    return textAnswer(201, `${id}\n`, { location: places + id })
  }

  async function listEvidence(): Promise<Answer> {
    const kept = await witness.evidence()
    const lines = kept.map(({ origin, evidence: { id, kind } }) => `${id} ${kind} ${origin}\n`)
    return textAnswer(200, lines.join(""))
  }

  async function getEvidence({ parameters }: Call<{ readonly id: string }>): Promise<Answer> {
    const { id } = parameters
    const found = (await witness.evidence()).find(({ evidence }) => evidence.id === id)
    return textAnswer(200, found?.evidence.text ?? refuse("not-found", noEvidence(id)))
  }

  function readiness(): Answer {
    const reason = obstacleOf(served)
    if (reason !== undefined) refuse("try-later", reason)
    const { standing } = witness.status()
    return textAnswer(
      200,
      standing === undefined ? "ok\n" : `ok, but new times stand still: ${standing}\n`,
    )
  }

  return [
    post("addCheckpoint", "/add-checkpoint", checkpointRule, addCheckpoint, {
      ...{ isHot: true, weight: "cosign" },
    }),
    get("getCosignedCheckpoint", "/{hash}/checkpoint", getCheckpoint, {
      isHot: true,
      where: { hash: "[0-9a-f]{64}" },
    }),
    post("addEvidence", "/evidence", evidenceRule(served), addEvidence, {
      ...{ scope: "evidence", weight: "evidence" },
    }),
    get("listEvidence", "/evidence", listEvidence),
    get("getEvidence", "/evidence/{id}", getEvidence),
    get("getStatusPage", "/", () => textAnswer(200, statusText(served))),
    get("getLiveness", "/livez", () => textAnswer(200, "ok\n"), isOpen),
    get("getReadiness", "/readyz", readiness, isOpen),
  ]
}
