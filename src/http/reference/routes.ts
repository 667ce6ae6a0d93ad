// The contract for people and programs, at every server: openapi.yaml as it is, and a page that draws it in the
// browser. The page's script (Redoc, as it was published) is put beside this file by the build; where it is missing, as
// in a run from the sources, the page says where the document is. Everything is read when it is first asked for.
import { hash } from "node:crypto"
import { readFile } from "node:fs/promises"
import { promisify } from "node:util"
import { gzip } from "node:zlib"
import Negotiator from "negotiator"
import { refuse } from "../../core/base/errors.ts"
import { type Answer, isKnown, notModified } from "../serving/answer.ts"
import { hadFinalSlash } from "../serving/request-target.ts"
import { type Call, get, isOpen, type Route } from "../serving/route.ts"
import { pageAnswer, pageElsewhere } from "./page.ts"

/** Where the files are; the folders of the package by default. */
interface ReferenceFiles {
  /** openapi.yaml. */
  readonly document?: URL
  /** A folder with `redoc.standalone.js` and its licences; need not be there. */
  readonly renderer?: URL
}

const packaged: Required<ReferenceFiles> = {
  document: new URL("../../../openapi.yaml", import.meta.url),
  renderer: new URL("redoc/", import.meta.url),
}

const SCRIPT = "redoc.standalone.js"

const compressed = promisify(gzip)

interface Served {
  readonly plain: Answer
  readonly gzipped: Answer
}

interface FileKind {
  readonly url: URL
  readonly mediaType: string
}

function answerOf(body: Uint8Array, mediaType: string, encoding?: "gzip"): Answer {
  const etag = `"${hash("sha256", body, "hex").slice(0, 32)}"`
  return {
    status: 200,
    headers: {
      "content-type": mediaType,
      "cache-control": "public, max-age=300",
      vary: "accept-encoding",
      etag,
      ...(encoding && { "content-encoding": encoding }),
    },
    body,
  }
}

async function load({ url, mediaType }: FileKind): Promise<Served> {
  const bytes = await readFile(url)
  const small = await compressed(bytes)
  return { plain: answerOf(bytes, mediaType), gzipped: answerOf(small, mediaType, "gzip") }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT"
}

/** Reads and compresses a file once, however many ask for it at a time; undefined if there is none. */
function fileReader(kind: FileKind): () => Promise<Served | undefined> {
  let loading: Promise<Served> | undefined
  return async () => {
    loading ??= load(kind)
    try {
      return await loading
    } catch (error) {
      loading = undefined
      if (isMissing(error)) return undefined
      throw error
    }
  }
}

function servedTo({ request }: Call, { plain, gzipped }: Served): Answer {
  const wantsGzip = new Negotiator(request).encoding(["gzip", "identity"]) === "gzip"
  const answer = wantsGzip ? gzipped : plain
  return isKnown(request, answer.headers["etag"] ?? "") ? notModified(answer) : answer
}

const NO_FILE =
  "expected the script of the reference, found none in this installation; see /openapi.yaml"

function fileRoute(operation: string, path: string, kind: FileKind): Route {
  const read = fileReader(kind)
  return get(
    operation,
    path,
    async (call) => servedTo(call, (await read()) ?? refuse("not-found", NO_FILE)),
    isOpen,
  )
}

export function referenceRoutes(files: ReferenceFiles = {}): readonly Route[] {
  const { document, renderer } = { ...packaged, ...files }
  const script = { url: new URL(SCRIPT, renderer), mediaType: "text/javascript; charset=utf-8" }
  const licences = new URL(`${SCRIPT}.LICENSE.txt`, renderer)
  const readScript = fileReader(script)
  return [
    fileRoute("getContract", "/openapi.yaml", { url: document, mediaType: "application/yaml" }),
    get(
      "getReference",
      "/docs",
      async ({ request }) =>
        hadFinalSlash(request) ? pageElsewhere() : pageAnswer((await readScript()) !== undefined),
      isOpen,
    ),
    get(
      "getReferenceScript",
      "/docs/redoc.js",
      async (call) => servedTo(call, (await readScript()) ?? refuse("not-found", NO_FILE)),
      isOpen,
    ),
    fileRoute("getReferenceLicence", "/docs/redoc.js.LICENSE.txt", {
      url: licences,
      mediaType: "text/plain; charset=utf-8",
    }),
  ]
}
