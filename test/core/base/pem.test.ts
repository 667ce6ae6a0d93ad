import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { formatPem, parsePem, parsePemChain } from "../../../src/core/base/pem.ts"
import { expectRefusal } from "../../refusals.ts"

const blocks = fc.array(
  fc.record({
    label: fc.constantFrom("CERTIFICATE", "PUBLIC KEY", "X509 CRL"),
    der: fc.uint8Array({ minLength: 1, maxLength: 200 }),
  }),
  { minLength: 1, maxLength: 5 },
)

describe("parsePemChain()", () => {
  it("reads what formatPem() writes, one block or several", () => {
    fc.assert(
      fc.property(blocks, (chain) => {
        const text = chain.map(formatPem).join("")
        expect(parsePemChain(text, "chain", 5)).toEqual(chain)
        if (chain.length === 1) expect(parsePem(text, "block")).toEqual(chain[0])
      }),
    )
  })

  it("does not look at the width of lines and at white space", () => {
    fc.assert(
      fc.property(
        blocks,
        fc.integer({ min: 1, max: 100 }),
        fc.constantFrom("\n", "\r\n", " \n", "\n\n\t"),
        (chain, width, newline) => {
          const text = chain
            .map(({ label, der }) => {
              const lines = Buffer.from(der)
                .toString("base64")
                .match(new RegExp(`.{1,${width}}`, "g"))
              return `${newline}-----BEGIN ${label}-----\n${lines?.join(newline)}-----END ${label}-----`
            })
            .join(newline)
          expect(parsePemChain(text, "chain", 5)).toEqual(chain)
        },
      ),
    )
  })

  it("passes over text outside of the blocks", () => {
    const pem = formatPem({ label: "CERTIFICATE", der: Uint8Array.of(1, 2, 3) })
    const text = `Bag Attributes\n    localKeyID: 01 \nsubject=CN = x\n${pem}\nissuer=y\n${pem}behind`
    expect(parsePemChain(text, "chain", 5)).toEqual(parsePemChain(pem + pem, "chain", 5))
  })

  const pem = formatPem({ label: "CERTIFICATE", der: Uint8Array.of(1, 2, 3) })
  it.each([
    ["no block", ""],
    ["white space", " \n"],
    ["text alone", "x\n"],
    ["text in front of a boundary on its line", `x ${pem}`],
    ["text behind a boundary on its line", `${pem.trimEnd()}x`],
    ["a block without an end before a good one", `-----BEGIN X-----\nAQID\n${pem}`],
    ["an end without a beginning", `${pem}-----END X-----\n`],
    ["two blocks on one line", pem.trimEnd() + pem],
    ["a header", pem.replace("AQID", "Proc-Type: 4\n\nAQID")],
    ["another label at the end", pem.replace("END CERTIFICATE", "END CERT")],
    ["no line feed behind BEGIN", pem.replace("-----\nAQID", "-----AQID")],
    ["base64 with bits left over", pem.replace("AQID", "AQI/AR==")],
    ["a label in lower case", pem.replaceAll("CERTIFICATE", "certificate")],
  ])("refuses %s", (_name, text) => {
    expectRefusal("malformed", () => parsePemChain(text, "chain", 5))
  })

  it("refuses one block more than it may read, and text that is too long", () => {
    expect(parsePemChain(pem.repeat(3), "chain", 3)).toHaveLength(3)
    expectRefusal("too-large", () => parsePemChain(pem.repeat(4), "chain", 3))
    expectRefusal("too-large", () => parsePemChain(" ".repeat(131_073), "chain", 3))
  })
})
