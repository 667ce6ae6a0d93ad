// Heads of trees of Rekor v1 in a file of heads: under the name that the tree has, whatever host the trusted root states.
import { sign } from "node:crypto"
import { mkdtempSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, onTestFinished, test } from "vitest"
import { rememberCheckpoints } from "../../../src/cli/user/remembered-heads.ts"
import { concat, utf8 } from "../../../src/core/base/bytes.ts"
import { readTrustedRoot } from "../../../src/sigstore/trusted-root.ts"
import { makeRekorLog } from "../../client/verify/made-rekor.ts"
import { base64 } from "../../entry/signers.ts"
import { sha256 } from "../../reference.ts"

const NAME = "rekor-server-0"
const log = makeRekorLog({ host: NAME, baseUrl: "https://rekor.example" })
const trust = readTrustedRoot(log.trustedRoot)

function checkpoint(root: string, by = log): string {
  const text = `${NAME} - 7\n3\n${base64(sha256(utf8(root)))}\n`
  const blob = concat(
    by.logId.subarray(0, 4),
    sign("sha256", Buffer.from(text), by.signer.privateKey),
  )
  return `${text}\n— ${NAME} ${base64(blob)}\n`
}

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "countersign-heads-"))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return folder
}

test("two heads of a tree that contradict each other convict the log under the tree's name", async () => {
  const folder = newFolder()
  const heads = join(folder, "heads")
  await rememberCheckpoints(heads, [checkpoint("one")], trust)
  await rememberCheckpoints(heads, [checkpoint("one")], trust)
  const forked = rememberCheckpoints(heads, [checkpoint("other")], trust)
  await expect(forked).rejects.toThrow("contradict each other")
  expect(readdirSync(folder).filter((name) => name.endsWith(".evidence"))).toHaveLength(1)
})

test("a head of another log that has the same name convicts nobody", async () => {
  const other = makeRekorLog({ host: NAME })
  const both = [...trust.trustedRoot, ...readTrustedRoot(other.trustedRoot).trustedRoot]
  const folder = newFolder()
  const all = [checkpoint("one"), checkpoint("other", other)]
  await rememberCheckpoints(join(folder, "heads"), all, { trustedRoot: both })
  expect(readdirSync(folder)).toEqual(["heads"])
})
