import { expect, test } from "vitest"
import { settled } from "../../../src/core/base/settled.ts"

test("settled() waits for either end and rejects for none, the promise itself still does", async () => {
  let fail = (_reason: unknown): void => {}
  const failing = new Promise<number>((_resolve, reject) => {
    fail = reject
  })
  let isOver = false
  const over = settled(failing).then(() => {
    isOver = true
  })
  await Promise.resolve()
  expect(isOver).toBe(false)
  fail(new Error("why"))
  await over
  await expect(failing).rejects.toThrow("why")
  expect(await settled(Promise.resolve(1))).toBeUndefined()
})
