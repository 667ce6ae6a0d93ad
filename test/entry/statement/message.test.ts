import { createHash } from "node:crypto"
import { describe, expect, test } from "vitest"
import { readMessage } from "../../../src/entry/statement/message.ts"
import { dssePae, IN_TOTO_PAYLOAD_TYPE } from "../../../src/entry/statement/pae.ts"
import { readSuperset } from "../../../src/entry/statement/superset.ts"

const HEX = "0123456789abcdef".repeat(4)
const OTHER = "ab".repeat(32)
const encoder = new TextEncoder()

function read(text: string) {
  return readMessage(encoder.encode(text))
}

function statement(hex: string): string {
  return `{"subject":[{"name":"app","digest":{"sha256":"${hex}"}}]}`
}

/** What simple signing is about, to any reader. */
function digestsOf(bytes: Uint8Array): readonly string[] {
  const { isOdd, subjects, payload = new Uint8Array(0) } = readMessage(bytes)
  if (isOdd) return [...readSuperset(payload).digests]
  return subjects.flatMap(({ digests }) => digests.map((digest) => digest.split(":")[1] ?? ""))
}

describe("a message", () => {
  test("of an envelope says its type and its subjects", () => {
    const payload = encoder.encode(statement(HEX))
    expect(readMessage(dssePae(IN_TOTO_PAYLOAD_TYPE, payload))).toEqual({
      form: "dsse-pae",
      payloadType: IN_TOTO_PAYLOAD_TYPE,
      payload,
      subjects: [{ name: "app", digests: [`sha256:${HEX}`] }],
      isOdd: false,
    })
    const odd = dssePae("t", encoder.encode(`\ufeff${statement(HEX)}`))
    expect(readMessage(odd)).toMatchObject({ form: "dsse-pae", subjects: [], isOdd: true })
  })

  test.each([
    ["a length too short", "DSSEv1 1 t 2 abc", "found 1 more bytes"],
    ["a length too long", "DSSEv1 1 t 4 abc", "expected 4 bytes of payload, found 3"],
    ["a type too long", "DSSEv1 99 t 3 abc", "expected 99 bytes of payload type"],
    ["a length with a zero before it", "DSSEv1 01 t 3 abc", "length of the payload type"],
    ["a negative length", "DSSEv1 -1 t 3 abc", "length of the payload type"],
    ["no blank behind the type", "DSSEv1 1 tx3 abc", "expected a blank"],
    ["no length of the payload", "DSSEv1 1 t abc", "payload"],
    ["nothing else", "DSSEv1 ", "expected the length of the payload type"],
  ])("of an envelope with %s is refused", (_name, text, reason) => {
    expect(() => read(text)).toThrow(reason)
  })

  test("may be a statement that was signed as a file", () => {
    expect(read(statement(HEX))).toMatchObject({
      form: "payload",
      subjects: [{ name: "app", digests: [`sha256:${HEX}`] }],
    })
  })

  test.each(["ab".repeat(20), "ab".repeat(32)])("may be the ID of a commit: %s", (id) => {
    expect(read(id)).toEqual({
      form: "commit-id",
      subjects: [{ digests: [`gitCommit:${id}`] }],
      isOdd: false,
    })
  })

  test.each([
    ["an artifact", "#!/bin/sh\necho hello\n"],
    ["nothing", ""],
    ["a large text that mentions a digest", `${HEX} ${"x".repeat(70_000)}`],
  ])("is refused if it is %s", (_name, text) => {
    expect(() => read(text)).toThrow("an artifact says nothing of itself")
  })
})

