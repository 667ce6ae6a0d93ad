import { describe, expect, it } from "vitest"
import {
  expectations,
  expectShipped,
  isAwaited,
  MOST_LOGGED,
  noteLogged,
  overdueExpectations,
} from "../../../src/monitor/entries/expectation.ts"
import { makeSigner } from "../../entry/signers.ts"
import { hashedrekordOf, keyOf } from "../../evidence/made-cases.ts"
import { digestOf, newDocuments, ORIGIN, startExamination, watchOf } from "./watched-entries.ts"

const owner = makeSigner("ecdsa-p256")
const stranger = makeSigner("ecdsa-p256")
const HOUR = 3_600_000
const subject = ["subject app", `  digest ${digestOf("app")}`, `  signer key ${keyOf(owner)}`]

function listOf(...artifacts: readonly string[]) {
  return artifacts.map((artifact) => `${digestOf(artifact)}\n`).join("")
}

async function shipping(list: string) {
  const watch = await watchOf([...subject, "shipped list within 2"], { list })
  return { watch, ...startExamination(watch) }
}

describe("not-logged", () => {
  it("is what was shipped and is not there at the deadline", async () => {
    const { watch, documents, next } = await shipping(listOf("app", "other"))
    expectShipped(documents, ORIGIN, watch, 0)
    next(hashedrekordOf(owner, "app"))
    expect(overdueExpectations(documents, ORIGIN, 2 * HOUR - 1)).toEqual([])
    const overdue = [{ digest: digestOf("other"), deadline: 2 * HOUR }]
    expect(overdueExpectations(documents, ORIGIN, 2 * HOUR)).toEqual(overdue)
    next(hashedrekordOf(stranger, "other"))
    expect(overdueExpectations(documents, ORIGIN, 9 * HOUR)).toEqual([])
  })

  it("keeps the deadline however often the watch file is read", async () => {
    const { watch, documents } = await shipping(listOf("app"))
    for (const now of [0, HOUR, 2 * HOUR]) expectShipped(documents, ORIGIN, watch, now)
    expect(overdueExpectations(documents, ORIGIN, 2 * HOUR)).toHaveLength(1)
  })

  it("is not what the owner had logged before it was shipped", async () => {
    const { watch, documents, next } = await shipping(listOf("app", "other"))
    next(hashedrekordOf(owner, "app"))
    next(hashedrekordOf(stranger, "other"))
    expectShipped(documents, ORIGIN, watch, 0)
    const overdue = overdueExpectations(documents, ORIGIN, 2 * HOUR)
    expect(overdue.map(({ digest }) => digest)).toEqual([digestOf("other")])
  })

  it("is not met by an entry that nobody expected", async () => {
    const { watch, documents, next } = await shipping(listOf("app"))
    expectShipped(documents, ORIGIN, watch, 0)
    expect(next(hashedrekordOf(stranger, "app"))).toHaveLength(1)
    expect(overdueExpectations(documents, ORIGIN, 2 * HOUR)).toHaveLength(1)
  })

  it("is not an image or a commit of which the log has what clients log in its place", async () => {
    const commit = "cd".repeat(20)
    const image = `sha256:${"ab".repeat(32)}`
    const list = `commit ${commit}\nimage ghcr.io/acme/app@${image}\n`
    const { watch, documents, next } = await shipping(list)
    // gitsign signs the ID as text, cosign 2 this JSON.
    next(hashedrekordOf(owner, commit))
    expectShipped(documents, ORIGIN, watch, 0)
    const overdue = () =>
      overdueExpectations(documents, ORIGIN, 2 * HOUR).map(({ digest }) => digest)
    expect(overdue()).toEqual([`gitCommit:${commit}`, image])
    next(hashedrekordOf(stranger, commit))
    expect(overdue()).toEqual([image])
    const identity = '{"docker-reference":"ghcr.io/acme/app"}'
    const manifest = `{"docker-manifest-digest":"${image}"}`
    const type = "cosign container image signature"
    next(
      hashedrekordOf(
        owner,
        `{"critical":{"identity":${identity},"image":${manifest},"type":"${type}"},"optional":null}`,
      ),
    )
    expect(overdue()).toEqual([])
  })

  it("is met by what a watched signer had logged in place of an image before it was shipped", async () => {
    const commit = "ef".repeat(20)
    const lines = ["subject code", `  commit ${commit}`, `  signer key ${keyOf(owner)}`]
    const watch = await watchOf([...lines, "shipped list within 2"], { list: `commit ${commit}\n` })
    const { documents, next } = startExamination(watch)
    next(hashedrekordOf(owner, commit))
    expectShipped(documents, ORIGIN, watch, 0)
    expect(overdueExpectations(documents, ORIGIN, 2 * HOUR)).toEqual([])
  })

  it("is given up for what is no longer on the list, and meant for one log", async () => {
    const { documents, watch } = await shipping(listOf("app", "other"))
    expectShipped(documents, ORIGIN, watch, 0)
    const shorter = await watchOf(["shipped list", "shipped more in log.b"], {
      list: listOf("app"),
      more: listOf("elsewhere"),
    })
    expectShipped(documents, ORIGIN, shorter, 1)
    expectShipped(documents, "log.b", shorter, 1)
    const digests = (origin: string) =>
      overdueExpectations(documents, origin, 99 * HOUR).map(({ digest }) => digest)
    expect(digests(ORIGIN)).toEqual([digestOf("app")])
    expect(digests("log.b").sort()).toEqual([digestOf("app"), digestOf("elsewhere")].sort())
  })

  it("is not what was logged lately, however much was logged before", async () => {
    const { watch, documents, next } = await shipping(listOf("app"))
    for (let i = 0; i < MOST_LOGGED; i++) noteLogged(documents, ORIGIN, `sha256:${i}`, i)
    next(hashedrekordOf(owner, "app"))
    expect(documents.list(expectations)).toHaveLength(MOST_LOGGED - MOST_LOGGED / 10 + 1)
    expectShipped(documents, ORIGIN, watch, 0)
    expect(isAwaited(documents, ORIGIN, digestOf("app"))).toBe(false)
    expect(overdueExpectations(documents, ORIGIN, 9 * HOUR)).toEqual([])
  })

  it("is nothing where nothing is shipped: no entry is remembered for it", async () => {
    const { documents, next } = startExamination(await watchOf(subject))
    next(hashedrekordOf(owner, "app"))
    expect(documents.list(expectations)).toEqual([])
    expect(newDocuments().list(expectations)).toEqual([])
  })
})
