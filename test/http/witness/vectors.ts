// The published sequence of add-checkpoint requests for a fresh witness, each with the status that must come.
import {
  H1,
  H2,
  H3,
  H4,
  H5,
  H6,
  HX,
  note,
  O,
  R1,
  R3,
  R5,
  S1,
  S3,
  S5,
  SF,
  SX,
} from "../../witness/published-values.ts"
import { requestText } from "../test-log.ts"

export interface WitnessVector {
  readonly what: string
  readonly body: string
  readonly status: number
  /** The whole body of the answer, where it is prescribed. */
  readonly answer?: string
}

export const witnessVectors: readonly WitnessVector[] = [
  { what: "the first checkpoint", body: requestText(0, [], note("1", R1, S1)), status: 200 },
  { what: "a spoilt signature", body: requestText(1, [H1, H2], note("3", R3, SX)), status: 403 },
  {
    what: "another origin",
    body: requestText(1, [H1, H2], note("3", R3, S3, `${O.slice(0, -1)}3`)),
    status: 404,
  },
  { what: "no proof", body: requestText(1, [], note("3", R3, S3)), status: 422 },
  { what: "a wrong proof", body: requestText(1, [H1, HX], note("3", R3, S3)), status: 422 },
  { what: "a right proof", body: requestText(1, [H1, H2], note("3", R3, S3)), status: 200 },
  {
    what: "an old size below the stored one",
    body: requestText(1, [H1, H6, H4], note("5", R5, S5)),
    status: 409,
    answer: "3\n",
  },
  {
    what: "the right old size",
    body: requestText(3, [H2, H3, H5, H4], note("5", R5, S5)),
    status: 200,
  },
  {
    what: "an old size of 0, later",
    body: requestText(0, [], note("5", R5, S5)),
    status: 409,
    answer: "5\n",
  },
  { what: "no signatures", body: requestText(5, [], `${O}\n5\n${R5}\n`), status: 400 },
  { what: "a size in words", body: requestText(5, [], note("five", R1, SF)), status: 400 },
]
