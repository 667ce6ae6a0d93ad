// A witness whose files were put back to older copies: it must not sign, whoever shows what it has forgotten.
import { copyFileSync, cpSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { parseNote } from "../../../src/core/note/note.ts"
import { addCheckpoint, both, cosigned, expectRefused, one, two } from "./client.ts"
import { DOWN, type NewWitness, newWitness, serveCheckpoint } from "./new-witness.ts"

describe("a witness that was put back", () => {
  test("refuses an older database, and takes the newer one again", async () => {
    const witness = await newWitness(both)
    const { database } = witness.directory
    await witness.cosign(one, 0, 5)
    copyFileSync(database, `${database}.older`)
    await witness.cosign(one, 5, 9)
    copyFileSync(database, `${database}.newer`)

    copyFileSync(`${database}.older`, database)
    expectRefused(await witness.serveInVain(), /an older copy of the database was put in place/)
    copyFileSync(`${database}.newer`, database)
    const { url } = await witness.serve()
    expect(await addCheckpoint(url, one.request(9, 12))).toMatchObject({ status: 200 })
  })

  /** A witness whose data and guard are both an older copy, and what the log shows of the time between. */
  async function putBack() {
    const witness = await newWitness(both)
    await witness.cosign(one, 0, 5)
    const copy = join(witness.folder, "copy")
    for (const name of ["data", "guard"]) {
      cpSync(join(witness.folder, name), join(copy, name), { recursive: true })
    }
    const newest = cosigned(one, 9, await witness.cosign(one, 5, 9))
    for (const name of ["data", "guard"]) {
      rmSync(join(witness.folder, name), { recursive: true })
      cpSync(join(copy, name), join(witness.folder, name), { recursive: true })
    }
    return { witness, newest }
  }

  function expectKept({ directory }: NewWitness, newest: string): void {
    const [name = ""] = readdirSync(directory.rolledBack)
    const kept = parseNote(readFileSync(join(directory.rolledBack, name), "utf8"))
    expect(kept.text).toBe(parseNote(newest).text)
    expect(kept.signatures.map((line) => line.name)).toContain("witness.example")
  }

  test("with its guard is caught by what the log shows, for good", async () => {
    const { witness, newest } = await putBack()
    const log = await serveCheckpoint(newest)
    witness.policy(`log ${one.vkey} ${log.url}\nlog ${two.vkey}\nquorum none\n`)
    expectRefused(await witness.serveInVain(), /cosigned more than it remembers.*one\.example/)
    expectKept(witness, newest)
    log.shown = DOWN
    expectRefused(await witness.serveInVain(), /cosigned more than it remembers/)
  })

  test("is caught by another witness that shows it", async () => {
    const { witness, newest } = await putBack()
    const peer = await serveCheckpoint(newest)
    const other = await newWitness(both)
    const logs = `log ${one.vkey}\nlog ${two.vkey}\n`
    witness.policy(`${logs}witness other ${other.vkeys[0]} ${peer.url}\nquorum none\n`)
    expectRefused(await witness.serveInVain(), /cosigned more than it remembers/)
  })

  test("ends as soon as a source that was out of reach shows it", async () => {
    const { witness, newest } = await putBack()
    const log = await serveCheckpoint(DOWN)
    witness.policy(`log ${one.vkey} ${log.url}\nlog ${two.vkey}\nquorum none\n`)
    const served = await witness.serve()
    expect(served.said).toContain("does not answer")
    log.shown = newest
    const { code, stderr } = await served.ended
    expect([code, stderr]).toEqual([1, expect.stringContaining("must not sign any more")])
    expectKept(witness, newest)
    expectRefused(await witness.serveInVain(), /cosigned more than it remembers/)
  })

  test("ends as soon as the log sends a checkpoint that shows it", async () => {
    const { witness, newest } = await putBack()
    const { url, ended } = await witness.serve()
    const body = `old 5\n${one.proof(5, 9).join("\n")}\n\n${newest}`
    await addCheckpoint(url, body).catch(() => undefined)
    expect(await ended).toMatchObject({ code: 1 })
    expectKept(witness, newest)
  })

  test("with --self-check required signs nothing before the log has answered", async () => {
    const { witness, newest } = await putBack()
    const log = await serveCheckpoint(DOWN)
    witness.policy(`log ${one.vkey} ${log.url}\nlog ${two.vkey}\nquorum none\n`)
    const served = await witness.serve({ words: ["--self-check", "required"] })
    const { url } = served
    expect(await addCheckpoint(url, one.request(5, 7))).toMatchObject({ status: 503 })
    expect(await addCheckpoint(url, two.request(0, 7))).toMatchObject({ status: 200 })
    expect((await fetch(`${url}/readyz`)).status).toBe(503)
    log.shown = newest
    expect(await served.ended).toMatchObject({ code: 1 })
    expectKept(witness, newest)
  })
})

describe("--self-check required", () => {
  test.each([
    ["a checkpoint", one.note(5)],
    ["that it has none yet", undefined],
  ])("lets a log be cosigned once it shows %s", async (_what, shown) => {
    const log = await serveCheckpoint(DOWN)
    const witness = await newWitness(`log ${one.vkey} ${log.url}\nquorum none\n`)
    const { url } = await witness.serve({ words: ["--self-check", "required"] })
    expect(await addCheckpoint(url, one.request(0, 5))).toMatchObject({ status: 503 })
    log.shown = shown
    await expect
      .poll(() => addCheckpoint(url, one.request(0, 5)), { timeout: 20_000, interval: 100 })
      .toMatchObject({ status: 200 })
    expect((await fetch(`${url}/readyz`)).status).toBe(200)
    expect(log.asked()).toBeGreaterThan(1)
  })
})
