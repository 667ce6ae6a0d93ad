import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { Command } from "commander"
import { describe, expect, test } from "vitest"
import { applyConfigFile } from "../../../src/cli/command/config-file.ts"
import { heldHeads, planPublishing, readLogPolicy } from "../../../src/cli/log/publishing.ts"
import {
  type PublishingOptions,
  publishingOptions,
  publishingTimes,
} from "../../../src/cli/log/publishing-options.ts"
import { keepContradiction } from "../../../src/cli/log/publishing-reports.ts"
import { serveOptions } from "../../../src/cli/log/serve-options.ts"
import { formatVkey, parseVkey } from "../../../src/core/note/note.ts"
import { parsePolicy } from "../../../src/core/note/policy.ts"
import { verifyEvidence } from "../../../src/evidence/verification.ts"
import { contradictionOf, openHeld } from "../../../src/log/held-head.ts"
import { defaultTimes } from "../../../src/log/publishing/publisher.ts"
import { newDisk, openLogOn, origin, proposalOf } from "../../log/opened-log.ts"
import {
  type FakeWitness,
  fakeStore,
  fakeWitness,
  policyOver,
} from "../../log/publishing/fake-witnesses.ts"
import { testSigner } from "../../signers.ts"
import { newFolder } from "../../storage/folder.ts"

const W1 = formatVkey(testSigner("w1.example", 4, 1).vkey)

function written(text: string): string {
  const file = join(newFolder(), "policy")
  writeFileSync(file, text)
  return file
}

describe("readLogPolicy()", () => {
  test("reads a policy whose witnesses all have an address", async () => {
    const file = written(`witness a ${W1} https://w1.example\nquorum a\n`)
    expect(await readLogPolicy(file)).toMatchObject({ quorum: "a" })
  })

  test.each([
    ["a witness without an address", `witness a ${W1}\nquorum a\n`, "witness a VKEY URL"],
    ["no quorum", `witness a ${W1} https://w1.example\n`, "a quorum line"],
    ["something else", "hello\n", "log, witness, group or quorum"],
  ])("refuses %s and names the file", async (_what, text, words) => {
    const file = written(text)
    const reading = readLogPolicy(file)
    await expect(reading).rejects.toMatchObject({ code: "malformed" })
    await expect(reading).rejects.toThrow(words)
    await expect(reading).rejects.toThrow(file)
  })
})

test("planPublishing() asks a witness with two keys once, under both of its names", async () => {
  const classic = testSigner("w.example", 4, 1)
  const later = testSigner("w.example", 6, 2)
  const lines = [classic, later].map(
    ({ vkey }, i) => `witness k${i} ${formatVkey(vkey)} https://w.example/x\n`,
  )
  const report = () => {}
  const plan = await planPublishing({
    file: written(`${lines.join("")}group G all k0 k1\nquorum G\n`),
    fetch: globalThis.fetch,
    times: defaultTimes,
    isCheckRequired: false,
    onEvent: report,
    onUnchecked: report,
    onContradiction: report,
  })
  expect(plan.witnesses.map(({ name }) => name)).toEqual(["k0+k1"])
  expect(plan.witnesses[0]?.members.map(({ vkey }) => vkey.type)).toEqual([4, 6])
  plan.close()
})

describe("the options about witnesses", () => {
  function parsed(words: readonly string[], config = ""): Promise<PublishingOptions> {
    const command = new Command("serve").exitOverride()
    for (const option of [...serveOptions, ...publishingOptions]) command.addOption(option)
    const given = config === "" ? [] : ["--config", written(config)]
    command.parse([...words, ...given], { from: "user" })
    return applyConfigFile(command).then(() => command.opts<PublishingOptions>())
  }

  test("are a second between rounds and ten minutes until the next cosignature, by default", async () => {
    const options = await parsed([])
    expect(options.policy).toBeUndefined()
    expect(publishingTimes(options)).toEqual({
      every: 1_000,
      deadline: 5_000,
      grace: 50,
      again: 600_000,
      wait: 10_000,
    })
  })

  test("come from flags and from the configuration file, switches included", async () => {
    expect(await parsed(["--wait-for-witnesses"])).toMatchObject({ waitForWitnesses: true })
    const config =
      "wait-for-witnesses: true\ncosign-again-minutes: 3\nrequire-witness-check: false\n"
    const options = await parsed([], config)
    expect(options).toMatchObject({ waitForWitnesses: true, requireWitnessCheck: false })
    expect(publishingTimes(options).again).toBe(180_000)
    const flag = await parsed(["--wait-for-witnesses", "false"], config)
    expect(flag).toMatchObject({ waitForWitnesses: false })
    await expect(parsed([], "data: true\n")).rejects.toThrow("expected text or a number")
    await expect(parsed([], "publish-every-ms: 0\n")).rejects.toThrow("expected 1 to")
    // The server cuts off connections on which nothing moves for longer.
    const wait = parsed([], "witnessed-wait-ms: 25001\n")
    await expect(wait).rejects.toThrow("expected 1 to 25000")
  })
})