describe("simple signing", () => {
  const plain = `{"critical":{"identity":{"docker-reference":"r/app"},"image":{"docker-manifest-digest":"sha256:${HEX}"},"type":"cosign container image signature"},"optional":null}`

  test("says the image and its repository", () => {
    expect(read(plain)).toMatchObject({
      form: "simple-signing",
      subjects: [{ name: "r/app", digests: [`sha256:${HEX}`] }],
      isOdd: false,
    })
  })

  const escaped = Array.from(HEX, (char) => `\\u00${char.charCodeAt(0).toString(16)}`).join("")
  const innocent = plain.replace(HEX, OTHER).slice(1, -1)
  test.each([
    ["plain", plain],
    ["with another reference", plain.replace("r/app", "victim/app")],
    ["printed on many lines", JSON.stringify(JSON.parse(plain), undefined, 2)],
    ["with more members", plain.replace("{", '{"more":1,')],
    ["with CRITICAL", plain.replace("critical", "CRITICAL")],
    ["with two of them, the victim's last", `{${innocent},${plain.slice(1)}`],
    ["with two of them, one in capital letters", `{${innocent},"CRITICAL${plain.slice(10)}`],
    ["with a folded name", plain.replace("docker-manifest-digest", "docker-manife\u017ft-digest")],
    ["with an escaped digest", plain.replace(HEX, escaped)],
    ["of another type", plain.replace("cosign container image signature", "x")],
    ["of no type", plain.replace(',"type":"cosign container image signature"', "")],
    ["without an identity", plain.replace('"identity":{"docker-reference":"r/app"},', "")],
  ])("is about the image, as cosign takes it: %s", (_name, text) => {
    expect(digestsOf(encoder.encode(text))).toContain(HEX)
  })

  test("is about the image, as cosign takes it: with bytes that are not UTF-8", () => {
    const bytes = Buffer.from(plain.replace("r/app", "r/\xff"), "latin1")
    expect(digestsOf(bytes)).toContain(HEX)
  })
})

describe("the attributes that gitsign signs", () => {
  const object = `tree ${"1".repeat(40)}\nauthor a <a@example.org> 0 +0000\ncommitter a <a@example.org> 0 +0000\n`
  const signature = "gpgsig -----BEGIN SIGNED MESSAGE-----\n MII=\n -----END SIGNED MESSAGE-----\n"
  const body = "\nfix: gr\xfc\xdfe\n"
  const bare = Buffer.from(object + body, "latin1")
  const commit = Buffer.from(object + signature + body, "latin1")
  const digest = createHash("sha256").update(bare).digest()
  const attribute = Buffer.concat([
    Buffer.from("302f06092a864886f70d01090431220420", "hex"),
    digest,
  ])
  const contentType = Buffer.from("301806092a864886f70d010903310b06092a864886f70d010701", "hex")
  const attributes = Buffer.concat([
    Buffer.from([0x31, contentType.length + attribute.length]),
    contentType,
    attribute,
  ])

  test("name the object without its signature", () => {
    expect(readMessage(attributes)).toEqual({
      form: "commit-attributes",
      signed: attributes,
      subjects: [{ digests: [`sha256:${digest.toString("hex")}`] }],
      isOdd: false,
    })
  })

  test("name the commit that stands behind them", () => {
    const id = createHash("sha1").update(`commit ${commit.length}\0`).update(commit).digest("hex")
    const { signed, subjects } = readMessage(Buffer.concat([attributes, commit]))
    expect(Buffer.from(signed ?? [])).toEqual(attributes)
    expect(subjects[0]?.digests).toContain(`gitCommit:${id}`)
  })

  test("name a tag", () => {
    const tag = `object ${"1".repeat(40)}\ntype commit\ntag v1\n\nv1\n`
    const signedTag = `${tag}-----BEGIN SIGNED MESSAGE-----\nMII=\n-----END SIGNED MESSAGE-----\n`
    const own = Buffer.from(attributes)
    own.set(createHash("sha256").update(tag).digest(), own.length - 32)
    const id = createHash("sha1").update(`tag ${signedTag.length}\0${signedTag}`).digest("hex")
    const { subjects } = readMessage(Buffer.concat([own, Buffer.from(signedTag)]))
    expect(subjects[0]?.digests).toContain(`gitTag:${id}`)
  })

  test("are refused with another commit", () => {
    const other = Buffer.concat([attributes, Buffer.from(object + body.replace("fix", "fox"))])
    expect(() => readMessage(other)).toThrow("expected a Git object with the digest")
  })
})
