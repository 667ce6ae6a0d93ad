// Logs of others whose first line is no name of a key: cosigned under that line, by the keys that a policy has for it.
import { expect, test } from "vitest"
import { logsOf } from "../../src/cli/witness/options.ts"
import { formatAddCheckpoint } from "../../src/core/note/add-checkpoint.ts"
import { formatCheckpoint } from "../../src/core/note/checkpoint.ts"
import { formatNote, formatVkey } from "../../src/core/note/note.ts"
import { parsePolicy } from "../../src/core/note/policy.ts"
import { startWitness } from "./running-witness.ts"
import { createTestLog } from "./test-log.ts"

const log = createTestLog({ origin: "rekor.example" })

test.each(["rekor.example - 1193050959916656506", "A log + its tree", "../../etc/passwd"])(
  "a log whose origin is %j is witnessed",
  async (origin) => {
    const policy = parsePolicy(
      `log ${formatVkey(log.vkey)} https://rekor.example\n#countersign:origin ${origin}\nquorum none\n`,
    )
    const logs = logsOf(policy)
    expect(logs).toEqual([{ origin, vkeys: [log.vkey] }])
    const { witness } = await startWitness({ logs })
    const text = formatCheckpoint(origin, { size: 4, root: log.root(4) })
    const note = formatNote(text, [log.line(text)])
    const { lines } = await witness.addCheckpoint(
      formatAddCheckpoint({ oldSize: 0, proof: [], note }),
    )
    expect(witness.checkpoint(origin)).toBe(note + lines)
    await expect(witness.addCheckpoint(log.request(0, 4))).rejects.toMatchObject({
      code: "not-found",
    })
  },
)
