// Images, commits, files, includes, and what is to become of opaque entries.
import { hash } from "node:crypto"
import { expect, test } from "vitest"
import type { WatchFiles } from "../../../src/monitor/watch/files.ts"
import { parseWatch } from "../../../src/monitor/watch/watch.ts"

const HEX = "ab".repeat(32)
const IMAGE = `sha256:${HEX}`
const COMMIT = "cd".repeat(20)

/** Folders and files in memory. */
function tree(files: Readonly<Record<string, string>>): WatchFiles {
  const folders = new Map<string, string[]>()
  for (const path of Object.keys(files)) {
    const at = path.lastIndexOf("/")
    if (at < 0) continue
    const folder = path.slice(0, at)
    folders.set(folder, [...(folders.get(folder) ?? []), path.slice(at + 1)].sort())
  }
  return {
    path: "top.watch",
    resolve: (path, base) => base.replace(/[^/]*$/, "") + path,
    text: (path) => Promise.resolve(files[path] ?? Promise.reject(new Error(`no ${path}`))),
    digests: (path) => Promise.resolve([`sha256:${path.length.toString(16).padStart(64, "0")}`]),
    folder: (path) => Promise.resolve(folders.get(path)),
    digest: (name, bytes) => hash(name, bytes, "hex"),
  }
}

function watched(lines: readonly string[], files: Readonly<Record<string, string>> = {}) {
  const text = ["countersign-watch/v1", ...lines, ""].join("\n")
  return parseWatch(text, tree(files), "top.watch")
}

