// URIs of keys in tokens (RFC 7512): what is taken, and what is refused instead of passed over.
import { describe, expect, test } from "vitest"
import { parsePkcs11Uri } from "../../../src/crypto/keys/pkcs11-uri.ts"
import { openKey } from "../../../src/crypto/signers/key-handle.ts"
import { expectRefusal } from "../../refusals.ts"

const MODULE = "module-path=/usr/lib/token.so"

describe("a pkcs11: URI", () => {
  test("names token, key, library and PIN file", () => {
    expect(
      parsePkcs11Uri(
        `pkcs11:token=The%20log;manufacturer=Acme;serial=00%2F1;model=M;object=k%C3%A4y;type=private?${MODULE}&pin-source=file:/run/pin`,
      ),
    ).toEqual({
      token: { label: "The log", manufacturer: "Acme", serial: "00/1", model: "M" },
      object: "käy",
      module: "/usr/lib/token.so",
      pinFile: "/run/pin",
    })
  })

  test("names a key by its bytes, and a PIN file in each form", () => {
    const { id, pinFile } = parsePkcs11Uri(`pkcs11:id=%00%fFa?pin-source=/run/pin&${MODULE}`)
    expect(id).toEqual(Uint8Array.of(0, 255, 97))
    expect(pinFile).toBe("/run/pin")
    expect(parsePkcs11Uri(`pkcs11:id=a?pin-source=file%3A///run/pin&${MODULE}`).pinFile).toBe(
      "/run/pin",
    )
  })

  test.each([
    ["PKCS11:object=a", "another scheme"],
    [`pkcs11:?${MODULE}`, "no key"],
    [`pkcs11:token=log?${MODULE}`, "a token alone"],
    ["pkcs11:object=a", "no library"],
    ["pkcs11:object=a?module-path=token.so", "a library by a relative path"],
    [`pkcs11:object=a;object=b?${MODULE}`, "a name twice"],
    [`pkcs11:object=a?${MODULE}&${MODULE}`, "a query twice"],
    [`pkcs11:object=a;colour=red?${MODULE}`, "an unknown name"],
    [`pkcs11:object=a;slot-id=1?${MODULE}`, "a slot"],
    [`pkcs11:object=a?${MODULE}&module-name=x`, "a library by its name"],
    [`pkcs11:object=?${MODULE}`, "an empty value"],
    [`pkcs11:object=a;?${MODULE}`, "an empty attribute"],
    [`pkcs11:object=a%?${MODULE}`, "a broken escape"],
    [`pkcs11:object=%FF?${MODULE}`, "no UTF-8"],
    [`pkcs11:object=a b?${MODULE}`, "a blank"],
    [`pkcs11:object=a;type=public?${MODULE}`, "a public key"],
    [`pkcs11:object=a?${MODULE}&pin-source=|cat`, "a command"],
    [`pkcs11:object=a?${MODULE}&pin-source=pin`, "a PIN file by a relative path"],
    [`pkcs11:object=a\n?${MODULE}`, "a line feed"],
  ])("%j is refused: %s", (uri) => {
    expectRefusal("malformed", () => parsePkcs11Uri(uri))
  })

  test("with a PIN in it is refused, and the PIN is not repeated", () => {
    const uri = `pkcs11:object=a?${MODULE}&pin-value=8642`
    expect(expectRefusal("untrusted", () => parsePkcs11Uri(uri)).message).not.toContain("8642")
    const misspelt = `pkcs11:object=a?${MODULE}&pin-valeu=8642`
    expect(expectRefusal("malformed", () => parsePkcs11Uri(misspelt)).message).not.toContain("8642")
  })

  test("of any length is read or refused", () => {
    expectRefusal("too-large", () => parsePkcs11Uri(`pkcs11:object=${"a".repeat(3_000)}`))
  })
})

test.each(["awskms:///alias/log", "gcpkms://projects/p", "azurekms://v/k", "hashivault://log"])(
  "%s is known, not built in, and what to do instead is said",
  async (uri) => {
    await expect(openKey(uri, { directory: "." })).rejects.toMatchObject({
      code: "unsupported",
      message: expect.stringContaining("exec:PROGRAM"),
    })
  },
)

test.each(["http://x/y", "ftp:key", "bogus:", "file:"])("%s is no key", async (uri) => {
  await expect(openKey(uri, { directory: "/nowhere" })).rejects.toThrow()
})
