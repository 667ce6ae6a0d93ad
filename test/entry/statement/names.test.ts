import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { canonicalName, skeletonOf } from "../../../src/entry/statement/names.ts"

describe("the canonical spelling of a name", () => {
  test.each([
    ["pkg:npm/%40acme/x@1.0.0", "pkg:npm/@acme/x@1.0.0"],
    ["PKG:NPM/%40Acme/X@1.0.0", "pkg:npm/@acme/x@1.0.0"],
    ["pkg:npm/@acme/x", "pkg:npm/@acme/x"],
    ["pkg:pypi/Some_Project@1.0", "pkg:pypi/some-project@1.0"],
    ["pkg:golang/github.com/Acme/x@v1", "pkg:golang/github.com/Acme/x@v1"],
    ["pkg:oci/app@sha256%3Aab?repository_url=GHCR.io/acme/app&tag=v1", "ghcr.io/acme/app"],
    ["pkg:oci/app?repository_url=https%3A%2F%2Fghcr.io%3A443%2Facme%2Fapp", "ghcr.io/acme/app"],
    ["pkg:docker/nginx@1.27", "docker.io/library/nginx"],
    ["pkg:docker/acme/app@sha256:ab?repository_url=gcr.io", "gcr.io/acme/app"],
    ["GHCR.IO/acme/app", "ghcr.io/acme/app"],
    ["ghcr.io:443/acme/app", "ghcr.io/acme/app"],
    ["https://ghcr.io/acme/app/", "ghcr.io/acme/app"],
    ["http://ghcr.io:80/acme/app", "ghcr.io/acme/app"],
    ["oci://ghcr.io/acme/app", "ghcr.io/acme/app"],
    ["localhost:5000/app", "localhost:5000/app"],
    ["index.docker.io/library/nginx", "docker.io/library/nginx"],
    ["docker.io/nginx", "docker.io/library/nginx"],
    ["registry-1.docker.io/acme/app", "docker.io/acme/app"],
    ["git+https://GitHub.com/acme/x", "git+https://github.com/acme/x"],
    ["caf\u0065\u0301", "caf\u00e9"],
    ["App.tar.gz", "App.tar.gz"],
    ["dist/App.tar.gz", "dist/App.tar.gz"],
    ["", ""],
  ])("of %j is %j", (name, expected) => {
    expect(canonicalName(name)).toBe(expected)
  })

  test("is its own canonical spelling", () => {
    const part = fc.constantFrom(
      "pkg:",
      "oci",
      "docker",
      "npm",
      "/",
      "//",
      "@",
      ":443",
      ":5000",
      "%40",
      "%",
      "?",
      "repository_url=",
      "https://",
      "docker.io",
      "GHCR.io",
      "App",
      "é",
      "e\u0301",
      "#",
      "&",
      ".",
      "",
    )
    fc.assert(
      fc.property(fc.array(part, { maxLength: 9 }), (parts) => {
        const once = canonicalName(parts.join(""))
        expect(canonicalName(once)).toBe(once)
      }),
      { numRuns: 3000 },
    )
  })
})

describe("the skeleton of a name", () => {
  test.each([
    ["ghcr.io/acme/app", "ghcr.io/\u0430cme/app"],
    ["ghcr.io/acme/app", "ghcr.io/acme/a\u200bpp"],
    ["ghcr.io/acme/app", "ghcr.io/\uff41cme/app"],
    ["pkg:npm/@acme/login", "pkg:npm/@acme/1ogin"],
    ["pkg:npm/@acme/modem", "pkg:npm/@acme/modern"],
    ["ghcr.io/acme/app", "ghcr.io\u2215acme\u2215app"],
  ])("of %j is that of its look-alike %j", (name, other) => {
    expect(skeletonOf(other)).toBe(skeletonOf(name))
    expect(canonicalName(other)).not.toBe(canonicalName(name))
  })

  test("of another name is another", () => {
    expect(skeletonOf("ghcr.io/acme/app")).not.toBe(skeletonOf("ghcr.io/acme/api"))
  })
})