async function refused(lines: readonly string[], files: Readonly<Record<string, string>> = {}) {
  try {
    await watched(lines, files)
    return "taken"
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

test("an image is watched under its digest and under what clients log for it", async () => {
  const watch = await watched([
    "subject app",
    `  image registry.example:5000/acme/app@${IMAGE} also ghcr.io/acme/app docker.io/acme/app`,
    `  image ${IMAGE.replaceAll("ab", "ef")}`,
    `  commit ${COMMIT}`,
    "  file app.tar.gz",
  ])
  const [subject] = watch.subjects
  expect(subject?.images).toEqual([
    { digest: IMAGE, repository: "registry.example:5000/acme/app" },
    { digest: IMAGE, repository: "ghcr.io/acme/app" },
    { digest: IMAGE, repository: "docker.io/acme/app" },
    { digest: IMAGE.replaceAll("ab", "ef") },
  ])
  expect(subject?.digests).toContain(IMAGE)
  expect(subject?.digests).toContain(`gitCommit:${COMMIT}`)
  expect([...(subject?.digests ?? [])].some((digest) => digest.endsWith("00a"))).toBe(true)
  const reasons = new Set(subject?.foretold.values())
  for (const repository of ["registry.example:5000/acme/app", "ghcr.io/acme/app"]) {
    expect(
      [...reasons].some((why) => why.includes(repository)),
      repository,
    ).toBe(true)
  }
  expect([...reasons].some((why) => why.includes("gitsign"))).toBe(true)
  // What cosign 2 signs has Docker Hub under another name.
  expect([...reasons].some((why) => why.includes("index.docker.io/acme/app"))).toBe(true)
  expect(subject?.foretold.size).toBe(3 * 8 + 4 * 3 + 1)
})

test("several images of one subject share its signers", async () => {
  const key = `sha256:${"11".repeat(32)}`
  const other = IMAGE.replaceAll("ab", "12")
  const watch = await watched([
    "subject apps",
    `  image ghcr.io/acme/one@${IMAGE}`,
    `  image ghcr.io/acme/two@${other}`,
    `  signer key ${key}`,
  ])
  const [subject, ...others] = watch.subjects
  expect(others).toEqual([])
  expect(subject?.signers).toEqual([{ form: "key", key }])
  expect([...(subject?.digests ?? [])]).toEqual([IMAGE, other])
})

test("what was shipped may be an image, which is logged under other digests", async () => {
  const files = {
    released: `image ghcr.io/acme/app@${IMAGE}\ncommit ${COMMIT}\n${"22".repeat(32)}\n`,
  }
  const { shipments } = await watched(["shipped released within 3"], files)
  const [shipment] = shipments
  expect([...(shipment?.digests ?? [])]).toEqual([
    `sha256:${"22".repeat(32)}`,
    IMAGE,
    `gitCommit:${COMMIT}`,
  ])
  expect(new Set(shipment?.foretold.values())).toEqual(new Set([IMAGE, `gitCommit:${COMMIT}`]))
  expect(shipment?.foretold.size).toBe(12)
})

test("opaque entries are counted unless the file says otherwise", async () => {
  expect(await watched([])).toMatchObject({ opaque: "count", badLines: [], badLineCount: 0 })
  expect((await watched([])).explainWithin).toBeUndefined()
  const watch = await watched(["opaque closed", "explain within 48"])
  expect(watch).toMatchObject({ opaque: "closed", explainWithin: 48 })
})

test("a file and the files of a folder are included, each looking up what it names beside itself", async () => {
  const part = (...lines: readonly string[]) => ["countersign-watch/v1", ...lines, ""].join("\n")
  const watch = await watched(["include teams", "include more.watch", "subject a", "  name a"], {
    "teams/b.watch": part("subject b", "  digests list"),
    "teams/list": `${HEX}\n`,
    "teams/c.watch": part("opaque closed", "include ../deep.watch"),
    "teams/notes.txt": "not a watch file",
    "teams/../deep.watch": part("subject d", "  name d"),
    "more.watch": part("subject m", "  name m"),
  })
  expect(watch.subjects.map(({ name }) => name)).toEqual(["b", "d", "m", "a"])
  expect(watch.opaque).toBe("closed")
  expect(watch.files).toEqual([
    ...["teams", "teams/b.watch", "teams/list", "teams/c.watch", "teams/../deep.watch"],
    "more.watch",
  ])
})

test.each([
  [["subject a", `  image app:1.0@${IMAGE}`], "line 3: expected image [REPOSITORY@]sha256:HEX"],
  [["subject a", "  image ghcr.io/acme/app"], "line 3: expected image"],
  [["subject a", `  image a@${IMAGE} also`], "line 3: expected image"],
  [["subject a", `  image a@${IMAGE} and b`], "line 3: expected image"],
  [["subject a", `  image a@${IMAGE.toUpperCase()}`], "line 3: expected image"],
  [["subject a", "  commit 12345"], "line 3: expected commit and its ID"],
  [["subject a", "  file"], "line 3: expected the name of a file"],
  [["subject a"], "top.watch, line 2: expected a digest, a file, an image, a commit or a name"],
  [["opaque"], "line 2: expected ignore or count or closed"],
  [["opaque maybe"], "line 2: expected ignore or count or closed"],
  [["opaque count", "opaque closed"], "line 3: expected one line opaque"],
  [["explain 3"], "line 2: expected explain within HOURS"],
  [["explain within 0"], "line 2: expected explain within HOURS (1 to"],
  [["explain within"], "line 2: hours: expected a decimal"],
  [["include"], "line 2: expected the name of a file"],
  [["", "  # nothing", "includes a"], "line 4: expected subject, signer, authority"],
])("%j is refused with its place", async (lines, message) => {
  expect(await refused(lines)).toContain(message)
})

test("watch files that include themselves are named", async () => {
  const including = (path: string) => `countersign-watch/v1\ninclude ${path}\n`
  const files = { "a.watch": including("b.watch"), "b.watch": including("a.watch") }
  const circle = "a.watch includes b.watch includes a.watch"
  expect(await refused(["include a.watch"], files)).toContain(
    `top.watch, line 2: a.watch, line 2: b.watch, line 2: expected watch files that do not include themselves, found ${circle}`,
  )
  expect(await refused(["include c"], { c: including("top.watch") })).toContain(
    "top.watch includes",
  )
})

test("a watch file is included once, and files are only so deep", async () => {
  const empty = "countersign-watch/v1\n"
  expect(await refused(["include a", "include a"], { a: empty })).toContain(
    'line 3: expected a watch file that is not included yet, found "a"',
  )
  const chain = Object.fromEntries(
    Array.from({ length: 10 }, (_, i) => [`f${i}`, `${empty}include f${i + 1}\n`]),
  )
  expect(await refused(["include f0"], { ...chain, f10: empty })).toContain("at most 8 deep")
})

test("a mistake in an included file is told with both places", async () => {
  const files = { part: "countersign-watch/v1\nsubject a\n  digest no\n" }
  expect(await refused(["# first", "include part"], files)).toContain(
    "top.watch, line 3: part, line 3: digest: expected",
  )
  expect(await refused(["include part"], { part: "something else\n" })).toContain(
    "top.watch, line 2: part, line 1: expected a watch file that begins countersign-watch/v1",
  )
})

test("10,000 subjects with 1,000 keys and 200 patterns are read in seconds on any machine", async () => {
  const keys = Array.from({ length: 1_000 }, (_, i) => `sha256:${i.toString(16).padStart(64, "0")}`)
  const lines = Array.from({ length: 10_000 }, (_, i) => {
    const digest = `sha256:${(i + 4096).toString(16).padStart(64, "0")}`
    const image = `  image ghcr.io/acme/app-${i}@${digest}`
    const name = i < 200 ? [`  name pkg:npm/@acme/app-${i}@*`] : []
    return [`subject app-${i}`, image, ...name, `  signer key ${keys[i % 1_000]}`]
  })
  const start = performance.now()
  const watch = await watched(lines.flat())
  const took = performance.now() - start
  expect(watch.subjects).toHaveLength(10_000)
  expect(took).toBeLessThan(10_000)
  if (process.env["SHOW_TIMES"] !== undefined) console.log(`${Math.round(took)} ms`)
})

test("the error of a file that cannot be read comes through", async () => {
  await expect(watched(["shipped nowhere"])).rejects.toThrow("no nowhere")
})
