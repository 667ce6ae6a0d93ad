// Notifications of registries, as hints and nothing more: distribution's events, Harbor's and CloudEvents of zot. What
// they name is queued if it is of a wanted repository, and looked at in the registry itself.
import { createHash, timingSafeEqual } from "node:crypto"
import { isDigest, isRepository } from "../../client/registry/reference.ts"
import { parseUtf8 } from "../../core/base/bytes.ts"
import { refuse } from "../../core/base/errors.ts"
import { isAbsent, parseJson } from "../../core/base/json-value.ts"
import { jsonAnswer } from "../../http/serving/answer.ts"
import type { HttpLogger } from "../../http/serving/config.ts"
import { type HttpServer, serveDoors } from "../../http/serving/http-server.ts"
import { plainProblemAnswer } from "../../http/serving/problem.ts"
import { post } from "../../http/serving/route.ts"
import type { Hint } from "./round.ts"

const LONGEST_NOTIFICATION = 1_048_576
const MOST_EVENTS = 1_000
const MOST_QUEUED = 10_000

type Json = Readonly<Record<string, unknown>>

function recordOf(value: unknown): Json {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : {}
}

function listOf(value: unknown): readonly Json[] {
  return Array.isArray(value) ? value.slice(0, MOST_EVENTS).map(recordOf) : []
}

/** Every pair of a repository and a digest that a notification names, in whichever of the known forms. */
export function hintsOf(value: unknown): readonly Hint[] {
  const event = recordOf(value)
  const data = isAbsent(event["data"]) ? event : recordOf(event["data"])
  const harbor = recordOf(event["event_data"] ?? data)
  const fullName = recordOf(harbor["repository"])["repo_full_name"]
  const named: readonly (readonly [repository: unknown, digest: unknown])[] = [
    ...listOf(event["events"]).map((each) => {
      const { repository, digest } = recordOf(each["target"])
      return [repository, digest] as const
    }),
    ...listOf(harbor["resources"]).map(({ digest }) => [fullName, digest] as const),
    [data["name"], data["digest"]],
  ]
  return named.flatMap(([repository, digest]) => {
    if (typeof repository !== "string" || typeof digest !== "string") return []
    return isRepository(repository) && isDigest(digest) ? [{ repository, digest }] : []
  })
}

export interface HintQueue {
  /** False if there is no room: the next walk will find it, if the registry still lists it. */
  add(hint: Hint): boolean
  take(): Hint | undefined
  /** Resolves once there is something to take, or the signal fires. */
  filled(signal: AbortSignal): Promise<void>
}

export function createHintQueue(): HintQueue {
  const queued = new Map<string, Hint>()
  let wake = () => {}
  return {
    add(hint) {
      if (queued.size >= MOST_QUEUED) return false
      queued.set(`${hint.repository}@${hint.digest}`, hint)
      wake()
      return true
    },
    take() {
      const [first] = queued
      if (first === undefined) return undefined
      queued.delete(first[0])
      return first[1]
    },
    filled: (signal) =>
      new Promise((resolve) => {
        if (queued.size > 0 || signal.aborted) return resolve()
        const done = () => {
          signal.removeEventListener("abort", done)
          wake = () => {}
          resolve()
        }
        wake = done
        signal.addEventListener("abort", done, { once: true })
      }),
  }
}

function hashed(text: string): Buffer {
  return createHash("sha256").update(text).digest()
}

interface NotificationOptions {
  /** Whoever shows it may name things; it opens nothing else. */
  readonly token: string
  readonly queue: HintQueue
  readonly isWanted: (repository: string) => boolean
  readonly logger: HttpLogger
}

/** A server with one route, `POST /notifications`. */
export function createNotificationServer(options: NotificationOptions): HttpServer {
  const { token, queue, isWanted, logger } = options
  const expected = hashed(`Bearer ${token}`)
  const rule = { limit: LONGEST_NOTIFICATION }
  const take = post("takeNotification", "/notifications", rule, ({ request, withBody }) => {
    if (!timingSafeEqual(hashed(request.headers.authorization ?? ""), expected)) {
      refuse("not-allowed", "expected the bearer token of --token-file, found none or another")
    }
    return withBody((bytes) => {
      const text = parseUtf8(bytes, "notification")
      const hints = hintsOf(parseJson(text, "notification", LONGEST_NOTIFICATION))
      const wanted = hints.filter(({ repository }) => isWanted(repository))
      const taken = wanted.filter((hint) => queue.add(hint)).length
      if (taken < wanted.length) refuse("try-later", "too many notifications wait; try again later")
      return jsonAnswer(200, { taken })
    })
  })
  return serveDoors({
    logger,
    doors: () => [{ below: "/", routes: [take], words: plainProblemAnswer }],
  })
}
