import { expect, test } from "vitest"
import { bug, Refusal, refuse, shown, Trouble } from "../../../src/core/base/errors.ts"
import {
  originWord,
  parseKeyName,
  parseNewName,
  parseOrigin,
  parseOriginWord,
} from "../../../src/core/note/origin.ts"
import { expectRefusal } from "../../refusals.ts"

const names = ["log.example", "log.example/2026", "a", "lög.example", "é".repeat(127)]
const lines = ["rekor.example - 1234567890", "Go sum+database tree", "a\u00a0b", " ", "a\u2028b"]
const none = [
  "",
  "a\nb",
  "a\u0000b",
  "a\u007fb",
  "a\u0085b",
  "a\ud800",
  "é".repeat(128),
  "a".repeat(256),
]

test.each([...names, ...lines])("%j may be the origin of somebody else's log", (text) => {
  expect(parseOrigin(text)).toBe(text)
})

test.each(names)("%j may be the name of a key", (text) => {
  expect(parseKeyName(text, "name")).toBe(text)
})

test.each(lines)("%j is no name of a key", (text) => {
  expectRefusal("malformed", () => parseKeyName(text, "name"))
})

test.each(none)("%j is no origin and no name", (text) => {
  expectRefusal("malformed", () => parseOrigin(text))
  expectRefusal("malformed", () => parseKeyName(text, "name"))
  expectRefusal("malformed", () => parseNewName(text, "origin", undefined))
})

const traps = ["../../etc/passwd", "..", "/", "a/../b", "a%20b", "+a", "a b/..", "é b"]

test.each([...names, ...lines, ...traps])("%j has a word of its own, and only itself", (text) => {
  const word = originWord(text)
  expect(word).not.toMatch(/\s/)
  expect(parseOriginWord(word)).toBe(text)
  if (names.includes(text)) expect(word).toBe(text)
})

test("no two origins have one word", () => {
  const all = [...names, ...lines, ...traps]
  expect(new Set(all.map(originWord)).size).toBe(all.length)
})

test.each([
  ["https://log.example.com", "write log.example.com"],
  ["log.example.com:3003", "write log.example.com"],
  ["log.example.com/", "write log.example.com"],
  ["https://user@log.example.com:1/a?b#c", "write log.example.com"],
  ["Log.Example.COM", "write log.example.com"],
  ["log.example.com.", "write log.example.com"],
  [" log.example.com ", "write log.example.com"],
  ["my log", "write the log's host name"],
  ["192.0.2.1", "write the log's host name"],
  ["http://192.0.2.1:3003/", "write the log's host name"],
  ["[2001:db8::1]", "write the log's host name"],
  ["2001:db8::1", "write the log's host name"],
  ["a+b", "write the log's host name"],
  ["..", "write the log's host name"],
  ["-x", "write the log's host name"],
  ["log-.example.com", "write the log's host name"],
  [`${"a".repeat(60)}.`.repeat(5), "write the log's host name"],
])("a new log is not named %j without force, and it says what to write", (text, advice) => {
  const { message } = expectRefusal("malformed", () =>
    parseNewName(text, "origin", "--force-origin"),
  )
  expect(message).toContain(advice)
  expect(message).toContain("--force-origin")
})

test("a new log is named as a host, a new witness also as a path there, and others by force", () => {
  expect(parseNewName("log.example.com", "origin", "--force-origin")).toBe("log.example.com")
  expect(parseNewName("localhost", "origin", "--force-origin")).toBe("localhost")
  expect(parseNewName("example.com/w1", "name", "--force-name")).toBe("example.com/w1")
  expectRefusal("malformed", () => parseNewName("example.com/../w1/", "name", "--force-name"))
  expect(parseNewName("Log:1", "origin", undefined)).toBe("Log:1")
  expectRefusal("malformed", () => parseNewName("my log", "origin", undefined))
})

test("shown() shortens text and makes control characters visible", () => {
  expect(shown("a\u0000\n")).toBe('"a\\u0000\\n"')
  expect(shown("a".repeat(61))).toBe(`"${"a".repeat(60)}…"`)
  expect(shown("abc", 2)).toBe('"ab…"')
})

test("a refusal and trouble carry their code and cause, a bug says so", () => {
  const cause = new Error("disk full")
  expect(new Trouble("disk", "commit failed", { cause })).toMatchObject({ code: "disk", cause })
  expect(expectRefusal("conflict", () => refuse("conflict", "no", { cause })).cause).toBe(cause)
  expect(new Refusal("conflict", "no").name).toBe("Refusal")
  expect(() => bug("impossible")).toThrow("bug: impossible")
})
