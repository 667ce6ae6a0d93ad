// Why a bundle is refused, where the file that it should be of shows it.
import { sign } from "node:crypto"
import { afterAll, beforeAll, expect, test } from "vitest"
import { openSignedFiles, type SignedFiles } from "./signed-files.ts"

let signed: SignedFiles

beforeAll(async () => {
  signed = await openSignedFiles()
})
afterAll(() => signed.workspace.close())

test.each([
  ["without the line feed at its end", "text", "text\n"],
  ["with a line feed behind it, as echo writes one", "text\n", "text"],
])("the bundle is about the artifact %s", async (end, signedText, given) => {
  const path = await signed.sign(`line-${signedText.length}`, signedText)
  const other = signed.workspace.write("other", given)
  const words = ["--bundle", `${path}.sigstore.json`]
  const ran = await signed.verify(...words, "--artifact", other)
  expect(ran).toMatchObject({ code: 3, out: "" })
  expect(ran.err).toContain(`digest is not that of the artifact; it is about the artifact ${end}\n`)
  const unlike = await signed.verify(...words, "--artifact", signed.workspace.write("x", "else"))
  expect(unlike.err).toMatch(/is not that of the artifact\n$/)
})

test.each([
  ["with sha384", "it was made with sha384, expected sha256", "sha384", "content"],
  ["over another end", "over the artifact with a line feed behind it", "sha256", "content\n"],
  ["over something else", "none of the usual mistakes explains it", "sha256", "else"],
])("the signature was made %s", async (_, why, hash, content) => {
  const path = await signed.sign("app", "content")
  const bundle = JSON.parse(signed.bundleOf(path))
  const key = signed.workspace.read("signer.pem")
  bundle.messageSignature.signature = sign(hash, Buffer.from(content), key).toString("base64")
  const file = signed.workspace.write("changed.json", JSON.stringify(bundle))
  const ran = await signed.verify("--bundle", file, "--artifact", path)
  expect(ran.code).toBe(3)
  expect(ran.err).toContain(why)
})

test("of a digest no more is said than it shows", async () => {
  const path = await signed.sign("app2", "content")
  const bundle = JSON.parse(signed.bundleOf(path))
  const key = signed.workspace.read("signer.pem")
  bundle.messageSignature.signature = sign("sha384", Buffer.from("content"), key).toString("base64")
  const file = signed.workspace.write("changed.json", JSON.stringify(bundle))
  const digest = Buffer.from(bundle.messageSignature.messageDigest.digest, "base64").toString("hex")
  const ran = await signed.verify("--bundle", file, "--digest", `sha256:${digest}`)
  expect(ran.err).toContain("that show without the artifact")
})
