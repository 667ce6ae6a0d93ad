import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { Refusal } from "../../../src/core/base/errors.ts"
import { indexWatch } from "../../../src/monitor/entries/watch-index.ts"
import { LONGEST_NAME, parsePattern } from "../../../src/monitor/watch/pattern.ts"
import { parseWatch } from "../../../src/monitor/watch/watch.ts"
import { digestOf, watchOf } from "../entries/watched-entries.ts"

const KEY = `sha256:${"ab".repeat(32)}`
const noFile = () => Promise.reject(new Error("no file"))

async function refusalOf(text: string, files: Readonly<Record<string, string>> = {}) {
  try {
    await parseWatch(text, (path) => Promise.resolve(files[path] ?? ""))
    return "taken"
  } catch (error) {
    if (error instanceof Refusal) return `${error.code}: ${error.message}`
    throw error
  }
}

describe("parseWatch()", () => {
  it("reads every line of the grammar", async () => {
    const watch = await watchOf(
      [
        "# what we ship",
        "subject app",
        `  digest ${digestOf("one")}`,
        "  digests released.txt",
        "",
        "  # and by name",
        "  name pkg:oci/app@*",
        "\tname ~pkg:npm/app@[0-9.]+",
        `  signer key ${KEY}`,
        "  signer oidc https://issuer.example https://example.com/with a space",
        "  unique version",
        "subject other",
        "  name other",
        "signer ci",
        `  key ${KEY}`,
        "  oidc https://issuer.example release@*",
        "  mine ledger",
        `  revoked ${KEY} at 17`,
        `  revoked ${KEY} at 5 in log.example/a`,
        "shipped released.txt within 2",
        "shipped others.txt in log.example/a",
        "duplicates violation",
        "unknown ignore",
      ],
      {
        "released.txt": `${"11".repeat(32)}  app.tar\n# none\n\n${"22".repeat(64)}\n${digestOf("x")}\r\n`,
        "others.txt": `${digestOf("y")}\n`,
        ledger: `{"leafHash":"${"33".repeat(32)}","index":4}\n{"digest":"${digestOf("z")}"}\n${"44".repeat(32)}\n`,
      },
    )
    const [app, other] = watch.subjects
    expect([...(app?.digests ?? [])]).toEqual([
      digestOf("one"),
      `sha256:${"11".repeat(32)}`,
      `sha512:${"22".repeat(64)}`,
      digestOf("x"),
    ])
    expect(app?.names.map(({ text }) => text)).toEqual(["pkg:oci/app@*", "~pkg:npm/app@[0-9.]+"])
    expect(app?.signers).toMatchObject([
      { form: "key", key: KEY },
      {
        form: "oidc",
        issuer: "https://issuer.example",
        identity: { text: "https://example.com/with a space" },
      },
    ])
    expect([app?.isUnique, other?.isUnique]).toEqual([true, false])
    const [ci] = watch.signers
    expect([...(ci?.mine?.leafHashes ?? [])]).toEqual(["33".repeat(32)])
    expect([...(ci?.mine?.digests ?? [])].slice(0, 2)).toEqual([
      digestOf("z"),
      `sha256:${"44".repeat(32)}`,
    ])
    expect(ci?.revoked).toEqual([
      { key: KEY, index: 17 },
      { key: KEY, index: 5, origin: "log.example/a" },
    ])
    expect(watch.shipments).toMatchObject([
      { file: "released.txt", hours: 2 },
      { file: "others.txt", hours: 24, origin: "log.example/a" },
    ])
    expect(watch).toMatchObject({
      duplicates: "violation",
      unknown: "ignore",
      files: ["released.txt", "ledger", "others.txt"],
    })
  })

  it("takes the severities that are safe where the file says nothing", async () => {
    expect(await watchOf([])).toMatchObject({ duplicates: "ignore", unknown: "violation" })
  })

  it.each([
    ["another version", "countersign-watch/v2\n", "begins countersign-watch/v1"],
    ["no line feed at the end", "countersign-watch/v1\nduplicates ignore", "line feed at the end"],
    ["a carriage return", "countersign-watch/v1\r\n", "control characters"],
    ["a word that is none", "countersign-watch/v1\nwatch everything\n", "line 2: expected subject"],
    ["a member without a block", "countersign-watch/v1\n  name a\n", "line 2: expected a line of"],
    [
      "a member behind a statement",
      "countersign-watch/v1\nsubject a\n  name a\nduplicates ignore\n  name b\n",
      "line 5: expected a line of",
    ],
    ["a subject twice", "countersign-watch/v1\nsubject a\n  name a\nsubject a\n", "line 4:"],
    ["a name of two words", "countersign-watch/v1\nsubject a b\n", "line 2: expected subject and"],
    ["an empty subject", "countersign-watch/v1\nsubject a\n", "in the subject a"],
    ["an empty signer", "countersign-watch/v1\nsigner a\n", "in the signer a"],
    [
      "a ledger of nobody",
      `countersign-watch/v1\nsigner a\n  mine l\n  revoked ${KEY} at 1\n`,
      "beside the ledger of a",
    ],
    ["a short digest", "countersign-watch/v1\nsubject a\n  digest sha256:ab\n", "line 3: digest"],
    [
      "a digest by another hash",
      `countersign-watch/v1\nsubject a\n  digest md5:${"AB".repeat(16)}\n`,
      "line 3",
    ],
    ["an empty pattern", "countersign-watch/v1\nsubject a\n  name\n", "line 3"],
    ["a wrong key", "countersign-watch/v1\nsigner a\n  key sha256:ab\n", "line 3"],
    [
      "a regular expression that RE2 does not know",
      "countersign-watch/v1\nsubject a\n  name ~a(?=b)\n",
      'line 3: expression "a(?=b)": expected RE2 syntax, found invalid or unsupported Perl syntax',
    ],
    [
      "an issuer alone",
      "countersign-watch/v1\nsigner a\n  oidc https://issuer.example\n",
      "line 3",
    ],
    ["an index that is none", `countersign-watch/v1\nsigner a\n  revoked ${KEY} at 01\n`, "line 3"],
    ["a revocation without index", `countersign-watch/v1\nsigner a\n  revoked ${KEY}\n`, "line 3"],
    ["a half origin", `countersign-watch/v1\nsigner a\n  revoked ${KEY} at 1 in\n`, "line 3"],
    ["no hours", "countersign-watch/v1\nshipped f within\n", "line 2"],
    ["0 hours", "countersign-watch/v1\nshipped f within 0\n", "line 2"],
    ["hours without end", "countersign-watch/v1\nshipped f within 9999999\n", "line 2"],
    ["a shipped list without name", "countersign-watch/v1\nshipped\n", "line 2"],
    ["half a severity", "countersign-watch/v1\nduplicates\n", "line 2: expected violation"],
    ["a severity twice", "countersign-watch/v1\nunknown ignore\nunknown ignore\n", "line 3"],
    ["an open group", "countersign-watch/v1\nsubject a\n  name ~(a\n", "line 3: expression"],
  ])("refuses %s and says where", async (_, text, where) => {
    expect(await refusalOf(text)).toContain(where)
  })

  it.each([
    ["a list", "subject a\n  digests f\n", "sha256:12\n", "line 3: f, line 1: digest"],
    ["a list's hex", "subject a\n  digests f\n", `# \n${"zz".repeat(32)}\n`, "line 3: f, line 2"],
  ])("refuses %s by its own line", async (_, lines, list, where) => {
    expect(await refusalOf(`countersign-watch/v1\n${lines}`, { f: list })).toContain(where)
  })

  it("lets the error of a file that cannot be read through", async () => {
    const text = "countersign-watch/v1\nshipped f\n"
    await expect(parseWatch(text, noFile)).rejects.toThrow("no file")
  })

  it("takes or refuses whatever text it is given", async () => {
    const words = fc.constantFrom(
      "subject",
      "signer",
      "name",
      "~(a|b)*",
      "digest",
      KEY,
      "key",
      "oidc",
      "shipped",
      "within",
      "in",
      "at",
      "revoked",
      "12",
      "unique version",
      " ",
      "\n",
      "\n  ",
      "#",
      "x",
    )
    const text = fc.array(fc.oneof(words, fc.string()), { maxLength: 40 })
    await fc.assert(
      fc.asyncProperty(text, async (parts) => {
        expect(await refusalOf(`countersign-watch/v1\n${parts.join(" ")}\n`)).toBeTypeOf("string")
      }),
      { numRuns: 500 },
    )
  })
})

