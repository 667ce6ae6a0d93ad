// Rows 65 to 87 of the taxonomy: attestations by a thief that some verifier takes for ones about what is watched, however
// oddly they are written. Who takes them is in each title: found by running cosign 2.5.0 (old bundle: "cosign 2"), cosign
// 3.1.1, sigstore-go 1.3.0, and the JSON readers of Go, Python, Gson (sigstore-java) and Node.
import { describe, test } from "vitest"
import { concat, utf8 } from "../../../src/core/base/bytes.ts"
import type { FindingKind } from "../../../src/monitor/findings/finding.ts"
import {
  attestation,
  expectCaught,
  expectVerdict,
  hex,
  hex384,
  hex512,
  innocent,
  named,
  newTheft,
  otherHex,
  plain,
  statement,
  watchTheft,
} from "../../evil-log/theft.ts"

function spliced(text: string, part: string, by: Uint8Array): Uint8Array {
  const [before = "", after = ""] = text.split(part)
  return concat(utf8(before), by, utf8(after))
}

const victim = `[{"name":"x","digest":{"sha256":"${hex}"}}]`
/** A second member beside an innocent "subject", before or behind it. */
const before = (name: string, value = victim): string =>
  innocent.replace('"subject"', `"${name}":${value},"subject"`)
const behind = (name: string, value = victim): string =>
  innocent.replace(',"predicateType"', `,"${name}":${value},"predicateType"`)
const subjectOf = (text: string): string => plain.replace(victim, text)
const many = Array.from({ length: 1_024 }, () => ({ digest: { sha1: otherHex.slice(0, 40) } }))
const deep = `${'{"a":'.repeat(9_000)}1${"}".repeat(9_000)}`

type Row = readonly [row: number, what: string, payload: string | Uint8Array, kind?: FindingKind]

const rows: readonly Row[] = [
  [65, "one byte 0xFF in a predicate (cosign 2)", spliced(plain, "PLACE", Uint8Array.of(0xff))],
  [66, '"subject" twice, the last about the file (cosign 2)', behind("subject")],
  [
    66,
    '"subject" twice, the first about the file (readers that take the first)',
    before("subject"),
  ],
  [67, '"Subject" behind an innocent "subject" (cosign 2)', behind("Subject")],
  [
    67,
    "a digest's name with the letter \u017f (cosign 2)",
    plain.replace('"digest"', '"dige\u017ft"'),
  ],
  [
    68,
    "two lists that Go merges, element by element (cosign 2)",
    innocent.replace(
      ',"predicateType"',
      `,"subject":[{"digest":{"sha512":"${hex512}"}}],"predicateType"`,
    ),
  ],
  [69, "SHA2_256 for sha256 (cosign 3, sigstore-go)", statement({ digest: { SHA2_256: hex } })],
  [70, "SHA-512 alone (cosign 3, sigstore-go, npm)", statement({ digest: { sha512: hex512 } })],
  [70, "SHA-384 alone (cosign 3, sigstore-go)", statement({ digest: { sha384: hex384 } })],
  [
    71,
    "an innocent SHA-256 beside the file's SHA-512 (cosign 3, sigstore-go)",
    statement({ digest: { sha256: otherHex, sha512: hex512 } }),
  ],
  [
    71,
    "the file's SHA-256 beside an innocent SHA-512 (cosign 2 and 3, older bundles)",
    statement({ digest: { sha256: hex, sha512: otherHex.repeat(2) } }),
  ],
  [72, "digits in capitals (cosign 3, sigstore-go)", plain.replace(hex, hex.toUpperCase())],
  [73, "null among its subjects (cosign 2)", subjectOf(victim.replace("[", "[null,"))],
  [73, "a member that nobody knows (cosign 2)", behind("extra").replace(/\[\{.*?\}\}\]/, victim)],
  [73, "a lone surrogate (cosign 2)", plain.replace("PLACE", "\\ud800")],
  [74, "a predicate that is a text (cosign 2)", plain.replace('{"text":"PLACE"}', '"PLACE"')],
  [75, "another type, or none (all of them)", plain.replace("in-toto.io/Statement", "a.example/S")],
  [75, "another type, or none (all of them)", plain.replace('"_type"', '"type"')],
  [76, "UTF-16 (model-signing: Python)", new Uint8Array(Buffer.from(plain, "utf16le"))],
  [77, "a comment and bare names (sigstore-java: Gson)", plain.replace('{"_type"', "{/* */ _type")],
  [77, "NaN and a comma at the end (Gson, Python)", plain.replace('"PLACE"', "NaN,")],
  [78, "9,000 levels of nesting (cosign 2 and 3)", plain.replace('"PLACE"', deep)],
  [
    79,
    "the file as its 1,025th subject (cosign 2)",
    statement(...many, { digest: { sha256: hex } }),
  ],
  [80, "a host in capitals (cosign: no name is read)", named("REGISTRY.acme.example/team/app")],
  [80, "a default port (likewise)", named("registry.acme.example:443/team/app")],
  [80, "a scheme (likewise)", named("https://registry.acme.example/team/app")],
  [
    81,
    "a package URL of the image (likewise)",
    named("pkg:oci/app?repository_url=registry.acme.example%2Fteam%2Fapp"),
  ],
  [81, "capitals and blanks in a package URL (likewise)", named("PKG:npm/%40acme/x@1.0.0")],
  [
    82,
    "uri for name (readers of resource descriptors)",
    innocent.replace('"name":"x"', '"uri":"pkg:npm/@acme/x"'),
  ],
  [
    83,
    "sha-256 for sha256 (none of the five; other readers)",
    statement({ digest: { "sha-256": hex } }),
  ],
  [83, "the algorithm before the digits (likewise)", plain.replace(hex, `sha256:${hex}`)],
  [84, "one subject that is no list (likewise)", subjectOf(victim.slice(1, -1))],
  [84, "bytes behind the statement (likewise)", `${innocent}${plain}`],
  [85, "digits for letters (people)", named("registry.acme.examp1e/team/app"), "look-alike"],
]

const cases = rows.map(
  ([row, what, payload, kind = "unknown-signer"]) => [row, what, payload, kind] as const,
)

test.each(cases)("row %i: an attestation with %s is PROVEN", async (_row, _what, payload, kind) => {
  const evil = await newTheft()
  const index = await evil.honest.submit(attestation(payload))
  await expectCaught(await watchTheft(evil), index, kind)
})

describe("what no reader takes for a statement about what is watched", () => {
  const quiet: readonly (readonly [row: number, what: string, payload: string])[] = [
    // Whoever builds from a file has not signed it: no verifier of it takes the provenance of something else (D13).
    [
      86,
      "the file as a material of another one",
      innocent.replace('"PLACE"', `[{"uri":"pkg:npm/@acme/x","digest":{"sha256":"${hex}"}}]`),
    ],
    // Every verifier refuses it, and Tekton Chains writes it all day.
    [87, "null for the subjects", plain.replace(victim, "null")],
    [87, "an oddity about something else", innocent.replace('"PLACE"', "NaN")],
  ]
  test.each(quiet)("row %i: %s is no finding", async (_row, _what, payload) => {
    const evil = await newTheft()
    await evil.honest.submit(attestation(payload))
    await expectVerdict(await watchTheft(evil), { code: 0, findings: [], opaque: {} })
  })
})
