import { describe, expect, test } from "vitest"
import { Refusal, Trouble } from "../../../src/core/base/errors.ts"
import type { Log } from "../../../src/log/ports/log.ts"
import { post, V1, V2 } from "../rekor-client.ts"
import { openServedLog } from "../served-log.ts"
import { hashedrekordV1, hashedrekordV2 } from "./submissions.ts"

describe("a log in need", () => {
  async function replies(error: Error) {
    const failing = (log: Log): Log => ({ ...log, add: () => Promise.reject(error) })
    const served = await openServedLog({ log: failing })
    try {
      return {
        v1: await post(served.port, V1, hashedrekordV1("artifact")),
        v2: await post(served.port, V2, hashedrekordV2("artifact")),
      }
    } finally {
      await served.close()
    }
  }

  test.each([
    ["is full", new Refusal("try-later", "4096 entries are under way")],
    ["is busy", new Trouble("busy", "the secret name of a file")],
  ])("asks to come back when it %s", async (_, error) => {
    const { v1, v2 } = await replies(error)
    expect(v1.status).toBe(503)
    expect(v1.headers["retry-after"]).toBe("1")
    expect(v1.json()).toMatchObject({ code: 503 })
    expect(v2.status).toBe(503)
    expect(v2.headers["retry-after"]).toBe("1")
    expect(v2.json()).toMatchObject({ code: 14, details: [] })
    expect(v1.text() + v2.text()).not.toContain("secret")
  })

  test.each([new Trouble("disk", "secret: no space"), new Error("bug: secret")])(
    "tells nothing of %s",
    async (error) => {
      const { v1, v2 } = await replies(error)
      expect([v1.status, v2.status]).toEqual([500, 500])
      expect(v1.json()).toMatchObject({ code: 500 })
      expect(v2.json()).toMatchObject({ code: 13, details: [] })
      expect(v1.text() + v2.text()).not.toContain("secret")
    },
  )
})
