import { expect, test } from "vitest"
import { tagOf } from "../../../src/monitor/state/tags.ts"

test("digests that a submitter makes alike have tags of their own", () => {
  const beginning = "ab".repeat(31)
  expect(tagOf(`sha256:${beginning}00`)).not.toEqual(tagOf(`sha256:${beginning}01`))
  expect(tagOf(`sha256:${beginning}00`)).toHaveLength(8)
})
