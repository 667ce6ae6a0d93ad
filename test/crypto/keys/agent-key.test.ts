// Keys in an SSH agent that answers wrongly, endlessly or not at all: nothing of it becomes a signature.
import { createHash, generateKeyPairSync, type KeyObject, sign, verify } from "node:crypto"
import { describe, expect, test } from "vitest"
import { concat, u32 } from "../../../src/core/base/bytes.ts"
import { Refusal, Trouble } from "../../../src/core/base/errors.ts"
import { openAgentKey } from "../../../src/crypto/keys/agent-key.ts"
import { derContents, derElements } from "../../../src/entry/der.ts"
import { type AnswerTo, message, openAgentDouble, string } from "./agent-double.ts"

const IDENTITIES = 12
const SIGNATURE = 14
const text = Buffer.from("a checkpoint")

interface Held {
  readonly name: string
  readonly blob: Uint8Array
  readonly privateKey: KeyObject
}

function spkiOf(key: KeyObject): Buffer {
  return key.export({ type: "spki", format: "der" })
}

function newEd25519(): Held {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519")
  const name = "ssh-ed25519"
  return { name, blob: concat(string(name), string(spkiOf(publicKey).subarray(-32))), privateKey }
}

function newP256(): Held {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
  const name = "ecdsa-sha2-nistp256"
  const point = spkiOf(publicKey).subarray(-65)
  return { name, blob: concat(string(name), string("nistp256"), string(point)), privateKey }
}

const fingerprintOf = (blob: Uint8Array) =>
  `SHA256:${createHash("sha256").update(blob).digest("base64").slice(0, 43)}`

const listed = (...blobs: readonly Uint8Array[]) =>
  message(IDENTITIES, u32(blobs.length), ...blobs.flatMap((blob) => [string(blob), string("me")]))

/** As an agent signs this text. */
function signatureOf({ name, privateKey }: Held, signed: Uint8Array = text): Uint8Array {
  if (name === "ssh-ed25519") {
    return concat(string(name), string(sign(null, signed, privateKey)))
  }
  const [r, s] = (derElements(sign("sha256", signed, privateKey)) ?? []).map((number) =>
    string(derContents(number, 0x02) ?? new Uint8Array()),
  )
  return concat(string(name), string(concat(r as Uint8Array, s as Uint8Array)))
}

const signed = (held: Held, over?: Uint8Array) =>
  message(SIGNATURE, string(signatureOf(held, over)))

/** The URI of the key in an agent that lists it and answers each request to sign like this. */
async function uriOf(held: Held, answer: AnswerTo): Promise<string> {
  const socket = await openAgentDouble((type, body, connection) =>
    type === 11 ? listed(held.blob) : answer(type, body, connection),
  )
  return `ssh-agent:${socket}#${fingerprintOf(held.blob)}`
}

