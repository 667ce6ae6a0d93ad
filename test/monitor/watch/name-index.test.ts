import fc from "fast-check"
import { expect, test } from "vitest"
import { canonicalName } from "../../../src/entry/statement/names.ts"
import { indexNames } from "../../../src/monitor/watch/name-index.ts"
import { watchOf } from "../entries/watched-entries.ts"

async function indexOf(...patterns: readonly string[]) {
  const lines = patterns.flatMap((pattern, i) => [`subject s${i}`, `  name ${pattern}`])
  const { subjects } = await watchOf(lines)
  return { index: indexNames(subjects), patterns: subjects.flatMap(({ names }) => names) }
}

const texts = (rules: readonly { readonly pattern: { readonly text: string } }[]) =>
  rules.map(({ pattern }) => pattern.text).sort()

test("finds the patterns that each of them fits alone, by look-ups", async () => {
  const made = [
    "pkg:npm/@acme/**",
    "pkg:npm/@acme/*",
    "pkg:npm/@acme/app",
    "pkg:npm/**/app",
    "registry.acme.example/*/app",
    "**",
    "*",
    "~pkg:(npm|pypi)/.*",
    "a*b*c",
  ]
  const { index, patterns } = await indexOf(...made)
  const part = fc.constantFrom(
    "pkg:npm/",
    "@acme/",
    "app",
    "registry.acme.example/",
    "a",
    "b",
    "c",
    "/",
  )
  const name = fc.array(part, { maxLength: 5 }).map((parts) => parts.join(""))
  fc.assert(
    fc.property(name, (text) => {
      const both = [text, canonicalName(text)]
      const alone = patterns.filter((pattern) => both.some((each) => pattern.matches(each)))
      const found = texts(index.find(text))
      for (const each of alone) expect(found).toContain(each.text)
      expect(new Set(found).size).toBe(found.length)
    }),
  )
})

test.each([
  ["pkg:npm/@acme/**", "pkg:npm/%40acme/x@1.0.0"],
  ["pkg:npm/%40acme/**", "pkg:npm/@acme/x@1.0.0"],
  ["https://ghcr.io/acme/*", "GHCR.io:443/acme/app"],
  ["docker.io/library/*", "https://index.docker.io/nginx"],
  ["nginx*", "nginx:1"],
  ["~pkg:npm/@acme/.*", "pkg:npm/%40acme/x"],
])("%s fits %s", async (pattern, name) => {
  const { index } = await indexOf(pattern)
  expect(texts(index.find(name))).toEqual([pattern])
  expect(index.findLookAlikes(name)).toEqual([])
})

test.each([
  ["pkg:npm/@acme/*", "pkg:npm/@acmeevil/x"],
  ["pkg:npm/@acme/*", "pkg:npm/@acme"],
  ["ghcr.io/acme/app", "ghcr.io/acme/app2"],
  ["ghcr.io/acme/*", "ghcr.io:8443/acme/app"],
])("%s neither fits nor looks like %s", async (pattern, name) => {
  const { index } = await indexOf(pattern)
  expect([index.find(name), index.findLookAlikes(name)]).toEqual([[], []])
})

test.each([
  ["pkg:npm/@acme/*", "pkg:npm/@\u0430cme/x"],
  ["ghcr.io/acme/app", "ghcr.io/acrne/app"],
  ["ghcr.io/acme/app", "ghcr.io/acme/\u200bapp"],
  ["ghcr.io/acme/**", "ghcr.\u0456o/acme/app/x"],
])("%s is what %s looks like", async (pattern, name) => {
  const { index } = await indexOf(pattern)
  expect(index.find(name)).toEqual([])
  expect(texts(index.findLookAlikes(name))).toEqual([pattern])
})

test("a name that is too long to be compared may be what it begins like, in any spelling", async () => {
  const { index } = await indexOf("pkg:npm/@acme/**", "ghcr.io/acme/app")
  const rest = "x".repeat(1_024)
  for (const start of ["pkg:npm/@acme/", "PKG:npm/%40acme/", "pkg:npm/@\u0430cme/"]) {
    expect(index.find(start + rest)).toEqual([])
    expect(texts(index.findLoosely(start + rest))).toEqual(["pkg:npm/@acme/**"])
  }
  expect(index.findLoosely(`ghcr.io/acme/app${rest}`)).toEqual([])
})
