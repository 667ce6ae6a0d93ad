// Takes messages in the place of a log and of monitors, and lets everything else pass.
import type { Fetch } from "../../src/client/exchange.ts"

export interface MessageDesk {
  readonly fetch: Fetch
  /** `URL-PATH TEXT` of each message that arrived. */
  readonly given: string[]
  /** What is answered to all of them; by default 201 to what is new, and 200 to what is not. */
  answer?: () => Response
}

const MESSAGE = /\/(?:v1\/entries\/\d+\/message|messages\?origin=.*)$/

export function openMessageDesk(): MessageDesk {
  const given: string[] = []
  const desk: MessageDesk = {
    given,
    async fetch(input, init) {
      const [path] = MESSAGE.exec(String(input)) ?? []
      if (path === undefined || init?.method !== "POST") return await globalThis.fetch(input, init)
      const line = `${path} ${Buffer.from(init.body as Uint8Array).toString()}`
      const isNew = !given.includes(line)
      given.push(line)
      const said = { digest: "d", form: "f", sequence: 1, attachedUpTo: 1, isNew }
      return desk.answer?.() ?? Response.json(said, { status: isNew ? 201 : 200 })
    },
  }
  return desk
}

/** A refusal in the words of a log. */
export function problem(status: number, code: string, detail: string): Response {
  const headers = { "content-type": "application/problem+json" }
  return new Response(JSON.stringify({ code, detail }), { status, headers })
}