describe("a key in an agent", () => {
  test.each([
    ["Ed25519", newEd25519, null],
    ["ECDSA P-256", newP256, "sha256"],
  ])("signs with %s, again and again", async (_, make, digest) => {
    const held = make()
    const key = await openAgentKey(await uriOf(held, () => signed(held)))
    // ECDSA has numbers of other lengths from time to time.
    for (let i = 0; i < 300; i++) {
      expect(verify(digest, text, key.publicKey, await key.sign(text))).toBe(true)
    }
    const several = await Promise.all(Array.from({ length: 20 }, () => key.sign(text)))
    expect(several).toHaveLength(20)
    await key.close()
    await expect(key.sign(text)).rejects.toThrow(Trouble)
  })

  const held = newP256()
  const huge = concat(u32(0xffffffff), new Uint8Array(10))
  const numbers = (r: Uint8Array, s: Uint8Array) =>
    message(SIGNATURE, string(concat(string(held.name), string(concat(string(r), string(s))))))
  const good = signatureOf(held)
  test.each<[string, Uint8Array]>([
    ["a failure", message(5)],
    ["another message", listed(held.blob)],
    ["a length of 4 GB", huge],
    ["an empty message", u32(0)],
    ["two messages", concat(signed(held), signed(held))],
    ["a signature over another text", signed(held, Buffer.from("another"))],
    ["a signature by another key", signed(newP256())],
    ["a signature of another kind", signed(newEd25519())],
    [
      "a signature with bytes behind it",
      message(SIGNATURE, string(concat(good, Uint8Array.of(0)))),
    ],
    ["a signature that is cut off", message(SIGNATURE, string(good.subarray(0, -1)))],
    ["a length that leads out of the message", message(SIGNATURE, u32(1_000_000), good)],
    ["a negative number", numbers(new Uint8Array(32).fill(0x80), new Uint8Array(32).fill(1))],
    ["a number of 33 bytes", numbers(new Uint8Array(33).fill(1), new Uint8Array(32).fill(1))],
    ["a number of no bytes", numbers(new Uint8Array(), new Uint8Array(32).fill(1))],
    ["a number with zeros in front", numbers(new Uint8Array(20), new Uint8Array(32).fill(1))],
  ])("takes %s for trouble, and signs when the agent does", async (_, answer) => {
    let asked = 0
    const key = await openAgentKey(await uriOf(held, () => (asked++ === 0 ? answer : signed(held))))
    const failed = await key.sign(text).catch((reason: unknown) => reason)
    expect(failed).toBeInstanceOf(Trouble)
    expect(failed).toMatchObject({ code: "busy" })
    expect(verify("sha256", text, key.publicKey, await key.sign(text))).toBe(true)
    await key.close()
  })

  test("takes an agent that hangs up, or says nothing, for trouble, and connects again", async () => {
    let asked = 0
    const key = await openAgentKey(
      await uriOf(held, (_type, _body, socket) => {
        asked += 1
        if (asked === 1) socket.destroy()
        return asked > 2 ? signed(held) : undefined
      }),
    )
    await expect(key.sign(text)).rejects.toThrow("it closed the connection")
    // What waits behind a question without an answer does not wait its own two seconds.
    const both = await Promise.allSettled([key.sign(text), key.sign(text)])
    expect(both.map(({ status }) => status)).toEqual(["rejected", "rejected"])
    expect(await key.sign(text)).toBeInstanceOf(Uint8Array)
    await key.close()
  })

  test("takes an endless answer for trouble", async () => {
    const key = await openAgentKey(
      await uriOf(held, (_type, _body, socket) => {
        socket.write(u32(200_000))
        const flood = () => {
          if (!socket.destroyed) socket.write(Buffer.alloc(65_536), flood)
        }
        flood()
        return undefined
      }),
    )
    await expect(key.sign(text)).rejects.toThrow("does not answer")
    await key.close()
  })
})

async function refusal(uri: string): Promise<Refusal | Trouble> {
  const reason = await openAgentKey(uri).catch((error: unknown) => error)
  if (reason instanceof Refusal || reason instanceof Trouble) return reason
  throw new Error(`expected a refusal, found ${reason}`)
}

describe("the URI of a key in an agent", () => {
  const fingerprint = `SHA256:${"A".repeat(43)}`
  test.each([
    "ssh-agent:",
    "ssh-agent:/run/agent",
    "ssh-agent:/run/agent#",
    "ssh-agent:/run/agent#MD5:00",
    `ssh-agent:/run/agent#${fingerprint}=`,
    `ssh-agent:/run/agent#${fingerprint}#`,
  ])("%s is refused", async (uri) => {
    expect((await refusal(uri)).code).toBe("malformed")
  })

  test("names a key that the agent has", async () => {
    const socket = await openAgentDouble(() => listed(newP256().blob, newEd25519().blob))
    const found = await refusal(`ssh-agent:${socket}#${fingerprint}`)
    expect(found).toMatchObject({ code: "not-found" })
    expect(found.message).toContain("found 2 keys and not this one")
  })

  test("names a key of a kind that a log signs with", async () => {
    const blob = concat(string("ssh-rsa"), string("e"), string("n"))
    const socket = await openAgentDouble(() => listed(blob))
    expect(await refusal(`ssh-agent:${socket}#${fingerprintOf(blob)}`)).toMatchObject({
      code: "unsupported",
    })
  })

  test("leads to an agent that lists its keys", async () => {
    const lists = [message(5), message(IDENTITIES, u32(1_000_000_000)), message(IDENTITIES)]
    for (const list of lists) {
      const socket = await openAgentDouble(() => list)
      await refusal(`ssh-agent:${socket}#${fingerprint}`)
    }
  })
})
