// Checks the package's modules for programs by their built declarations: each exports every type that its own
// signatures mention (or nobody could name it), and offers no more and no less than its report in docs/api says.
//   node tools/api.js                 refuses a surface that is not the reported one
//   node tools/api.js --write         writes the reports anew
//   node tools/api.js --docs FOLDER   writes the reference, FOLDER/NAME.md, from the doc comments
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { CompilerState, Extractor, ExtractorConfig } from "@microsoft/api-extractor"

const modules = ["verify", "client", "audit", "keyless"]
const root = fileURLToPath(new URL("..", import.meta.url))
const declarationsOf = (name) => join(root, "dist", "library", `${name}.d.ts`)

function configOf(name, scratch) {
  return ExtractorConfig.prepare({
    configObjectFullPath: undefined,
    packageJsonFullPath: join(root, "package.json"),
    configObject: {
      projectFolder: root,
      mainEntryPointFilePath: declarationsOf(name),
      newlineKind: "lf",
      compiler: {
        overrideTsconfig: {
          compilerOptions: {
            target: "es2023",
            lib: ["es2023", "dom"],
            module: "nodenext",
            types: [],
            strict: true,
          },
          files: modules.map(declarationsOf),
        },
      },
      apiReport: {
        enabled: true,
        reportFileName: `${name}.api.md`,
        reportFolder: scratch,
        reportTempFolder: join(scratch, "temporary"),
      },
      docModel: { enabled: true, apiJsonFilePath: join(scratch, `${name}.api.json`) },
      tsdocMetadata: { enabled: false },
      messages: {
        extractorMessageReporting: {
          default: { logLevel: "error" },
          "ae-missing-release-tag": { logLevel: "none" },
          // Members whose name says all need no comment; test/library holds every export to have one.
          "ae-undocumented": { logLevel: "none" },
          // A comment may name what only its own file has.
          "ae-unresolved-link": { logLevel: "none" },
        },
        tsdocMessageReporting: { default: { logLevel: "error" } },
      },
    },
  })
}

/** Writes report and model of every module to `scratch`; whether each exports all that it mentions. */
function extract(scratch) {
  const configs = modules.map((name) => configOf(name, scratch))
  const [first] = configs
  const others = modules.slice(1).map(declarationsOf)
  const compilerState = CompilerState.create(first, { additionalEntryPoints: others })
  const results = configs.map((config, i) =>
    Extractor.invoke(config, {
      compilerState,
      localBuild: true,
      messageCallback(message) {
        message.handled = true
        if (message.logLevel !== "error" || message.messageId.startsWith("console-")) return
        console.error(`countersign/${modules[i]}: ${message.formatMessageWithLocation(root)}`)
      },
    }),
  )
  return results.every(({ errorCount }) => errorCount === 0)
}

/** The report without its remarks on comments, which are not the surface. */
function reportOf(name, scratch) {
  const report = readFileSync(join(scratch, `${name}.api.md`), "utf8")
  return report.replaceAll(/^ *\/\/ \(undocumented\)\n/gm, "").replaceAll(" (undocumented)", "")
}

function printDifference(name, expected, found) {
  const [old, now] = [expected.split("\n"), found.split("\n")]
  const gone = old.filter((line) => !now.includes(line)).map((line) => `- ${line}`)
  const added = now.filter((line) => !old.includes(line)).map((line) => `+ ${line}`)
  const lines = [...gone, ...added].join("\n") || "(the same lines in another order)"
  console.error(`countersign/${name} is not what docs/api/${name}.api.md says:\n${lines}`)
}

/** Whether a module's surface is the reported one, which it is made to be if `isWriting`. */
function isReported(name, scratch, isWriting) {
  const file = join(root, "docs", "api", `${name}.api.md`)
  const found = reportOf(name, scratch)
  if (isWriting) writeFileSync(file, found)
  const expected = readFileSync(file, "utf8")
  if (expected !== found) printDifference(name, expected, found)
  return expected === found
}

/** The Markdown in a doc comment. */
function proseOf({ docComment = "" }) {
  return docComment
    .replace(/^\/\*\*\n?|\n? ?\*\/\n?$/g, "")
    .replaceAll(/^ \* ?/gm, "")
    .replaceAll(/\{@link (?:[^|}]*\| *)?([^}]*)\}/g, "`$1`")
    .replaceAll(/^@example$/gm, "Example:\n")
    .trim()
}

const textOf = ({ excerptTokens }) => excerptTokens.map(({ text }) => text).join("")

function memberLines(member) {
  const comment = proseOf(member).replaceAll("\n", "\n   * ")
  return [...(comment === "" ? [] : [`  /** ${comment} */`]), `  ${textOf(member)}`]
}

function declarationOf({ members, ...declared }) {
  const text = textOf(declared).replace("export declare ", "export ").trim()
  return members === undefined
    ? text
    : [`${text} {`, ...members.flatMap(memberLines), "}"].join("\n")
}

/** What the module's source says of it at its beginning. */
function introductionOf(name) {
  const source = readFileSync(join(root, "src", "library", `${name}.ts`), "utf8")
  return (/^(?:\/\/ .*\n)+/.exec(source)?.[0] ?? "").replaceAll(/^\/\/ /gm, "")
}

function pageOf(name, scratch) {
  const model = JSON.parse(readFileSync(join(scratch, `${name}.api.json`), "utf8"))
  const sections = model.members[0].members.map((declared) => {
    const heading = declared.name.replace(/_\d+$/, "")
    return `## ${heading}\n\n\`\`\`ts\n${declarationOf(declared)}\n\`\`\`\n\n${proseOf(declared)}\n`
  })
  return [`# countersign/${name}\n`, introductionOf(name), ...sections].join("\n")
}

function writePages(folder, scratch) {
  mkdirSync(folder, { recursive: true })
  for (const name of modules) writeFileSync(join(folder, `${name}.md`), pageOf(name, scratch))
}

const [option, folder] = process.argv.slice(2)
const scratch = mkdtempSync(join(tmpdir(), "countersign-api-"))
try {
  const isWhole = extract(scratch)
  const reported = modules.map((name) => isReported(name, scratch, option === "--write"))
  if (option === "--docs") writePages(folder, scratch)
  if (reported.includes(false)) {
    console.error("If the change is meant, write it down: npm run api -- --write")
  }
  if (!isWhole || reported.includes(false)) process.exitCode = 1
} finally {
  rmSync(scratch, { recursive: true })
}
