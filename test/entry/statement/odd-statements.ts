// Statements as a thief would write them: what some reader takes and others do not. Made from the oddities in which
// readers are known to differ, by a generator that is seeded, so that a failure can be made again.

export type Random = () => number

/** Numbers from 0 up to 1 that follow from the seed (mulberry32). */
export function randomFrom(seed: number): Random {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

type Rewrite = (text: string, at: number) => string

/** At `at`, a character as its escape. */
function escaped(text: string, at: number): string {
  if (text === "" || text[at] === "\\" || text[at - 1] === "\\") return text
  const code = text.charCodeAt(at).toString(16).padStart(4, "0")
  return `${text.slice(0, at)}\\u${at % 2 === 0 ? code : code.toUpperCase()}${text.slice(at + 1)}`
}

function insert(middle: string): Rewrite {
  return (text, at) => text.slice(0, at) + middle + text.slice(at)
}

const rewrites: readonly Rewrite[] = [
  escaped,
  escaped,
  (text) => text.replaceAll("/", "\\/"),
  (text) => text.toUpperCase(),
  (text) => text.replace("s", "\u017f").replace("k", "\u212a"),
  insert(" "),
  insert("\\n\\t\\u0020"),
  insert("\n"),
  insert("\\u0000"),
  insert("\\ud800"),
]

const blanks = [" ", "\n\t", "\r\n ", '/*"*/', "/*'\\*/", '//"\n', "#a\n", "\f", "\u00a0"]
const names = [
  "app",
  "pkg:npm/@acme/x@1",
  "régistry/中",
  'a\\"b',
  "",
  "尢",
  "\u{1f600}",
  "' or \\\\",
]
const algorithms = ["sha256", "sha512", "SHA2_256", "gitCommit", "sha256"]

/** A payload that is a statement to some reader, or was one before something went wrong with it. */
export function oddPayload(random: Random): Buffer {
  const chance = (share: number): boolean => random() < share
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T
  // Most payloads have few oddities, or no reader would take them.
  const oddness = pick([0, 0.02, 0.05, 0.15])

  const blank = (): string => (chance(oddness) ? pick(blanks) : "")
  const quote = (): string => (chance(oddness) ? pick(["'", ""]) : '"')

  function text(plain: string): string {
    const at = Math.floor(random() * plain.length)
    const written = chance(2 * oddness) ? pick(rewrites)(plain, at) : plain
    const mark = quote()
    return `${mark}${written}${mark}`
  }

  function hex(): string {
    const length = pick([40, 64, 64, 64, 96, 128, 63])
    const digits = Array.from({ length }, () => Math.floor(random() * 16).toString(16)).join("")
    return chance(0.2) ? digits.toUpperCase() : digits
  }

  function object(members: readonly (readonly [string, () => string])[]): string {
    const written = members.flatMap(([key, value]) => {
      const copies = chance(oddness) ? 2 : 1
      return Array.from({ length: copies }, () => {
        const colon = chance(oddness / 4) ? "=" : ":"
        return `${blank()}${text(key)}${blank()}${colon}${blank()}${value()}${blank()}`
      })
    })
    if (chance(oddness)) written.reverse()
    return `{${written.join(chance(oddness / 4) ? ";" : ",")}${chance(oddness / 4) ? "," : ""}}`
  }

  const digest = (): string =>
    chance(oddness) ? pick(["null", "1", "[]"]) : object([[pick(algorithms), () => text(hex())]])

  function subject(): string {
    if (chance(oddness)) return pick(["null", "1", '"x"'])
    return object([
      [chance(0.1) ? "uri" : "name", () => (chance(oddness) ? "null" : text(pick(names)))],
      ["digest", digest],
    ])
  }

  const list = (): string =>
    `[${Array.from({ length: 1 + Math.floor(random() * 3) }, subject).join(",")}]`

  const whole = object([
    ["_type", () => text("https://in-toto.io/Statement/v1")],
    ["subject", () => (chance(oddness) ? pick(["null", "{}", subject()]) : list())],
    ["predicateType", () => text("https://slsa.dev/provenance/v1")],
    ["predicate", () => pick(["{}", "null", '"x"', chance(oddness) ? "NaN" : "1e999", digest()])],
  ])
  const before = chance(oddness) ? pick(["\ufeff", ")]}'\n", " ", "/**/"]) : ""
  const behind = chance(oddness) ? pick(["\n", "{}", "x", "\0"]) : ""
  return damaged(
    encoded(`${before}${whole}${behind}`, chance(oddness) ? random() : 0),
    random,
    oddness,
  )
}

/** In UTF-8, or in another form of Unicode for a larger `form`. */
function encoded(text: string, form: number): Buffer {
  if (form < 0.4) return Buffer.from(text)
  const utf16 = Buffer.from(text, "utf16le")
  if (form < 0.55) return utf16
  if (form < 0.7) return utf16.swap16()
  const points = Array.from(text, (char) => char.codePointAt(0) ?? 0)
  const utf32 = Buffer.alloc(points.length * 4)
  for (const [i, point] of points.entries()) utf32.writeUInt32LE(point, i * 4)
  return form < 0.85 ? utf32 : utf32.swap32()
}

/** Now and then with a byte that is not UTF-8. */
function damaged(bytes: Buffer, random: Random, oddness: number): Buffer {
  if (random() >= oddness) return bytes
  const at = Math.floor(random() * bytes.length)
  const wrong = random() < 0.5 ? [0xff] : [0xed, 0xa0, 0x80]
  return Buffer.concat([bytes.subarray(0, at), Buffer.from(wrong), bytes.subarray(at)])
}
