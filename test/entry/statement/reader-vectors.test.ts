// Odd statements about a victim, each with the readers that take it for one, as they were run: Go is encoding/json as
// cosign 2.5 uses it, sigstore-go what sigstore-go 1.3.0 and cosign 3.1.1 verify by, Gson 2.10.1 in its lenient default,
// Python json.loads, Node JSON.parse of decoded text. None of them may see the victim where we do not.
import { describe, expect, test } from "vitest"
import { digestValue, readStatement } from "../../../src/entry/statement/reading.ts"
import { readSuperset } from "../../../src/entry/statement/superset.ts"

const V = "5e1f00d5".repeat(8)
const V512 = "5e1f00d5".repeat(16)
const V384 = "5e1f00d5".repeat(12)
const INNOCENT = "ab".repeat(32)
const about = (hex: string, name = "victim") => `{"name":"${name}","digest":{"sha256":"${hex}"}}`
const with_ = (subject: string, more = "") =>
  `{"_type":"https://in-toto.io/Statement/v1",${subject},"predicateType":"t","predicate":{}${more}}`
const victim = `"subject":[${about(V)}]`
const innocent = `"subject":[${about(INNOCENT, "innocent")}]`
const plain = with_(victim)

type Reader = "Go" | "sigstore-go" | "Gson" | "Python" | "Node"

interface Vector {
  readonly name: string
  readonly payload: string | Uint8Array
  readonly readers: readonly Reader[]
  /** What they see; the victim's SHA-256 if nothing else is said. */
  readonly digest?: string
}

const everyone: readonly Reader[] = ["Go", "sigstore-go", "Gson", "Python", "Node"]
const latin1 = (text: string) => Buffer.from(text, "latin1")
const utf16 = (text: string) => Buffer.from(text, "utf16le")

