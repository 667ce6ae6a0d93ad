// Runs examples/sign-in-ci as a CI job would: the real program, a log of its own, keys made by openssl.
import { generateKeyPairSync } from "node:crypto"
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs"
import { delimiter, join } from "node:path"
import { expect, test } from "vitest"
import { parse } from "yaml"
import { newLog } from "../scenarios/log/new-log.ts"
import {
  checkout,
  countersign,
  type Ended,
  programCommand,
  serve,
  start,
} from "../scenarios/process.ts"
import { newFolder } from "../storage/folder.ts"

const example = join(checkout, "examples/sign-in-ci")

function newKey(): { readonly secret: string; readonly shown: string } {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
  return {
    secret: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    shown: publicKey.export({ type: "spki", format: "pem" }).toString(),
  }
}

/** A folder of a build, with a log to sign to, and how the script is run in it. */
async function newBuild() {
  const log = await newLog()
  const { url } = await serve(log.data, log.options)
  const folder = newFolder()
  const place = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text)
    return join(folder, name)
  }
  const { stdout } = await countersign("keys", "--data", log.data, "--format", "policy")
  const program = place("countersign", `#!/bin/sh\nexec ${programCommand.join(" ")} "$@"\n`)
  chmodSync(program, 0o755)
  const key = newKey()
  const env = {
    PATH: [folder, process.env["PATH"]].join(delimiter),
    LOG: url,
    POLICY: place("log.policy", stdout),
    SIGNER: place("signer.pub", key.shown),
    SIGNING_KEY: key.secret,
  }
  const sign = (files: readonly string[], changed: Readonly<Record<string, string>> = {}) =>
    start([join(example, "sign-and-verify.sh"), ...files], {
      cwd: folder,
      env: { ...env, ...changed },
    }).ended
  return { folder, place, sign }
}

function bundleOf(file: string): unknown {
  return JSON.parse(readFileSync(`${file}.sigstore.json`, "utf8"))
}

test("every file of a build gets a bundle that users can verify", async () => {
  const { place, sign } = await newBuild()
  const files = [place("app.tgz", "one"), place("with a space.tgz", "two")]
  const { code, stdout, stderr }: Ended = await sign(files)
  expect([code, stderr]).toEqual([0, expect.any(String)])
  expect(stdout.match(/^verified: entry \d of log\.example$/gm)).toHaveLength(2)
  for (const file of files) expect(bundleOf(file)).toHaveProperty("verificationMaterial")
})

test("a secret that is not the key that users have fails the job", async () => {
  const { place, sign } = await newBuild()
  const { code, stderr } = await sign([place("app.tgz", "one")], { SIGNING_KEY: newKey().secret })
  expect(code).toBe(3)
  expect(stderr).toMatch(/^countersign: bad-signature: /m)
})

test("nothing is signed without a log to sign to, and the secret is not left behind", async () => {
  const { folder, place, sign } = await newBuild()
  const file = place("app.tgz", "one")
  const { code, stderr } = await sign([file], { LOG: "http://127.0.0.1:1", TMPDIR: folder })
  expect([code, stderr]).toEqual([1, expect.stringMatching(/^countersign: /m)])
  expect(existsSync(`${file}.sigstore.json`)).toBe(false)
  expect((await start(["grep", "-rl", "PRIVATE KEY", folder]).ended).stdout).toBe("")
})

test("the workflow runs the script with all that it needs", () => {
  const workflow = parse(readFileSync(join(example, "workflow.yml"), "utf8"))
  const steps: readonly { run?: string; env?: object }[] = workflow.jobs.release.steps
  const step = steps.find(({ run }) => run?.includes("./sign-and-verify.sh"))
  expect(Object.keys(step?.env ?? {})).toEqual(["LOG", "POLICY", "SIGNER", "SIGNING_KEY"])
})
