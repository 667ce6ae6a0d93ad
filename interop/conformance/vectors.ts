// The conformance suite's kinds of cases, made anew with an authority and logs of our own, for the built verifier over
// the suite's protocol, by file and by digest. The second opinion on each is sigstore-js's, by its own code for logs.
import { createHash } from "node:crypto"
import { allCases } from "../../test/keyless/all-cases.ts"
import type { Case } from "../../test/keyless/case.ts"
import { disputes, libraryRefusal } from "../../test/keyless/library.ts"
import type { Check } from "../running/check.ts"
import type { Room } from "../running/room.ts"
import { runTrials, type Trial } from "./trial.ts"

function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`
}

/** With files of its own, as several run at once; `number` is in their names. */
function trialOf(room: Room, given: Case, isByDigest: boolean, number: number): Trial {
  const { name, isGood, identity, issuer } = given
  const write = (file: string, content: string | Uint8Array) =>
    room.write(`${number}-${file}`, content)
  return {
    name: `${name}${isByDigest ? ", by digest" : ""}`,
    isGood,
    identity,
    issuer,
    bundle: write("bundle.sigstore.json", given.bundle),
    trustedRoot: write("trusted_root.json", given.trustedRoot),
    ...(given.key !== undefined && { key: write("key.pub", given.key) }),
    artifact: isByDigest ? digestOf(given.artifact) : write("artifact", given.artifact),
  }
}

type Cases = Promise<readonly Case[]>

function vectorsCheck(cases: Cases, version: 1 | 2, isGood: boolean): Check {
  return {
    operation: `Rekor v${version}: bundles that ${isGood ? "hold" : "must be refused"}`,
    async run(room) {
      const own = (await cases).filter(
        (each) => each.isGood === isGood && each.name.startsWith(`v${version}:`),
      )
      const trials = own.flatMap((each, i) =>
        [false, true].map((isByDigest, j) => () => trialOf(room, each, isByDigest, 2 * i + j)),
      )
      await runTrials(room, trials, { mayFail: !isGood })
    },
  }
}

function secondOpinionCheck(cases: Cases): Check {
  return {
    operation: "sigstore-js says the same but where it is known not to",
    async run() {
      const other = (await cases).filter(
        (each) => (libraryRefusal(each) === undefined) !== each.isGood && !disputes.has(each.name),
      )
      if (other.length > 0) throw new Error(other.map(({ name }) => name).join("; "))
    },
  }
}

/** By the built verifier, and by sigstore-js. */
export function vectorChecks(): readonly Check[] {
  const cases = allCases()
  return [
    vectorsCheck(cases, 1, true),
    vectorsCheck(cases, 1, false),
    vectorsCheck(cases, 2, true),
    vectorsCheck(cases, 2, false),
    secondOpinionCheck(cases),
  ]
}