const vectors: readonly Vector[] = [
  { name: "plain", payload: plain, readers: everyone },
  { name: "no name", payload: plain.replace('"name":"victim",', ""), readers: everyone },
  { name: "null as name", payload: plain.replace('"victim"', "null"), readers: everyone },
  { name: "Statement/v0.1", payload: plain.replace("/v1", "/v0.1"), readers: everyone },
  { name: "blanks around", payload: ` \n${plain}\r\n\t`, readers: everyone },
  {
    name: "escapes in names of members",
    payload: plain.replace("subject", "\\u0073ubject").replace("digest", "d\\u0069gest"),
    readers: everyone,
  },
  { name: "no _type", payload: plain.replace("_type", "type"), readers: everyone },
  {
    name: "predicate_type",
    payload: plain.replace("predicateType", "predicate_type"),
    readers: ["Go", "sigstore-go"],
  },
  {
    name: "two subjects, the victim last",
    payload: with_(innocent, `,${victim}`),
    readers: ["Go"],
  },
  {
    name: "two digests of one name, the victim last",
    payload: plain.replace(`"sha256":`, `"sha256":"${INNOCENT}","sha256":`),
    readers: ["Go", "Python", "Node"],
  },
  {
    name: "two lists that Go merges element by element",
    payload: with_(innocent, `,"subject":[{"digest":{"sha512":"${V512}"}}]`),
    readers: ["Go"],
    digest: V512,
  },
  { name: "Subject alone", payload: plain.replace("subject", "Subject"), readers: ["Go"] },
  {
    name: "\u017fubject alone",
    payload: plain.replace("subject", "\u017fubject"),
    readers: ["Go"],
  },
  { name: "Digest", payload: plain.replace('"digest"', '"Digest"'), readers: ["Go"] },
  { name: "dige\u017ft", payload: plain.replace('"digest"', '"dige\u017ft"'), readers: ["Go"] },
  {
    name: "an innocent subject and Subject",
    payload: with_(innocent, `,${victim.replace("subject", "Subject")}`),
    readers: ["Go"],
  },
  {
    name: "an innocent subject and \u017fubject",
    payload: with_(innocent, `,${victim.replace("subject", "\u017fubject")}`),
    readers: ["Go"],
  },
  {
    name: "an innocent subject and an escaped \u017fubject",
    payload: with_(innocent, `,${victim.replace("subject", "\\u017fubject")}`),
    readers: ["Go"],
  },
  {
    name: "a predicate that is text, and Subject",
    payload: `{"Subject":[${about(V)}],"predicate":"x"}`,
    readers: ["Go"],
  },
  { name: "SHA2_256", payload: plain.replace("sha256", "SHA2_256"), readers: ["sigstore-go"] },
  {
    name: "SHA-512 only",
    payload: plain.replace("sha256", "sha512").replace(V, V512),
    readers: ["sigstore-go", "Node"],
    digest: V512,
  },
  {
    name: "SHA-384 only",
    payload: plain.replace("sha256", "sha384").replace(V, V384),
    readers: ["sigstore-go"],
    digest: V384,
  },
  {
    name: "an innocent SHA-256 with the victim's SHA-512",
    payload: plain.replace(`"sha256":"${V}"`, `"sha256":"${INNOCENT}","sha512":"${V512}"`),
    readers: ["sigstore-go"],
    digest: V512,
  },
  {
    name: "upper-case hex",
    payload: plain.replace(V, V.toUpperCase()),
    readers: ["sigstore-go", "Gson"],
  },
  { name: "null among subjects", payload: with_(`"subject":[null,${about(V)}]`), readers: ["Go"] },
  { name: "an unknown member", payload: with_(victim, `,"x":1`), readers: ["Go", "Node"] },
  { name: "half a surrogate pair", payload: plain.replace("victim", "\\ud800"), readers: ["Go"] },
  {
    name: "bad UTF-8 in the predicate",
    payload: latin1(with_(victim, `,"x":"\xff"`)),
    readers: ["Go", "Node"],
  },
  {
    name: "bad UTF-8 in a name",
    payload: latin1(plain.replace("victim", "\xff")),
    readers: ["Go"],
  },
  {
    name: "1,025 subjects, the victim last",
    payload: with_(`"subject":[${`${about(INNOCENT)},`.repeat(1024)}${about(V)}]`),
    readers: ["Go"],
  },
  {
    name: "9,000 levels of nesting",
    payload: with_(victim, `,"x":${"[".repeat(9000)}${"]".repeat(9000)}`),
    readers: ["Go", "sigstore-go"],
  },
  {
    name: "200,000 levels of nesting",
    payload: with_(victim, `,"x":${"[".repeat(200_000)}${"]".repeat(200_000)}`),
    readers: ["Node"],
  },
  { name: "1e999", payload: with_(victim, ',"x":1e999'), readers: ["Go", "Python", "Node"] },
  { name: "NaN", payload: with_(victim, ',"x":NaN'), readers: ["Gson", "Python"] },
  {
    name: "a byte order mark",
    payload: `\ufeff${plain}`,
    readers: ["Gson", "Python", "Node"],
  },
  { name: "UTF-16", payload: utf16(plain), readers: ["Python"] },
  { name: "UTF-16 with its mark", payload: utf16(`\ufeff${plain}`), readers: ["Python"] },
  {
    name: "UTF-16, the other order",
    payload: utf16(`\ufeff${plain}`).swap16(),
    readers: ["Python"],
  },
  { name: "a comment", payload: `/*"*/${plain}`, readers: ["Gson"] },
  { name: "a comment of a line", payload: `#'\\\n${plain}`, readers: ["Gson"] },
  {
    name: "a comment before a digest",
    payload: plain.replace(`"${V}"`, `#a\n"${V}"`),
    readers: ["Gson"],
  },
  { name: "single quotes", payload: plain.replaceAll('"', "'"), readers: ["Gson"] },
  { name: "no quotes", payload: plain.replaceAll(/"([a-z0-9]+)"/g, "$1"), readers: ["Gson"] },
  {
    name: "no quotes behind a comment",
    payload: plain.replace(`"${V}"`, `#a\n${V}`),
    readers: ["Gson"],
  },
  {
    name: "= and ;",
    payload: plain.replaceAll(":{", "={").replaceAll(",", ";"),
    readers: ["Gson"],
  },
  { name: "a comma too many", payload: plain.replace("}]", "},]"), readers: ["Gson"] },
  { name: ")]}' before it", payload: `)]}'\n${plain}`, readers: ["Gson"] },
  { name: "a new line in a text", payload: plain.replace("victim", "a\nb"), readers: ["Gson"] },
  {
    name: "blanks in a digest, which BouncyCastle skips",
    payload: plain.replace(V, `${V.slice(0, 32)} \\n${V.slice(32)}`),
    readers: ["Gson"],
  },
  { name: "something behind it", payload: `${plain}{}`, readers: ["Gson"] },
]

function digestsIn(payload: Uint8Array): ReadonlySet<string> {
  const reading = readStatement(payload)
  if (reading.form === "odd") return readSuperset(payload).digests
  return new Set(reading.subjects.flatMap(({ digests }) => digests.map(digestValue)))
}

describe("a victim that a reader sees is seen", () => {
  test.each(vectors)("$name: $readers", ({ payload, digest = V }) => {
    const bytes = typeof payload === "string" ? new TextEncoder().encode(payload) : payload
    expect(digestsIn(bytes)).toContain(digest)
  })
})

describe("what no reader takes for a statement about it raises nothing", () => {
  test.each([
    ["a statement in the predicate of another", with_(innocent).replace("{}", plain)],
    ["a list of statements", `[${plain}]`],
    ["a digest in a text", `see ${V}`],
  ])("%s", (_name, payload) => {
    const reading = readStatement(new TextEncoder().encode(payload))
    expect(reading).toMatchObject({ form: "plain", mentions: expect.arrayContaining([V]) })
    expect(digestsIn(new TextEncoder().encode(payload))).not.toContain(V)
  })
})
