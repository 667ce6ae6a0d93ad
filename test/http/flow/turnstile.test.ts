// Turns at what is dear: so many at a time, every client in its turn.
import { expect, test } from "vitest"
import { createTurnstile } from "../../../src/http/flow/turnstile.ts"

const limits = { atATime: 1, waiting: 4, waitingOfOne: 3 }

test("only so many go on at a time, and clients take turns whoever asked more", async () => {
  const enter = createTurnstile("searches", limits)
  const order: string[] = []
  const leaveFirst = await enter("many")
  const ask = async (client: string, name: string) => {
    const leave = await enter(client)
    order.push(name)
    await Promise.resolve()
    leave()
  }
  const all = [ask("many", "many 1"), ask("many", "many 2"), ask("few", "few 1")]
  await Promise.resolve()
  expect(order).toEqual([])
  leaveFirst()
  await Promise.all(all)
  expect(order).toEqual(["many 1", "few 1", "many 2"])
})

test("beyond what may wait, of one client or of all, the answer is to try later", async () => {
  const enter = createTurnstile("searches", limits)
  const leave = await enter("a")
  const waiting = [enter("a"), enter("a"), enter("a")]
  await expect(enter("a")).rejects.toMatchObject({ code: "try-later" })
  waiting.push(enter("b"))
  await expect(enter("c")).rejects.toThrow("too many searches are under way")
  leave()
  await Promise.all(waiting.map(async (next) => (await next)()))
  expect(typeof (await enter("c"))).toBe("function")
})