describe("heldHeads()", () => {
  async function logOf(size: number) {
    const disk = newDisk()
    const { log } = await openLogOn(disk)
    for (let i = 0; i < size; i++) await log.add(proposalOf(`entry ${i}`))
    return { disk, log }
  }

  function plan(witnesses: readonly FakeWitness[], isCheckRequired = false) {
    const unchecked: string[] = []
    const policy = policyOver(witnesses, "quorum none")
    const ports = witnesses.map(({ port }) => port)
    const onUnchecked = (name: string, reason: string) => unchecked.push(`${name}: ${reason}`)
    return { plan: { policy, witnesses: ports, isCheckRequired, onUnchecked }, unchecked }
  }

  test("gives what the witnesses hold and what was published, under this log's key only", async () => {
    const [{ log }, other] = [await logOf(4), await logOf(2)]
    const [a, b, c] = [fakeWitness("a", 2), fakeWitness("b", 3), fakeWitness("c", 4)]
    a.note = log.head().checkpoint
    b.note = other.log.head().checkpoint
    const { plan: given, unchecked } = plan([a, b, c])
    const held = await heldHeads(log, given, fakeStore(log.head().checkpoint))
    expect(held.map(({ size }) => size)).toEqual([4, 4])
    expect(unchecked).toEqual(["b: it gives a checkpoint that this log did not sign"])
  })

  test("goes on without a witness that is out of reach, unless it is required", async () => {
    const { log } = await logOf(1)
    const down = fakeWitness("down", 2)
    down.mode = "down"
    const lenient = plan([down])
    expect(await heldHeads(log, lenient.plan, fakeStore())).toEqual([])
    expect(lenient.unchecked).toEqual(["down: connection refused"])
    const strict = plan([down], true)
    await expect(heldHeads(log, strict.plan, fakeStore())).rejects.toMatchObject({
      code: "try-later",
      message: expect.stringContaining("the witness down does not say what it holds"),
    })
  })

  test("refuses a policy that knows the log by another key", async () => {
    const { log } = await logOf(0)
    const stranger = formatVkey(testSigner(origin, 1, 9).vkey)
    const { plan: given } = plan([])
    const own = parsePolicy(`log ${log.vkeys[1]}\nquorum none\n`)
    expect(await heldHeads(log, { ...given, policy: own }, fakeStore())).toEqual([])
    const policy = parsePolicy(`log ${stranger}\nquorum none\n`)
    await expect(heldHeads(log, { ...given, policy }, fakeStore())).rejects.toMatchObject({
      code: "conflict",
      message: expect.stringContaining(stranger),
    })
  })
})

describe("keepContradiction()", () => {
  async function contradiction(ownSize: number, heldSize: number) {
    const disk = newDisk()
    const [own, twin] = [await openLogOn(disk), await openLogOn(newDisk(disk.keys))]
    for (let i = 0; i < ownSize; i++) await own.log.add(proposalOf(`entry ${i}`))
    for (let i = 0; i < heldSize; i++) await twin.log.add(proposalOf(`other ${i}`))
    const { vkeys } = own.log
    const held = openHeld(twin.log.head().checkpoint, origin, vkeys.map(parseVkey))
    const found = held && (await contradictionOf(held, own.log))
    if (found === undefined) throw new Error("the two logs do not contradict each other")
    return { found, vkeys }
  }

  test.each([
    [5, 5],
    [9, 4],
    [300, 7],
  ])("writes evidence of a fork at %i and %i that verifies offline", async (own, held) => {
    const folder = join(newFolder(), "evidence")
    const { found, vkeys } = await contradiction(own, held)
    const [path = "", ...others] = await keepContradiction(folder, found, vkeys)
    expect(others).toEqual([])
    const verified = verifyEvidence(readFileSync(path, "utf8"), parseVkey(vkeys[0] ?? ""))
    expect(verified).toMatchObject({ kind: "fork", origin: "log.example", freezes: true })
    expect(path).toContain(verified.id)
  })

  test("keeps both notes of what cannot be proven yet", async () => {
    const folder = newFolder()
    mkdirSync(join(folder, "evidence"))
    const { found, vkeys } = await contradiction(2, 6)
    const paths = await keepContradiction(join(folder, "evidence"), found, vkeys)
    expect(paths.map((path) => readFileSync(path, "utf8"))).toEqual([found.held, found.own])
  })
})
