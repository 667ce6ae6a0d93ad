// RFC 6979, appendix A.2: the signatures that every deterministic signer makes.
import { createHash } from "node:crypto"
import { describe, expect, test } from "vitest"
import { type EcdsaKeyType, signDeterministically } from "../../../../src/cli/sign/keys/ecdsa.ts"
import type { HashName } from "../../../../src/core/base/digest.ts"

interface Vector {
  readonly type: EcdsaKeyType
  readonly hash: HashName
  readonly secret: string
  readonly message: string
  readonly r: string
  readonly s: string
}

const P256 = "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721"
const P384 =
  "6b9d3dad2e1b8c1c05b19875b6659f4de23c3b667bf297ba9aa47740787137d896d5724e4c70a825f872c9ea60d2edf5"
const P521 =
  "00fad06daa62ba3b25d2fb40133da757205de67f5bb0018fee8c86e1b68c7e75caa896eb32f1f47c70855836a6d16fcc1466f6d8fbec67db89ec0c08b0e996b83538"

const vectors: readonly Vector[] = [
  {
    type: "ecdsa-p256",
    hash: "sha256",
    secret: P256,
    message: "sample",
    r: "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716",
    s: "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
  },
  {
    type: "ecdsa-p256",
    hash: "sha256",
    secret: P256,
    message: "test",
    r: "f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367",
    s: "019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083",
  },
  {
    type: "ecdsa-p384",
    hash: "sha384",
    secret: P384,
    message: "sample",
    r: "94edbb92a5ecb8aad4736e56c691916b3f88140666ce9fa73d64c4ea95ad133c81a648152e44acf96e36dd1e80fabe46",
    s: "99ef4aeb15f178cea1fe40db2603138f130e740a19624526203b6351d0a3a94fa329c145786e679e7b82c71a38628ac8",
  },
  {
    type: "ecdsa-p521",
    hash: "sha512",
    secret: P521,
    message: "sample",
    r: "00c328fafcbd79dd77850370c46325d987cb525569fb63c5d3bc53950e6d4c5f174e25a1ee9017b5d450606add152b534931d7d4e8455cc91f9b15bf05ec36e377fa",
    s: "00617cce7cf5064806c467f678d3b4080d6f1cc50af26ca209417308281b68af282623eaa63e5b5c0723d8b8c37ff0777b1a20f8ccb1dccc43997f1ee0e44da4a67a",
  },
]

function integer(hex: string): Buffer {
  const digits = Buffer.from(hex.replace(/^(?:00)+/, ""), "hex")
  const isHigh = (digits[0] ?? 0) >= 0x80
  const contents = isHigh ? Buffer.concat([Buffer.of(0), digits]) : digits
  return Buffer.concat([Buffer.of(0x02, contents.length), contents])
}

function der({ r, s }: Vector): string {
  const contents = Buffer.concat([integer(r), integer(s)])
  const length = contents.length < 0x80 ? [contents.length] : [0x81, contents.length]
  return Buffer.concat([Buffer.of(0x30, ...length), contents]).toString("hex")
}

describe("signDeterministically()", () => {
  test.each(vectors)("makes the signature of the RFC for $type over $message", (vector) => {
    const digest = createHash(vector.hash).update(vector.message).digest()
    const secret = Buffer.from(vector.secret, "hex")
    const signature = signDeterministically(vector.type, digest, secret)
    expect(Buffer.from(signature).toString("hex")).toBe(der(vector))
  })
})
