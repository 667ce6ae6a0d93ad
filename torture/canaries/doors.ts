// Programs that let the errors of a parser out.
import type { Canary } from "./canary.ts"

export const canaries: readonly Canary[] = [
  {
    name: "doors-json",
    harness: "doors",
    without: "the refusal of bodies that are no JSON",
    edits: [
      {
        file: "http/serving/json-body.js",
        found: "const place = /at position",
        by: "throw error; const place = /at position",
      },
    ],
  },
  {
    name: "parsers-json",
    harness: "parsers",
    without: "the refusal of texts that are no JSON",
    edits: [
      {
        file: "core/base/json-value.js",
        found: "return JSON.parse(text);\n    }\n    catch {",
        by: "return JSON.parse(text);\n    }\n    catch (error) {\n        throw error;",
      },
    ],
  },
]
