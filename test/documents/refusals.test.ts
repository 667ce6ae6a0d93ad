// docs/refusals.md says what is answered to the usual mistakes. Each of its rows is provoked here, at a door of a log or
// on the command line, and must read as the document has it; the document has no other rows.
import {
  constants,
  createHash,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
} from "node:crypto"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, expect, test } from "vitest"
import { parsePolicy } from "../../src/core/note/policy.ts"
import { dssePae } from "../../src/entry/dsse.ts"
import { run } from "../cli/command/fake-terminal.ts"
import { openWorkspace, type Workspace } from "../cli/workspace.ts"
import { checkout } from "../scenarios/process.ts"
import { addressRefusals } from "./refused-addresses.ts"
import { bundleRefusals } from "./refused-bundles.ts"
import { clientRefusals } from "./refused-clients.ts"

let workspace: Workspace

beforeAll(async () => {
  workspace = await openWorkspace()
})
afterAll(async () => await workspace.close())

const ec = generateKeyPairSync("ec", { namedCurve: "P-256" })
const ed = generateKeyPairSync("ed25519")
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 })
const artifact = Buffer.from("an artifact\n")
const digest = createHash("sha256").update(artifact).digest()
const hex = digest.toString("hex")
const der = (key: KeyObject) =>
  createPublicKey(key as never).export({ format: "der", type: "spki" })
const pemOf = (key: KeyObject) =>
  createPublicKey(key as never).export({ format: "pem", type: "spki" }) as string
const secret = ec.privateKey.export({ format: "pem", type: "pkcs8" }) as string
const base64 = (bytes: string | Uint8Array) => Buffer.from(bytes).toString("base64")
const armour = (label: string, bytes: string) =>
  `-----BEGIN ${label}-----\n${base64(bytes.repeat(20))}\n-----END ${label}-----\n`

/** What somebody gives, and how the answer comes about. */
type Provoked = readonly [given: string, answer: () => Promise<string>]

