// Files with secrets are read only if nobody else can read them, and no message says what is in them.
import { execFileSync } from "node:child_process"
import { chmodSync, chownSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterEach, describe, expect, test, vi } from "vitest"
import { readNewPassphrase, readPassphrase } from "../../../src/cli/command/key-files.ts"
import { readSecretFile } from "../../../src/crypto/keys/secret-file.ts"
import { expectRefusal } from "../../refusals.ts"
import { newFolder } from "../../storage/folder.ts"

const isRoot = process.getuid?.() === 0

function newFile(text: string | Uint8Array, mode = 0o600, name = "secret"): string {
  const file = join(newFolder(), name)
  writeFileSync(file, text)
  chmodSync(file, mode)
  return file
}

const read = (file: string) => readSecretFile(file, "secret", 100)

afterEach(() => vi.unstubAllEnvs())

describe("a secret file", () => {
  test.each([0o600, 0o400, 0o700])("of mode %o is read", (mode) => {
    expect(read(newFile("word", mode))).toBe("word")
  })

  test.each([0o640, 0o604, 0o660, 0o644, 0o610, 0o602])("of mode %o is refused", (mode) => {
    const file = newFile("word", mode)
    const { message } = expectRefusal("untrusted", () => read(file))
    expect(message).toContain(`run: chmod 600 ${file}`)
    expect(message).not.toContain("word")
  })

  test("is named in the command as a shell takes it", () => {
    const file = newFile("word", 0o644, "my secret")
    expect(expectRefusal("untrusted", () => read(file)).message).toContain(`chmod 600 '${file}'`)
  })

  test("behind a symbolic link is judged by its own mode", () => {
    const file = newFile("word", 0o644)
    const link = `${file}-link`
    symlinkSync(file, link)
    expectRefusal("untrusted", () => read(link))
  })

  test("that is missing or too long is refused; a folder is trouble", () => {
    expectRefusal("not-found", () => read("/nowhere/at/all"))
    expectRefusal("too-large", () => read(newFile("x".repeat(101))))
    expect(read(newFile("x".repeat(100)))).toHaveLength(100)
    const folder = newFolder()
    chmodSync(folder, 0o700)
    expect(() => read(folder)).toThrow("EISDIR")
  })

  test("is read from a pipe", () => {
    const script = `
      import { readSecretFile } from "${new URL("../../../dist/crypto/keys/secret-file.js", import.meta.url)}"
      process.stdout.write(readSecretFile("/dev/stdin", "secret", 100))`
    const words = ["-c", 'printf word | "$0" --input-type=module -e "$1"', process.execPath, script]
    expect(execFileSync("sh", words, { encoding: "utf8" })).toBe("word")
  })

  test.runIf(isRoot)("of another user is refused, as that one can read and change it", () => {
    const file = newFile("word")
    chownSync(file, 12_345, 0)
    expect(expectRefusal("untrusted", () => read(file)).message).toContain("run: chown 0 ")
  })

  test.runIf(isRoot)(
    "of systemd may have an access list, whose mask looks like the group's right",
    () => {
      const file = newFile("word", 0o440)
      expectRefusal("untrusted", () => read(file))
      vi.stubEnv("CREDENTIALS_DIRECTORY", join(file, ".."))
      expect(read(file)).toBe("word")
      chmodSync(file, 0o444)
      expectRefusal("untrusted", () => read(file))
      chmodSync(file, 0o460)
      expectRefusal("untrusted", () => read(file))
    },
  )
})

describe("a passphrase file", () => {
  test("is its first line, without a byte order mark", () => {
    expect(readPassphrase(newFile("open sesame\nnot this\n"))).toBe("open sesame")
    expect(readPassphrase(newFile("\ufeffopen sesame"))).toBe("open sesame")
    expect(readPassphrase(newFile(" blanks stay \n"))).toBe(" blanks stay ")
    expect(readPassphrase(undefined)).toBeUndefined()
  })

  test.each(["", "\n", "\r\n", "  \t\nsecond line", "\ufeff\n"])(
    "%j is refused as empty",
    (text) => {
      expectRefusal("untrusted", () => readPassphrase(newFile(text)))
    },
  )

  test("that others can read is refused", () => {
    expectRefusal("untrusted", () => readPassphrase(newFile("open sesame", 0o644)))
  })

  test("with a carriage return opens what it has encrypted, and encrypts nothing anew", () => {
    const file = newFile("open sesame\r\n")
    expect(readPassphrase(file)).toBe("open sesame\r")
    const { message } = expectRefusal("malformed", () => readNewPassphrase(file))
    expect(message).toContain("carriage return")
    expect(message).not.toContain("sesame")
  })
})
