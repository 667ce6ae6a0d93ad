// Finding the machine's mirror in the sources that Debian's releases have come with.
import { expect, test } from "vitest"
import { mirrorOf, type SourceFile } from "../../../interop/packages/apt-sources.ts"

const stanzas = `Types: deb
# http://snapshot.example/archive/20250520T000000Z
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main
`

const lines = `# deb http://old.example/debian bookworm main
deb https://packages.example/apt tools-bookworm main
deb-src http://sources.example/debian bookworm main
deb [arch=amd64 signed-by=/k.gpg] http://mirror.example/debian bookworm main contrib # ours
`

const deb822 = (text: string): SourceFile => ({ name: "debian.sources", text })

test.each([
  ["stanzas", deb822(stanzas)],
  ["stanzas with a folded field", deb822(stanzas.replace("bookworm book", "\n bookworm\n book"))],
  ["lines", { name: "sources.list", text: lines }],
])("mirrorOf() reads %s", (_form, file) => {
  expect(mirrorOf([file], "bookworm")).toBe("http://mirror.example/debian")
})

test.each([
  ["another release", deb822(stanzas.replaceAll("bookworm", "trixie"))],
  ["a source that is off", deb822(`Enabled: no\n${stanzas.split("\n\n")[0]}`)],
  ["sources of programs only", deb822(stanzas.replaceAll("Types: deb", "Types: deb-src"))],
  ["another component", deb822(stanzas.replaceAll("main", "universe"))],
  ["security updates alone", deb822(stanzas.split("\n\n")[1] ?? "")],
  ["nothing", { name: "sources.list", text: "" }],
])("mirrorOf() finds no mirror in %s", (_what, file) => {
  expect(mirrorOf([file], "bookworm")).toBeUndefined()
})
