import { describe, expect, test } from "vitest"
import { readStatement, type StatementReading } from "../../../src/entry/statement/reading.ts"

const HEX = "0123456789abcdef".repeat(4)
const OTHER = "ab".repeat(32)

function read(text: string): StatementReading {
  return readStatement(new TextEncoder().encode(text))
}

function statement(subject: string, more = ""): string {
  return `{"_type":"https://in-toto.io/Statement/v1","subject":${subject},"predicateType":"t"${more}}`
}

describe("a plain statement", () => {
  test("says its subjects with every digest, its predicate type and what it mentions", () => {
    const subject = `[{"name":"a","digest":{"sha256":"${HEX}","gitCommit":"${"C".repeat(40)}"}},{"uri":"u"}]`
    const predicate = `,"predicate":{"materials":[{"digest":{"sha256":"${OTHER}"}},"pkg:oci/x@sha256:${OTHER}","${HEX}"]}`
    expect(read(statement(subject, predicate))).toEqual({
      form: "plain",
      subjects: [
        { name: "a", digests: [`sha256:${HEX}`, `gitCommit:${"c".repeat(40)}`] },
        { name: "u", digests: [] },
      ],
      predicateType: "t",
      mentions: [OTHER],
    })
  })

  test("has no most of subjects", () => {
    const one = (i: number) => `{"name":"n${i}","digest":{"sha256":"${HEX}"}}`
    const list = Array.from({ length: 3000 }, (_, i) => one(i)).join(",")
    const reading = read(statement(`[${list}]`))
    expect(reading).toMatchObject({ form: "plain" })
    expect(reading.form === "plain" && reading.subjects.at(-1)?.name).toBe("n2999")
  })

  test.each([
    ["SHA256", "sha256"],
    ["sha-256", "sha256"],
    ["SHA2_256", "sha256"],
    ["sha2-512", "sha512"],
    ["SHA-512/256", "SHA-512/256"],
    ["blake3", "blake3"],
    ["constructor", "constructor"],
    ["__proto__", "__proto__"],
  ])("spells the algorithm %s as %s", (name, spelled) => {
    const reading = read(statement(`[{"digest":{"${name}":"${HEX.toUpperCase()}"}}]`))
    expect(reading).toMatchObject({ subjects: [{ digests: [`${spelled}:${HEX}`] }] })
  })

  test("may have a name and a URI, an empty or missing name, no digest, and no subject", () => {
    expect(
      read(statement('[{"name":"a","uri":"b"},{"name":""},{"name":null},{"digest":null}]')),
    ).toMatchObject({
      subjects: [
        { name: "a", digests: [] },
        { name: "b", digests: [] },
        { name: "", digests: [] },
        { digests: [] },
        { digests: [] },
      ],
    })
    expect(read(statement("null"))).toMatchObject({ form: "plain", subjects: [] })
    expect(read("{}")).toEqual({ form: "plain", subjects: [], mentions: [] })
  })

  test("may have what it likes within its predicate", () => {
    const predicate = `,"predicate":{"Subject":1,"subject":[2],"größe":3,"a":1,"a":2,"name":1}`
    expect(read(statement("[]", predicate))).toMatchObject({ form: "plain" })
  })
})

describe("a payload that no reader takes for a statement", () => {
  test.each([
    ["text", "hello"],
    ["a list", `[{"subject":[{"digest":{"sha256":"${HEX}"}}]}]`],
    ["nothing", ""],
    ["JSON of another kind", '{"Name":1,"a":1,"a":2}'],
  ])("says nothing: %s", (_name, text) => {
    expect(read(text)).toMatchObject({ form: "plain", subjects: [] })
  })

  test("mentions its digests", () => {
    expect(read(`${HEX}  app.tar.gz\n`)).toEqual({ form: "plain", subjects: [], mentions: [HEX] })
  })
})

describe("a statement is odd", () => {
  const good = `[{"name":"a","digest":{"sha256":"${HEX}"}}]`
  test.each([
    ["with a byte order mark", `\ufeff${statement(good)}`],
    ["with two subjects", statement(good, `,"subject":[]`)],
    ["with a member that differs by its case", statement(good, `,"Subject":[]`)],
    ["with a member that folds", statement(good, `,"\u017fubject":[]`)],
    ["with an escaped member", statement(good, `,"\\u017fubject":[]`)],
    ["with an escaped name of a member", statement("[]").replace('"subject"', '"\\u0073ubject"')],
    ["with a member not in ASCII", statement(good, `,"größe":1`)],
    [
      "with two digests of one name",
      statement(`[{"digest":{"sha256":"${HEX}","sha256":"${OTHER}"}}]`),
    ],
    ["with two digest members", statement(`[{"digest":{},"digest":{"sha256":"${OTHER}"}}]`)],
    ["with a digest that differs by its case", statement(`[{"Digest":{"sha256":"${OTHER}"}}]`)],
    ["with a digest that folds", statement(`[{"dige\u017ft":{"sha256":"${OTHER}"}}]`)],
    ["with two names", statement('[{"name":"a","name":"b"}]')],
    ["with blanks in a digest", statement(`[{"digest":{"sha256":"${HEX} "}}]`)],
    ["with blanks in a digest of another algorithm", statement(`[{"digest":{"x":" ${HEX}"}}]`)],
    ["with a digest that is a number", statement('[{"digest":{"sha256":1}}]')],
    ["with a name that is a number", statement('[{"name":1}]')],
    ["with nothing among its subjects", statement(`[null,{"digest":{"sha256":"${HEX}"}}]`)],
    ["whose subjects are an object", statement('{"name":"a"}')],
    ["with a comment", `/* */${statement(good)}`],
    ["with single quotes", statement(good).replaceAll('"', "'")],
    ["with a comma too many", statement(good).replace("}]", "},]")],
    ["with NaN", statement(good, `,"predicate":NaN`)],
    ["with something behind it", `${statement(good)}{}`],
  ])("%s", (_name, text) => {
    expect(read(text)).toEqual({ form: "odd" })
  })

  test("in bytes that are not UTF-8, and in UTF-16", () => {
    const bad = Buffer.from(statement(good, ',"predicate":"\xff"'), "latin1")
    expect(readStatement(bad)).toEqual({ form: "odd" })
    expect(readStatement(Buffer.from(statement(good), "utf16le"))).toEqual({ form: "odd" })
  })
})
