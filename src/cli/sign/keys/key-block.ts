// The PEM block of a key file in which the private key is: its label, its bytes and whether a passphrase is needed.
// Takes lines of any width and text around the block. Nothing of a key file ever stands in a message but its labels.
import { refuse } from "../../../core/base/errors.ts"
import { LONGEST_PEM } from "../../../core/base/limits.ts"
import { parseBase64 } from "../../../core/base/text.ts"

/** The text of a key file and what opens it. */
export interface KeySource {
  readonly text: string
  readonly passphrase: string | undefined
  /** Where it is, for messages. */
  readonly path: string | undefined
}

interface KeyBlock {
  readonly label: string
  /** From BEGIN to END. */
  readonly pem: string
  /** Whether it says of itself that it is encrypted; OpenSSH's says so further inside. */
  readonly isEncrypted: boolean
}

const LABELS = /-----BEGIN ([A-Z0-9]+(?: [A-Z0-9]+)*)-----/g
const PRIVATE = /(?:^| )PRIVATE KEY$/
const OLD_ENCRYPTION = "Proc-Type: 4,ENCRYPTED"

function refuseLabels(labels: readonly string[], text: string): never {
  const expected = "private key: expected PEM with a private key"
  if (text.startsWith("PuTTY-User-Key-File-")) {
    const advice = "puttygen KEY.ppk -O private-openssh -o KEY"
    refuse("unsupported", `${expected}, found a key of PuTTY's; convert it with: ${advice}`)
  }
  const found = labels.length === 0 ? "no PEM" : `only ${labels.slice(0, 3).join(", ")}`
  return refuse("malformed", `${expected}, found ${found}`)
}

/** The first private key of a text. Refuses `malformed` if there is none, or it is cut off. */
export function keyBlockOf(text: string): KeyBlock {
  if (text.length > LONGEST_PEM) {
    refuse("too-large", `private key: expected up to ${LONGEST_PEM} characters, found more`)
  }
  const labels = Array.from(text.matchAll(LABELS), ([, label = ""]) => label)
  const label = labels.find((each) => PRIVATE.test(each)) ?? refuseLabels(labels, text)
  const from = text.indexOf(`-----BEGIN ${label}-----`)
  const end = `-----END ${label}-----`
  const to = text.indexOf(end, from)
  if (to < 0)
    refuse("malformed", `private key: expected "${end}" at its end, found a truncated file`)
  const pem = text.slice(from, to + end.length)
  const isEncrypted = label.startsWith("ENCRYPTED ") || pem.includes(OLD_ENCRYPTION)
  return { label, pem, isEncrypted }
}

/** The bytes of a block without headers. Refuses `malformed` for what is no base64. */
export function bytesOf({ pem }: KeyBlock): Uint8Array {
  const lines = pem.split("-----")[2] ?? ""
  try {
    return parseBase64(lines.replaceAll(/\s/g, ""), "private key")
  } catch (cause) {
    return refuse("malformed", "private key: expected base64 in its PEM, found other text", {
      cause,
    })
  }
}

/** Refuses `untrusted`: what was decrypted with this passphrase is no key. */
export function refusePassphrase(cause?: unknown): never {
  return refuse(
    "untrusted",
    "private key: expected the right passphrase, found one that does not open it (or the file is damaged)",
    { cause },
  )
}
