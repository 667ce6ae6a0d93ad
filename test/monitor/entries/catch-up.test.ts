import { expect, test } from "vitest"
import { formatCheckpoint } from "../../../src/core/note/checkpoint.ts"
import { formatNote, parseNote } from "../../../src/core/note/note.ts"
import { makeSigner } from "../../entry/signers.ts"
import { testSigner } from "../../signers.ts"
import { origin } from "../made-log.ts"
import { DAY, MINUTE, START, type Travelled, travel } from "../travelled-log.ts"
import { certifiedBody, ISSUER } from "./watched-entries.ts"

const IDENTITY = "https://github.com/acme/app/.github/workflows/release.yml@refs/heads/main"
const witness = testSigner("witness.example/w1", 4, 3)
const ci = makeSigner("ecdsa-p256")
/** When the certificate begins, and when it ends. */
const NOT_BEFORE = START + DAY
const NOT_AFTER = NOT_BEFORE + 10 * MINUTE

/** The log's note at a size with a witness's line of this time (Unix milliseconds). */
function cosigned({ log }: Travelled, size: number, at: number): string {
  const note = parseNote(log.note(size))
  const text = formatCheckpoint(origin, log.head(size))
  return formatNote(note.text, [
    ...note.signatures,
    witness.sign(text, { ...log.head(size), origin }, at / 1000),
  ])
}

/** A monitor that was off for eight days, in which an entry by a certificate came. */
async function offForDays(): Promise<Travelled> {
  const travelled = await travel(["signer ci", `  oidc ${ISSUER} ${IDENTITY}`], {
    witnesses: [{ name: "w1", vkey: witness.vkey }],
    threshold: 1,
  })
  const { log } = travelled
  let at = START
  log.source.checkpoint = () => Promise.resolve(cosigned(travelled, log.bodies.length, at))
  log.bodies.push(certifiedBody(makeSigner("ecdsa-p256"), "other", {}))
  await travelled.round(START)
  const dates = { notBefore: new Date(NOT_BEFORE), notAfter: new Date(NOT_AFTER) }
  log.bodies.push(certifiedBody(ci, "app", { identity: IDENTITY, issuer: ISSUER, ...dates }))
  at = START + 8 * DAY
  await travelled.round(at)
  return travelled
}

function post(travelled: Travelled, size: number, at: number): void {
  const note = cosigned(travelled, size, at)
  const receivedAt = START + 8 * DAY
  travelled.mailbox.postHead({ origin, note, size, contradicts: false, receivedAt })
}

test("a monitor that was off says that it cannot tell whether a certificate was valid", async () => {
  const travelled = await offForDays()
  expect(travelled.findings()).toContain("ATTESTED undecided-validity")
  const { logs, worst } = travelled.status(START + 8 * DAY)
  expect(logs[0]?.entries.undecided).toBe(1)
  expect(worst).toBe(1)
})

test("a head from that time with the entry in it shows that it came in time", async () => {
  const travelled = await offForDays()
  post(travelled, 2, NOT_AFTER - MINUTE)
  await travelled.round(START + 8 * DAY + MINUTE)
  await travelled.round(START + 9 * DAY)
  expect(travelled.findings().filter((each) => each.includes("validity"))).toEqual([])
  expect(travelled.standings().undecided).toBe(0)
})

test("a head from behind its end without the entry proves that it came too late", async () => {
  const travelled = await offForDays()
  post(travelled, 1, START + 4 * DAY)
  await travelled.round(START + 8 * DAY + MINUTE)
  await travelled.round(START + 9 * DAY)
  expect(travelled.findings().filter((each) => each.includes("validity"))).toEqual([
    "PROVEN outside-validity 1",
  ])
})

test("what was decided by the heads of its time stays decided when it is judged again", async () => {
  const travelled = await travel([], {
    witnesses: [{ name: "w1", vkey: witness.vkey }],
    threshold: 1,
  })
  const { log } = travelled
  let at = NOT_BEFORE
  log.source.checkpoint = () => Promise.resolve(cosigned(travelled, log.bodies.length, at))
  const dates = { notBefore: new Date(NOT_BEFORE), notAfter: new Date(NOT_AFTER) }
  for (let day = 0; day < 68; day++) {
    const begin = NOT_BEFORE + day * DAY
    const own = { notBefore: new Date(begin), notAfter: new Date(begin + 10 * MINUTE) }
    log.bodies.push(
      certifiedBody(ci, `app ${day}`, { identity: IDENTITY, issuer: ISSUER, ...dates, ...own }),
    )
    at = begin + MINUTE
    await travelled.round(at)
  }
  expect(travelled.standings().undecided).toBe(0)
  travelled.watch = ["signer ci", `  oidc ${ISSUER} ${IDENTITY}`]
  await travelled.round(at + MINUTE)
  expect(travelled.standings().undecided).toBe(0)
})
