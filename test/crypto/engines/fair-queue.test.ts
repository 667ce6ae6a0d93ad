// The queue that senders take turns in, and the lane that runs what waits in it.
import { expect, test } from "vitest"
import { createFairQueue, createLane } from "../../../src/crypto/engines/fair-queue.ts"

function takeAll<T>(queue: ReturnType<typeof createFairQueue<T>>): T[] {
  const items: T[] = []
  for (let taken = queue.take(); taken !== undefined; taken = queue.take()) items.push(taken.item)
  return items
}

test("senders take turns, however much one of them has put in", () => {
  const queue = createFairQueue<string>({ most: 100, mostOfOne: 100 })
  for (const item of ["a1", "a2", "a3", "a4"]) queue.add(item, 1, "a")
  queue.add("b1", 1, "b")
  queue.add("c1", 1, "c")
  expect(takeAll(queue)).toEqual(["a1", "b1", "c1", "a2", "a3", "a4"])
})

test("nobody may hold more than a share, and all together no more than the bound", () => {
  const queue = createFairQueue<string>({ most: 10, mostOfOne: 6 })
  expect(queue.add("a1", 6, "a")).toBe(true)
  expect(queue.add("a2", 1, "a")).toBe(false)
  expect(queue.add("b1", 4, "b")).toBe(true)
  expect(queue.add("c1", 1, "c")).toBe(false)
})

test("what was taken counts until it is released", () => {
  const queue = createFairQueue<string>({ most: 10, mostOfOne: 5 })
  queue.add("a1", 5, "a")
  const taken = queue.take()
  expect(queue.add("a2", 5, "a")).toBe(false)
  if (taken !== undefined) queue.release(taken)
  expect(queue.weight()).toBe(0)
  expect(queue.add("a2", 5, "a")).toBe(true)
})

test("what is heavier than the bound is taken when nothing else is there", () => {
  const queue = createFairQueue<string>({ most: 10, mostOfOne: 5 })
  expect(queue.add("a1", 50, "a")).toBe(true)
  expect(queue.add("b1", 1, "b")).toBe(false)
})

/** A task that ends when it is told. */
function held() {
  let end!: (value: string) => void
  const promise = new Promise<string>((resolve) => {
    end = resolve
  })
  return { end, task: () => promise }
}

test("a lane runs so many at once, and refuses what it has no room for", async () => {
  const lane = createLane({ most: 3, mostOfOne: 3, atOnce: 1, what: "things" })
  const started: string[] = []
  const first = held()
  const run = (name: string, task: () => Promise<string>) =>
    lane(1, "a", () => {
      started.push(name)
      return task()
    })
  const results = [run("1", first.task), run("2", async () => "two"), run("3", async () => "three")]
  await expect(run("4", async () => "four")).rejects.toMatchObject({ code: "try-later" })
  expect(started).toEqual(["1"])
  first.end("one")
  expect(await Promise.all(results)).toEqual(["one", "two", "three"])
  expect(started).toEqual(["1", "2", "3"])
})

test("a task that fails leaves its place to the next one", async () => {
  const lane = createLane({ most: 3, mostOfOne: 3, atOnce: 1, what: "things" })
  const failed = lane(1, "a", () => Promise.reject(new Error("no")))
  const next = lane(1, "a", async () => "next")
  await expect(failed).rejects.toThrow("no")
  expect(await next).toBe("next")
})
