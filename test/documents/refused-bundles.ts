// What `countersign verify` refuses, for docs/refusals.md: a good bundle by a key, and one by an identity, each spoilt in
// one way. The answers have the exit code in front.
import { createHash } from "node:crypto"
import { formatVkey, makeVkey } from "../../src/core/note/note.ts"
import { run } from "../cli/command/fake-terminal.ts"
import { type KeyFiles, type Workspace, writeKeys } from "../cli/workspace.ts"
import { IDENTITY, ISSUER, makeWorld, signIn } from "../keyless/world.ts"

type Json = Record<string, unknown>
interface Tree {
  readonly [name: string]: Tree
  readonly [index: number]: Tree
}

const FILE = "app"

function spoilt(text: string, spoil: (bundle: Tree & Json) => void): string {
  const bundle = JSON.parse(text) as Tree & Json
  spoil(bundle)
  return JSON.stringify(bundle)
}

const entryOf = (bundle: Tree) =>
  bundle["verificationMaterial"]?.["tlogEntries"]?.[0] as unknown as Json
const proofOf = (bundle: Tree) => entryOf(bundle)["inclusionProof"] as Json

async function answerOf(workspace: Workspace, words: readonly string[]): Promise<string> {
  const { code, err } = await run(["verify", ...words])
  const text = err.trim().replace(/^countersign: /, "")
  return `${code} ${text.replaceAll(workspace.path(""), "")}`
}

function keyedRows(workspace: () => Workspace) {
  let made: { readonly text: string; readonly keys: KeyFiles; readonly other: KeyFiles } | undefined
  async function good() {
    if (made !== undefined) return made
    const [keys, other] = [writeKeys(workspace(), "signer"), writeKeys(workspace(), "other")]
    const words = ["--artifact", workspace().write(FILE, "an app\n"), "--key", keys.secret]
    await run(["submit", "--log", workspace().url, ...words, "--policy", workspace().policy])
    made = { text: workspace().read(`${FILE}.sigstore.json`), keys, other }
    return made
  }
  interface Changed {
    readonly text?: (text: string) => string
    readonly artifact?: string
    readonly digest?: string
    readonly isOtherKey?: boolean
    readonly trust?: () => readonly string[]
  }
  return (changed: Changed) => async () => {
    const { text, keys, other } = await good()
    const { isOtherKey = false, trust = () => ["--policy", workspace().policy] } = changed
    const artifact = workspace().write("FILE", changed.artifact ?? "an app\n")
    const about =
      changed.digest === undefined ? ["--artifact", artifact] : ["--digest", changed.digest]
    return await answerOf(workspace(), [
      ...["--bundle", workspace().write("BUNDLE", changed.text?.(text) ?? text), ...about],
      ...["--key", isOtherKey ? other.public : keys.public, ...trust()],
    ])
  }
}

function keylessRows(workspace: () => Workspace) {
  const world = makeWorld()
  return (
    spoil: (bundle: Tree & Json) => void,
    { identity = IDENTITY, issuer = ISSUER, root = world.trustedRoot } = {},
  ) =>
    async () => {
      const text = spoilt(JSON.stringify(await signIn(world, 2, "blob")), spoil)
      return await answerOf(workspace(), [
        ...["--bundle", workspace().write("BUNDLE", text)],
        ...["--artifact", workspace().write("FILE", world.artifact)],
        ...["--trusted-root", workspace().write("root.json", root)],
        ...["--certificate-identity", identity, "--certificate-oidc-issuer", issuer],
      ])
    }
}

const nothing = (): void => {}

/** The rows of the document's table, in its order. */
export function bundleRefusals(workspace: () => Workspace) {
  const keyed = keyedRows(workspace)
  const keyless = keylessRows(workspace)
  const spoil = (change: (bundle: Tree & Json) => void) =>
    keyed({ text: (text) => spoilt(text, change) })
  const stranger = () => [
    "--policy",
    workspace().write(
      "other.policy",
      `log ${formatVkey(makeVkey("other.example", 1, new Uint8Array(32).fill(7)))}\nquorum none\n`,
    ),
  ]
  const early = () => {
    const root = JSON.parse(workspace().read("trusted_root.json")) as Tree
    for (const log of root["tlogs"] as unknown as readonly Json[]) {
      ;(log["publicKey"] as Json)["validFor"] = {
        start: "2090-01-01T00:00:00Z",
      }
    }
    return ["--trusted-root", workspace().write("early.json", JSON.stringify(root))]
  }
  const sha512 = createHash("sha512").update("an app\n").digest("hex")
  return [
    ["another artifact", keyed({ artifact: "another app\n" })],
    ["a file that lost its line feed", keyed({ artifact: "an app" })],
    ["another key than the signer's", keyed({ isOtherKey: true })],
    ["a log that is not pinned", keyed({ trust: stranger })],
    ["a log's key that is not valid yet", keyed({ trust: early })],
    [
      "a bundle without an entry",
      spoil((bundle) => {
        ;(bundle["verificationMaterial"] as unknown as Json)["tlogEntries"] = []
      }),
    ],
    [
      "a bundle without an inclusion proof",
      keyed({
        text: (text) =>
          spoilt(text, (bundle) => {
            delete entryOf(bundle)["inclusionProof"]
          }),
        trust: () => ["--trusted-root", workspace().trustedRoot],
      }),
    ],
    [
      "an entry at another index",
      spoil((bundle) => {
        entryOf(bundle)["logIndex"] = "1"
      }),
    ],
    [
      "a checkpoint that was changed",
      spoil((bundle) => {
        const checkpoint = proofOf(bundle)["checkpoint"] as Json
        checkpoint["envelope"] = String(checkpoint["envelope"]).replace("\n1\n", "\n2\n")
      }),
    ],
    [
      "a signature over something else",
      spoil((bundle) => {
        const signature = bundle["messageSignature"] as unknown as Json
        signature["signature"] = signature["signature"]
          ?.toString()
          .replace(/.{8}(?===?$|$)/, "AAAAAAAA")
      }),
    ],
    [
      "a newer bundle format",
      spoil((bundle) => {
        bundle["mediaType"] = "application/vnd.dev.sigstore.bundle.v0.9+json" as never
      }),
    ],
    [
      "an entry of another kind than it states",
      spoil((bundle) => {
        entryOf(bundle)["kindVersion"] = { kind: "rekord", version: "0.0.1" }
      }),
    ],
    ["a digest by another hash", keyed({ digest: `sha512:${sha512}` })],
    ["a bundle that was cut", keyed({ text: (text) => text.slice(0, 100) })],
    ["something else than a bundle", keyed({ text: () => "MEUCIQ==\n" })],
    ["another identity", keyless(nothing, { identity: "dev@example.com" })],
    ["another issuer", keyless(nothing, { issuer: "https://issuer.example" })],
    [
      "a keyless bundle without a trusted time",
      keyless((bundle) => {
        delete (bundle["verificationMaterial"] as unknown as Json)["timestampVerificationData"]
      }),
    ],
    ["an authority that is not trusted", keyless(nothing, { root: makeWorld().trustedRoot })],
  ] as const
}
