// Finds the route of a request: hot ones by their path as it came over the wire, the others by Express.
// Knows for every path which methods it has, and whose words are spoken there.
import type { IncomingMessage } from "node:http"
import { bug } from "../../core/base/errors.ts"
import { isRead } from "./answer.ts"
import type { Door, PathValues, Route } from "./route.ts"

/** A route and the door that it belongs to. */
export interface Doorway {
  readonly door: Door
  readonly route: Route
}

/** What a path led to, and what stood in its braces. */
interface Found<T> {
  readonly value: T
  readonly values: PathValues
}

interface Place {
  readonly door: Door
  /** The methods that it has; none where no route is. */
  readonly allow: readonly string[]
}

export type Router = ReturnType<typeof createRouter>

type Match = (path: string) => PathValues | undefined

const none: PathValues = {}

/** How a path with parameters is recognised. */
function matchOf({ path, isTree, where }: Route): Match {
  if (isTree) {
    const prefix = path.slice(0, path.indexOf("{"))
    return (found) => (found.startsWith(prefix) ? none : undefined)
  }
  const names: string[] = []
  const pattern = path.replaceAll(".", "\\.").replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    names.push(name)
    return `(${where?.[name] ?? "[^/]+"})`
  })
  const whole = new RegExp(`^${pattern}$`)
  // By place, since groups with names cost an object of the slow kind for each request.
  return (found) => {
    const values = whole.exec(found)
    if (values === null) return undefined
    const named: Record<string, string> = {}
    for (const [at, name] of names.entries()) named[name] = values[at + 1] as string
    return named
  }
}

/** Of the entries that fit a path it finds the one that is written so, else the first. */
type Find<T> = (path: string) => Found<T> | undefined

function createPathTable<T>(entries: readonly (readonly [Route, T])[]): Find<T> {
  const exact = new Map<string, Found<T>>()
  const patterns: { readonly match: Match; readonly value: T }[] = []
  for (const [route, value] of entries) {
    if (route.path.includes("{")) patterns.push({ match: matchOf(route), value })
    else exact.set(route.path, { value, values: none })
  }
  return (path) => {
    const written = exact.get(path)
    if (written !== undefined) return written
    for (const { match, value } of patterns) {
      const values = match(path)
      if (values !== undefined) return { value, values }
    }
    return undefined
  }
}

/** Every path with its methods. */
function placesOf(doorways: readonly Doorway[]): Find<Place> {
  return createPathTable(
    doorways.map(({ door, route }) => {
      const methods = doorways
        .filter((other) => other.route.path === route.path)
        .flatMap(({ route: { method } }) => (method === "GET" ? ["GET", "HEAD"] : method))
      return [route, { door, allow: methods.sort() }]
    }),
  )
}

function isHot({ door, route }: Doorway): boolean {
  return door.isHot === true || route.isHot === true
}

export function createRouter(doors: readonly Door[]) {
  const doorways = doors.flatMap((door) => door.routes.map((route) => ({ door, route })))
  const hotBy = (method: Route["method"]): Find<Doorway> => {
    const hot = doorways.filter((doorway) => isHot(doorway) && doorway.route.method === method)
    return createPathTable(hot.map((doorway) => [doorway.route, doorway]))
  }
  const reads = hotBy("GET")
  const writes = hotBy("POST")
  const findPlace = placesOf(doorways)
  const shared = doorways.filter(({ route }) => route.isShared).map(({ route }) => route.path)
  const byLength = doors.toSorted((a, b) => b.below.length - a.below.length)
  return {
    /** The hot route of a request. */
    hot(request: IncomingMessage, path: string): Found<Doorway> | undefined {
      if (isRead(request)) return reads(path)
      return request.method === "POST" ? writes(path) : undefined
    },
    /** The routes that are not hot. */
    others: doorways.filter((doorway) => !isHot(doorway)),
    /** Whether any web origin may send to a path. */
    isShared: (path: string): boolean => shared.includes(path),
    /** What is at a path, whatever the method, and whose words are spoken there. */
    placeAt(path: string): Place {
      // The final slash of a path was taken away before it came here.
      const door = byLength.find(({ below }) => `${path}/`.startsWith(below)) ?? byLength.at(-1)
      return findPlace(path)?.value ?? { door: door ?? bug("a server has no door"), allow: [] }
    },
  }
}