function fits(pattern: string, name: string): boolean {
  return parsePattern(pattern).matches(name)
}

describe("a plain pattern", () => {
  it.each([
    ["app", "app", true],
    ["app", "app2", false],
    ["app", "my-app", false],
    ["app*", "app", true],
    ["app*", "app@1", true],
    ["app*", "app/other", false],
    ["app/*/b", "app/x/b", true],
    ["app/*/b", "app/x/y/b", false],
    ["app/**/b", "app/x/y/b", true],
    ["**", "anything/at\nall", true],
    ["a.c", "abc", false],
    ["a?c", "abc", false],
    ["(a)+[b]*", "(a)+[b]", true],
    ["*.tar", "x.tar.gz", false],
    ["*@refs/tags/v*", "me@refs/tags/v1", true],
    ["ä*", "äö😀", true],
  ])("%s: %s %s", (pattern, name, is) => {
    expect(fits(pattern, name)).toBe(is)
  })

  it("never fits more than it says, as shells would", () => {
    expect(fits("https://github.com/acme/**", "https://github.com/acme")).toBe(false)
    expect(fits("app/**/b", "app/b")).toBe(false)
    expect(fits("a**b", "a/x/b")).toBe(true)
    expect(fits("{a,b}*", "ab")).toBe(false)
    expect(fits("!a*", "b")).toBe(false)
    expect(fits("*constructor*", "a constructor")).toBe(true)
  })

  it("needs no more time for names that are made to fit nearly", () => {
    const name = `${"a".repeat(LONGEST_NAME - 1)}b`
    const start = performance.now()
    for (const stars of ["*", "**"]) {
      expect(fits(`${stars}a`.repeat(100), name)).toBe(false)
      expect(fits(`${`${stars}a`.repeat(100)}b`, name)).toBe(true)
    }
    expect(performance.now() - start).toBeLessThan(5_000)
  })

  it("is fast enough for ten thousand of them", async () => {
    const names = Array.from({ length: 10_000 }, (_, i) => `  name pkg:npm/@acme/p${i}-*@*`)
    const watch = await watchOf(["subject acme", ...names])
    const index = indexWatch(watch)
    const subjectsOf = (name: string) =>
      index.subjectsOf({ digests: [], signers: [], subjects: [{ name, digests: [] }] })
    const start = performance.now()
    for (let i = 0; i < 100; i++) {
      expect(subjectsOf(`pkg:npm/@acme/p${i}-x@1.${i}`)).toHaveLength(1)
      expect(subjectsOf(`pkg:oci/other@${i}`)).toHaveLength(0)
    }
    expect(performance.now() - start).toBeLessThan(10_000)
  })

  it("refuses more than two stars side by side", () => {
    expect(() => parsePattern("a***")).toThrow("expected * or **")
  })
})