async function posted(path: string, body: unknown): Promise<string> {
  const response = await fetch(`${workspace.url}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  })
  expect(response.status).toBeGreaterThanOrEqual(400)
  const { detail, message } = (await response.json()) as { detail?: string; message?: string }
  return detail ?? message ?? ""
}

const signed = sign("sha256", artifact, ec.privateKey)
const good = {
  kind: "hashedrekord",
  digest: `sha256:${hex}`,
  signature: base64(signed),
  publicKey: base64(der(ec.privateKey)),
}
const native = (changed: object) => () => posted("/v1/entries", { ...good, ...changed })

function envelope(signature: Uint8Array, key: KeyObject = ec.privateKey) {
  const signatures = [{ sig: base64(signature) }]
  const inner = { payload: base64("{}"), payloadType: "application/x", signatures }
  const verifiers = [{ publicKey: base64(der(key)) }]
  return () => posted("/v1/entries", { kind: "dsse", envelope: inner, verifiers })
}

const rekorV1 = (content: string, publicKey: string) => () =>
  posted("/api/v1/log/entries", {
    apiVersion: "0.0.1",
    kind: "hashedrekord",
    spec: {
      data: { hash: { algorithm: "sha256", value: hex } },
      signature: { content, publicKey: { content: publicKey } },
    },
  })

/** The last sentence of a command that failed, with the names of files as the document has them. */
async function refused(words: readonly string[]): Promise<string> {
  const ran = await run(words)
  expect(ran.code).not.toBe(0)
  const folder = workspace.path("")
  const text = ran.err.trim().split("\n").at(-1) ?? ""
  return text
    .replaceAll(folder, "")
    .replace(/^countersign: /, "")
    .replace(/^\/?a\.bin: /, "")
    .replace(/^the log answers 422: /, "")
    .replaceAll("/FILE", "FILE")
    .replaceAll("/a.sig", "FILE")
    .replace(/^error: option .* is invalid\. /, "")
}

const submitted =
  (key: string | Uint8Array, signature: string | Uint8Array = signed) =>
  () => {
    const files = {
      artifact: workspace.write("a.bin", artifact),
      key: workspace.write("FILE", key),
      signature: workspace.write("a.sig", signature),
    }
    return refused([
      ...["submit", "--log", workspace.url, "--artifact", files.artifact],
      ...["--signature", files.signature, "--public-key", files.key],
      ...["--policy", workspace.policy, "--bundle", workspace.path("b.json")],
    ])
  }

const named = (origin: string) => () =>
  refused(["init", "--data", workspace.path("data"), "--origin", origin])

const searched = (text: string) => () =>
  refused(["search", "--log", workspace.url, "--digest", text])

const p1363 = sign("sha256", artifact, { key: ec.privateKey, dsaEncoding: "ieee-p1363" })
const pss = sign("sha256", artifact, {
  key: rsa.privateKey,
  padding: constants.RSA_PKCS1_PSS_PADDING,
})
const payload = Buffer.from("{}")
const ofEd = { digest: `sha512:${createHash("sha512").update(artifact).digest("hex")}` }

const groups: Readonly<Record<string, readonly Provoked[]>> = {
  Keys: [
    ["a private key", submitted(secret)],
    ["`cosign.key`", submitted(armour("ENCRYPTED SIGSTORE PRIVATE KEY", "secret"))],
    ["a private key of OpenSSH's", submitted(armour("OPENSSH PRIVATE KEY", "secret"))],
    ["a public key of OpenSSH's", submitted("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA me@host\n")],
    ["a public key of OpenPGP's", submitted(armour("PGP PUBLIC KEY BLOCK", "key"))],
    ["a public key of minisign's", submitted("untrusted comment: minisign public key\nRWQ\n")],
    [
      "a public key in PKCS#1",
      submitted(rsa.publicKey.export({ format: "pem", type: "pkcs1" }) as string),
    ],
    ["a request for a certificate", submitted(armour("CERTIFICATE REQUEST", "request"))],
    ["two public keys in one file", submitted(pemOf(ec.privateKey) + pemOf(ed.privateKey))],
    ["a key that was cut", submitted(pemOf(ec.privateKey).slice(0, 150))],
    ["base64 without its PEM lines", submitted(base64(der(ec.privateKey)))],
    ["a text in UTF-16", submitted(Buffer.from(`\ufeff${pemOf(ec.privateKey)}`, "utf16le"))],
    ["PEM where the API takes DER", native({ publicKey: base64(pemOf(ec.privateKey)) })],
    ["DER where Rekor v1 takes PEM", rekorV1(base64(signed), base64(der(ec.privateKey)))],
  ],
  Signatures: [
    ["r and s alone (P1363)", native({ signature: base64(p1363) })],
    ["RSA-PSS", native({ signature: base64(pss), publicKey: base64(der(rsa.privateKey)) })],
    [
      "RSA with SHA-512",
      native({
        signature: base64(sign("sha512", artifact, rsa.privateKey)),
        publicKey: base64(der(rsa.privateKey)),
      }),
    ],
    [
      "pure Ed25519 over the artifact",
      native({
        ...ofEd,
        signature: base64(sign(null, artifact, ed.privateKey)),
        publicKey: base64(der(ed.privateKey)),
      }),
    ],
    [
      "one over the hexadecimal digest",
      native({ signature: base64(sign("sha256", Buffer.from(hex), ec.privateKey)) }),
    ],
    [
      "one over the digest's bytes",
      native({ signature: base64(sign("sha256", digest, ec.privateKey)) }),
    ],
    [
      "another hash than the key's",
      submitted(pemOf(ec.privateKey), sign("sha384", artifact, ec.privateKey)),
    ],
    [
      "one over a file that lost its line feed",
      submitted(pemOf(ec.privateKey), sign("sha256", artifact.subarray(0, -1), ec.privateKey)),
    ],
    [
      "one over something else",
      submitted(pemOf(ec.privateKey), sign("sha256", Buffer.from("other"), ec.privateKey)),
    ],
    ["one of OpenPGP's", submitted(pemOf(ec.privateKey), armour("PGP SIGNATURE", "x"))],
    ["one of SSH's", submitted(pemOf(ec.privateKey), armour("SSH SIGNATURE", "x"))],
    ["base64 of base64", native({ signature: base64(base64(signed)) })],
    ["hexadecimal", submitted(pemOf(ec.privateKey), signed.toString("hex"))],
    ["ECDSA under an Ed25519 key", native({ ...ofEd, publicKey: base64(der(ed.privateKey)) })],
  ],
  Envelopes: [
    ["one over the payload alone", envelope(sign("sha256", payload, ec.privateKey))],
    [
      "one for another payload type",
      envelope(sign("sha256", dssePae("application/vnd.in-toto+json", payload), ec.privateKey)),
    ],
    [
      "one over the payload in base64",
      envelope(
        sign("sha256", dssePae("application/x", Buffer.from(base64(payload))), ec.privateKey),
      ),
    ],
    [
      "another hash than the key's",
      envelope(sign("sha512", dssePae("application/x", payload), ec.privateKey)),
    ],
  ],
  Digests: [
    ["too few digits", searched(`sha256:${"ab".repeat(31)}`)],
    ["a tag", searched("registry.example/app:1.0")],
    ["a digest that is not of the key's hash", native({ digest: `sha512:${"ab".repeat(64)}` })],
  ],
  Base64: [
    ["two alphabets", native({ signature: "+-AA" })],
    ["half a padding", native({ signature: "AAA=".slice(1) })],
    ["a text that was cut", native({ signature: "AAAAA" })],
    ["bits left over", native({ signature: "AAF=".replace("F", "B") })],
    ["a blank within", native({ signature: "AA AA" })],
    ["nothing", native({ signature: "" })],
  ],
  Origins: [
    ["a URL", named("https://log.example.com")],
    ["a port", named("log.example.com:3003")],
    ["upper case", named("Log.Example.com")],
    ["an IP address", named("192.0.2.1")],
    [
      "an origin with blanks in a policy's log line",
      async () => {
        try {
          parsePolicy("log rekor.example - 123+00000000+AAAA\nquorum none\n")
        } catch (error) {
          return error instanceof Error ? error.message : ""
        }
        return ""
      },
    ],
  ],
  Bundles: bundleRefusals(() => workspace),
  "Addresses and networks": addressRefusals(() => workspace),
  Clients: clientRefusals,
}

const document = () => readFileSync(join(checkout, "docs/refusals.md"), "utf8")

/** The cells of the tables' rows below each heading. */
function rowsOf(text: string): ReadonlyMap<string, readonly (readonly string[])[]> {
  const rows = new Map<string, (readonly string[])[]>()
  for (const section of text.split(/^## /m).slice(1)) {
    const [heading = "", ...lines] = section.split("\n")
    const cells = lines
      .filter((line) => line.startsWith("| ") && !/^\| (?:given|-)/.test(line))
      .map((line) => line.split(" | ").map((cell) => cell.replace(/^\| | \|$/g, "").trim()))
    rows.set(heading.trim(), cells)
  }
  return rows
}

test.each(
  Object.entries(groups).flatMap(([group, all]) =>
    all.map(([given, answer]) => ({ group, given, answer })),
  ),
)("$group: $given", async ({ group, given, answer }) => {
  const text = await answer()
  expect(text).not.toContain(base64("secret").slice(0, 8))
  const row = rowsOf(document())
    .get(group)
    ?.find(([cell]) => cell === given)
  const plain = text
    .replaceAll(workspace.path(""), "")
    .replaceAll(/\/\S*\/ca\.pem/g, "FILE")
    .replaceAll("/FILE", "FILE")
    .replaceAll(/127\.0\.0\.1:\d{4,5}/g, "127.0.0.1:PORT")
    .replaceAll(/[0-9a-f]{64,}/g, "HEX")
    .replace(/found 7\d,/, "found N,")
    .replaceAll("|", "\\|")
  expect(row?.[1]).toBe(plain)
  expect(row?.[2]).toMatch(/\S/)
})

test("the document has no row that is not provoked", () => {
  for (const [group, cells] of rowsOf(document())) {
    expect(cells.map(([given]) => given)).toEqual(groups[group]?.map(([given]) => given))
  }
})
