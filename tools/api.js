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

const modules = ["verify", "client", "audit"]
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
        reportFolder: join(root, "docs", "api"),
        reportTempFolder: scratch,
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

/** Whether every module is as it should be; what is not is said on the error stream. */
function check(scratch, isWriting) {
  const configs = modules.map((name) => configOf(name, scratch))
  const [first] = configs
  const others = modules.slice(1).map(declarationsOf)
  const compilerState = CompilerState.create(first, { additionalEntryPoints: others })
  const results = configs.map((config, i) =>
    Extractor.invoke(config, {
      compilerState,
      localBuild: isWriting,
      printApiReportDiff: !isWriting,
      messageCallback(message) {
        message.handled = true
        const { messageId, logLevel, text } = message
        if (messageId === "console-api-report-diff") console.error(text)
        // Copying the report by hand is not how it is done here.
        if (messageId.startsWith("console-api-report-")) return
        if (logLevel === "error" || logLevel === "warning") {
          console.error(`countersign/${modules[i]}: ${message.formatMessageWithLocation(root)}`)
        }
      },
    }),
  )
  return results.every(({ apiReportChanged, errorCount }) =>
    isWriting ? errorCount === 0 : errorCount === 0 && !apiReportChanged,
  )
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
  const isGood = check(scratch, option === "--write")
  if (option === "--docs") writePages(folder, scratch)
  if (!isGood) {
    console.error("See docs/api. If the change is meant, write it down: npm run api -- --write")
    process.exitCode = 1
  }
} finally {
  rmSync(scratch, { recursive: true })
}
