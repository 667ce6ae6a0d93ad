// The published sequence of add-checkpoint requests for a fresh witness, each with the status that must come.
import { requestText } from "./test-log.ts"

const O = "sigsum.org/v1/tree/4d6d8825a6bb689d459628312889dfbb0bcd41b5211d9e1ce768b0ff0309e562"
export const vectorVkey = `${O}+5202289b+Af/cLU2Y5BJNP+r3iMDC+av9eWCD0fBJVDfzAux5zxAP`

const H1 = "KgEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
const H2 = "KgIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
const H3 = "KgMAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
const H4 = "KgQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
const H5 = "wgiIFdZfYNv6WU1OllBKsWnLYIS/DBMqt8Uh/S4OukE="
const H6 = "+fUDV+k970B4I3uKrqJM4aP1lloPZP8mvr2Z4wRw2LI="
const HX = "KgIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABA="
const R1 = "KgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
const R3 = "RcCI1Nk56ZcSmIEfIn0SleqtV7uvrlXNccFx595Iwl0="
const R5 = "QrtXrQZCCvpIgsSmOsah7HdICzMLLyDfxToMql9WTjY="
const S1 =
  "UgIom7fPZTqpxWWhyjWduBvTvGVqsokMbqTArsQilegKoFBJQjUFAmQ0+YeSPM3wfUQMFSzVnnNuWRTYrajXpNUbIQY="
const S3 =
  "UgIom2VbtIcdFbwFAy1n7s6IkAxIY6J/GQOTuZF2ORV39d75cbAj2aQYwyJre36kezNobZs4SUUdrcawfAB8WVrx6go="
const SX =
  "UgIom2VbtIcdFbwFAy1n7s6IkAxIY6J/GQOTuZF2ORV39d75cbAj2aQYwyJre36kezNobZs4SUUdrcawfAB8WVrx6gx="
const S5 =
  "UgIomw/EOJmWi0i1FQsOj+etB7F8IccFam/jgd6wzRns4QPVmyEZtdvl1U2KEmLOZ/ASRcWJi0tW90dJWAShei7sDww="
const SF =
  "UgIom4JTC2MerrFcJ5xDcWHzRPVB6zzGBIw4OFqcKDflqjH4q4xY5vMxUxyczvdIlEwFYf7ivQU4KoWan2bLmzLx0go="

function note(size: string, root: string, signature: string, origin = O): string {
  return `${origin}\n${size}\n${root}\n\n— ${origin} ${signature}\n`
}

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
