// The commands that ask a log, over logs whose origins hold blanks and are not the names of their keys.
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { grow, grownLog } from "../../evil-log/grown-log.ts"
import { newFolder } from "../../storage/folder.ts"
import { run } from "../command/fake-terminal.ts"

test.each(["a log's + tree", "log.example - 123"])(
  "%s is read, proven and remembered",
  async (origin) => {
    const evil = await grownLog(3)
    const front = await evil.front("log")
    const show = async () => {
      const note = await evil.sign(evil.honest.log.head(), origin)
      front.lies.checkpoint = () => note
      return note
    }
    const first = await show()
    const folder = newFolder()
    const write = (name: string, text: string) => {
      writeFileSync(join(folder, name), text)
      return join(folder, name)
    }
    const lines = evil.vkeys.flatMap((vkey) => [`log ${vkey}`, `#countersign:origin ${origin}`])
    const policy = write("log.policy", [...lines, "quorum none", ""].join("\n"))
    const ask = (...words: readonly string[]) =>
      run([...words, "--log", front.url, "--policy", policy])
    const old = write("old.txt", first)
    expect(await ask("checkpoint")).toMatchObject({ code: 0, err: "" })
    await grow(evil.honest, "more")
    await show()
    for (const words of [["1"], ["--consistency", "3", "4"]]) {
      const proof = await ask("proof", ...words)
      expect([proof.code, proof.err]).toEqual([0, ""])
    }
    const list = await run(["heads", "list", "--heads", old])
    expect(list.out).toContain(`${origin}: 3 entries`)
  },
)
