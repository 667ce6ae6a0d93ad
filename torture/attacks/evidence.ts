// Row H3: evidence that says it rests on 16 witnesses, each a key of ML-DSA-44 that the attacker has made. Every line
// holds, so a witness that verifies before it thinks spends 8 ms on each.
import { createHash } from "node:crypto"
import { ml_dsa44 } from "@noble/post-quantum/ml-dsa.js"
import type { Attack, Stand } from "../attack.ts"

const WITNESSES = 16
const AT_ONCE = 8
const ML_DSA_44 = 6
const TIME = 1_700_000_000n

const sha256 = (bytes: Uint8Array | string) => createHash("sha256").update(bytes).digest()
const base64 = (bytes: Uint8Array | string) => Buffer.from(bytes).toString("base64")

function u64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(value)
  return bytes
}

function short(text: string): Buffer {
  const bytes = Buffer.from(text)
  return Buffer.concat([Uint8Array.of(bytes.length), bytes])
}

interface Line {
  readonly vkey: string
  readonly line: string
}

/** One witness of the attacker's with its cosignature of a checkpoint (C2SP tlog-cosignature). */
function madeLine(index: number, text: string): Line {
  const name = `maker.example/${index}`
  const { publicKey, secretKey } = ml_dsa44.keygen(new Uint8Array(32).fill(index))
  const key = Buffer.concat([Uint8Array.of(ML_DSA_44), publicKey])
  const id = sha256(Buffer.concat([Buffer.from(`${name}\n`), key])).subarray(0, 4)
  const [origin = "", size = "0", root = ""] = text.split("\n")
  const tree = [u64(0n), u64(BigInt(size)), Buffer.from(root, "base64")]
  const start = [Buffer.from("subtree/v1\n\0"), short(name), u64(TIME), short(origin)]
  const signature = ml_dsa44.sign(Buffer.concat([...start, ...tree]), secretKey)
  return {
    vkey: `${name}+${id.toString("hex")}+${base64(key)}`,
    line: `— ${name} ${base64(Buffer.concat([id, u64(TIME), signature]))}\n`,
  }
}

/** A file against the log of the witness's; what `index` says only makes it another file. */
async function evidenceFor({ url, vkeys }: Stand): Promise<(index: number) => string> {
  const [key = ""] = vkeys
  const origin = key.slice(0, key.indexOf("+"))
  const answer = await fetch(`${url}/${sha256(origin).toString("hex")}/checkpoint`)
  const [text = "", signatures = ""] = (await answer.text()).split("\n\n")
  const [, keyId = ""] = key.split("+")
  const own = signatures.split("\n").find((line) => {
    const [, name, signature = ""] = line.split(" ")
    return name === origin && Buffer.from(signature, "base64").toString("hex", 0, 4) === keyId
  })
  const made = Array.from({ length: WITNESSES }, (_, i) => madeLine(i, `${text}\n`)).sort((a, b) =>
    Buffer.compare(Buffer.from(a.vkey), Buffer.from(b.vkey)),
  )
  const note = `${text}\n\n${own}\n${made.map(({ line }) => line).join("")}`
  const witnesses = made.map(({ vkey }) => `witness ${vkey}\n`).join("")
  return (index) =>
    `tlog-evidence/v2\nkind time\npresents ${key}\n${witnesses}note ${base64(note)}\nindex ${index}\nentry AA==\n`
}

/** Sends files one after the other on several connections. */
async function flood(stand: Stand, stop: AbortSignal): Promise<void> {
  const evidence = await evidenceFor(stand)
  let sent = 0
  stand.begin()
  async function send(): Promise<void> {
    while (!stop.aborted) {
      const body = evidence(sent++)
      const answer = await fetch(`${stand.url}/evidence`, { method: "POST", body }).catch(
        () => undefined,
      )
      if (answer !== undefined) stand.answered(answer.status)
      await answer?.text()
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, send))
}

export const attacks: readonly Attack[] = [
  { name: "evidence-ml-dsa", row: "H3", target: "witness", expected: [422, 429, 503], run: flood },
]
