// The witness as a process: raced by many requests, stopped and started, frozen and unfrozen.
import { describe, expect, test } from "vitest"
import { createTestLog, type TestLog } from "../../http/test-log.ts"
import { countersign } from "../process.ts"
import {
  addCheckpoint,
  advance,
  both,
  createNotary,
  expectRefused,
  fork,
  one,
  two,
} from "./client.ts"
import { newWitness } from "./new-witness.ts"

test("1,000 requests at once, of two histories and in races, leave one history", async () => {
  const witness = await newWitness(both)
  const notary = createNotary(witness.vkeys)
  const served = await witness.serve()
  const requests = Array.from({ length: 1_000 }, (_, i) => {
    const log = [one, fork, two][i % 3] as TestLog
    const oldSize = [0, 12, 15][i % 7] ?? 0
    return { log, oldSize, size: oldSize + 12 + (i % 5) }
  })
  const answers = await Promise.all(
    requests.map(({ log, oldSize, size }) => notary.ask(served.url, log, oldSize, size)),
  )
  notary.audit()
  expect(notary.count()).toBeGreaterThan(0)
  const statuses = new Set(answers.map((asked) => asked?.status))
  // 422 where two histories met: from then on the log is frozen.
  expect([...statuses].sort()).toEqual([200, 409, 422])
  const status = await (await fetch(served.url)).text()
  expect(status).toMatch(/one\.example: size [0-9]+, frozen by evidence/)
  const id = /frozen by evidence ([0-9a-f]{64})/.exec(status)?.[1]
  const evidence = await (await fetch(`${served.url}/evidence/${id}`)).text()
  expect(evidence).toContain("fork")
})

describe("a running witness", () => {
  test("goes on after an orderly stop, and shows again what it had cosigned", async () => {
    const witness = await newWitness(both)
    await witness.cosign(one, 0, 5)
    const served = await witness.serve()
    const shown = await (await fetch(`${served.url}/${one.hash}/checkpoint`)).text()
    expect(shown.startsWith(one.note(5))).toBe(true)
    expect(await served.stop()).toMatchObject({ code: 0 })
    expect(await witness.cosign(one, 5, 6)).toContain("— witness.example ")
  })

  test("keeps a second one off its data, and unfreeze as well", async () => {
    const witness = await newWitness(both)
    await witness.serve()
    expectRefused(await witness.serveInVain(), /in use by another process/)
    const { path, guard } = witness.directory
    const words = ["--data", path, "--guard", guard, "--origin", "one.example"]
    expectRefused(await countersign("witness", "unfreeze", ...words), /in use by another process/)
  })

  test("stays frozen after a restart until an operator unfreezes the log", async () => {
    const witness = await newWitness(both)
    const notary = createNotary(witness.vkeys)
    await witness.cosign(one, 0, 12)
    await expect(witness.cosign(fork, 12, 12)).rejects.toThrow()
    const second = await witness.serve()
    expect(await notary.ask(second.url, one, 12, 13)).toMatchObject({ status: 422 })
    expect(await notary.ask(second.url, two, 0, 13)).toMatchObject({ status: 200 })
    await second.stop()
    const { path, guard } = witness.directory
    const words = ["--data", path, "--guard", guard, "--origin", "one.example"]
    expect(await countersign("witness", "unfreeze", ...words)).toMatchObject({ code: 0 })
    await advance(notary, await witness.serve(), one, [12, 13])
    notary.audit()
  })

  test("with --no-freeze keeps evidence and goes on with its branch", async () => {
    const witness = await newWitness(both)
    const notary = createNotary(witness.vkeys)
    const served = await witness.serve({ words: ["--no-freeze"] })
    await advance(notary, served, one, [0, 12])
    expect(await notary.ask(served.url, fork, 12, 12)).toMatchObject({ status: 422 })
    await advance(notary, served, one, [12, 13])
    expect(await (await fetch(`${served.url}/evidence`)).text()).toMatch(/ fork one\.example\n$/)
    notary.audit()
  })

  test("takes new keys of a log only when told to, once", async () => {
    const witness = await newWitness(both)
    await witness.cosign(one, 0, 5)
    const renewed = createTestLog("one.example", { seed: 8 })
    witness.policy(`log ${renewed.vkey}\nlog ${two.vkey}\nquorum none\n`)
    const words = ["--accept-key-change", "one.example"]
    expectRefused(await witness.serveInVain(), /start once with: --accept-key-change one\.example/)
    const other = ["--accept-key-change", "two.example"]
    expectRefused(await witness.serveInVain({ words: other }), /--accept-key-change one\.example/)
    await (await witness.serve({ words })).stop()
    const { url } = await witness.serve()
    expect(await addCheckpoint(url, renewed.request(5, 6))).toMatchObject({ status: 200 })
  })

  test("signs with both of its keys", async () => {
    const witness = await newWitness(both, { mlDsa: true })
    const notary = createNotary(witness.vkeys)
    const asked = await advance(notary, await witness.serve(), one, [0, 5])
    expect(asked.text.split("\n")).toHaveLength(3)
    notary.audit()
  })

  test("tells its metrics where it is asked to", async () => {
    const witness = await newWitness(both)
    const served = await witness.serve({ words: ["--admin-listen", "127.0.0.1:0"] })
    const notary = createNotary(witness.vkeys)
    await advance(notary, served, one, [0, 5])
    const [, admin] = /"admin":"([^"]+)"/.exec(served.said) ?? []
    const metrics = await (await fetch(`${admin}/metrics`)).text()
    expect(metrics).toContain('countersign_witness_tree_size{origin="one.example"} 5\n')
    expect(metrics).toContain('countersign_witness_frozen{origin="two.example"} 0\n')
    expect(metrics).toContain(
      'countersign_http_requests_total{operation="addCheckpoint",status="200"} 1\n',
    )
    expect((await fetch(`${served.url}/metrics`)).status).toBe(404)
  })
})
