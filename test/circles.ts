// Circles in a graph of names, by Tarjan's strongly connected components.

/** The sets of names that reach each other, sorted; none where arrows lead one way only. */
export function circlesOf(arrows: ReadonlyMap<string, readonly string[]>): string[][] {
  const order = new Map<string, number>()
  const lowest = new Map<string, number>()
  const path: string[] = []
  const circles: string[][] = []

  function visit(name: string): number {
    const number = order.size
    order.set(name, number)
    lowest.set(name, number)
    path.push(name)
    for (const next of arrows.get(name) ?? []) {
      const seen = order.has(next)
      if (seen && !path.includes(next)) continue
      const reached = seen ? (order.get(next) as number) : visit(next)
      lowest.set(name, Math.min(lowest.get(name) as number, reached))
    }
    if (lowest.get(name) === number) {
      const circle = path.splice(path.indexOf(name))
      if (circle.length > 1) circles.push(circle.sort())
    }
    return lowest.get(name) as number
  }

  for (const name of arrows.keys()) if (!order.has(name)) visit(name)
  return circles
}