describe("a regular expression", () => {
  it.each([
    ["~app", "app", true],
    ["~app", "an app", false],
    ["~^app$", "app", true],
    ["~a|b", "b", true],
    ["~a|b", "ab", false],
    ["~(?:a|b)+c?", "abab", true],
    ["~(a|)b", "b", true],
    ["~v[0-9]+(\\.[0-9]+){2}", "v1.22.3", true],
    ["~v[0-9]+(\\.[0-9]+){2}", "v1.22", false],
    ["~a{2,3}", "aa", true],
    ["~a{2,3}", "aaaa", false],
    ["~a{2,}", "aaaaa", true],
    ["~[^/]+", "a/b", false],
    ["~[a\\]-]+", "a]-", true],
    ["~\\d\\D\\w\\W\\s\\S", "1aA- x", true],
    ["~.*", "any\nthing", true],
    ["~a+?", "aa", true],
    ["~a{65}", "a".repeat(65), true],
    ["~(?<n>a)", "a", true],
    ["~[\\d-z]+", "1-z", true],
    ["~(?i)app", "APP", true],
    ["~\\{x\\}[{^$]", "{x}^", true],
    ["~https://github\\.com/acme/.*@refs/tags/v.*", "https://github.com/acme/x@refs/tags/v1", true],
    [
      "~https://github\\.com/acme/.*@refs/tags/v.*",
      "https://githubXcom/acme/x@refs/tags/v1",
      false,
    ],
  ])("%s: %s %s", (pattern, name, is) => {
    expect(fits(pattern, name)).toBe(is)
  })

  it.each([
    "~(a",
    "~a)",
    "~[a",
    "~[]",
    "~[b-a]",
    "~*a",
    "~a**",
    "~a{3,2}",
    "~a{,3}",
    "~a{1",
    "~\\1",
    "~\\q",
    "~\\",
    "~(?=a)",
    "~(?!a)",
    "~a^b",
    "~a$b",
    "~(a{60}){60}",
    "~(a{1,31}){1,31}",
    "~a{",
    "~((((){60}){60}){60}){60}",
    `~${"a".repeat(512)}`,
  ])("%s is refused", (pattern) => {
    expect(() => parsePattern(pattern)).toThrow(Refusal)
  })

  it("agrees with the engine of the platform", () => {
    const atom = fc.constantFrom("a", "b", "/", ".", "[ab]", "[^a]", "(a|b)", "(?:ab|)", "\\w")
    const part = fc
      .tuple(atom, fc.constantFrom("", "*", "+", "?", "{2}", "{1,2}", "{0,}"))
      .map(([what, often]) => what + often)
    const expression = fc.array(part, { maxLength: 5 }).map((parts) => parts.join(""))
    const name = fc.array(fc.constantFrom("a", "b", "/", "c"), { maxLength: 8 })
    fc.assert(
      fc.property(expression, name, (source, characters) => {
        const text = characters.join("")
        const expected = new RegExp(`^(?:${source})$`, "su").test(text)
        expect(fits(`~${source}`, text)).toBe(expected)
      }),
      { numRuns: 1000 },
    )
  })

  it("does as many steps as the text is long, where backtracking would not end", () => {
    const name = "a".repeat(LONGEST_NAME - 1)
    expect(fits("~(a*)*b", name)).toBe(false)
    expect(fits("~(a|a)*b", `${name}b`)).toBe(true)
    expect(fits("~(a|aa)+", name)).toBe(true)
  })

  it("fits no name above the bound", () => {
    expect(fits("~a*", "a".repeat(LONGEST_NAME))).toBe(true)
    expect(fits("~a*", "a".repeat(LONGEST_NAME + 1))).toBe(false)
  })
})
