// What `countersign search` asks a log: an artifact has several digests, and of an image, a commit or a file of PyPI
// others are foretold, so one question of a user's may be several of the log's. Each comes with the reason for it.
import { basename } from "node:path"
import { readKeyFile } from "../../client/key-file.ts"
import type { SearchCriteria } from "../../client/log-answer.ts"
import { digestOf, hashNames } from "../../core/base/digest.ts"
import { bug, refuse, shown } from "../../core/base/errors.ts"
import { LONGEST_PEM } from "../../core/base/limits.ts"
import { formatHex } from "../../core/base/text.ts"
import { sha256Text } from "../../entry/search-terms.ts"
import {
  type Foretold,
  foretoldOfCommit,
  foretoldOfImage,
  foretoldOfPypi,
  signedNames,
} from "../../entry/statement/foretelling.ts"
import { digestFile, readBytes } from "../command/file.ts"

/** One question to the log. */
export interface Question {
  readonly criteria: SearchCriteria
  /** Why an entry that answers it has to do with what was asked for; undefined where that is plain. */
  readonly why?: string
}

/** An image as it is named: by its digest, and where it is. */
interface ImageReference {
  /** As `sha256:hex`. */
  readonly digest: string
  readonly repository?: string
}

const IMAGE = /^(?:([^\s@]+)@)?(?:sha256:)?([0-9a-f]{64})$/i
const TAG = /:[^:/@]+$/

/** Reads `REPO@sha256:HEX`, also with a tag, or the digest alone. Refuses `malformed`. */
export function readImage(text: string): ImageReference {
  const [, name, hex] = IMAGE.exec(text) ?? []
  if (hex === undefined) {
    return refuse(
      "malformed",
      `image: expected REPO@sha256: and 64 hex digits, or that digest alone, found ${shown(text, 150)}`,
    )
  }
  const digest = `sha256:${hex.toLowerCase()}`
  return name === undefined ? { digest } : { digest, repository: name.replace(TAG, "") }
}

const COMMIT = /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/i

/** Reads a whole commit ID, in lower case. Refuses `malformed`. */
export function readCommit(text: string): string {
  if (COMMIT.test(text)) return text.toLowerCase()
  const expected = "a whole commit ID, 40 or 64 hex digits (git rev-parse)"
  return refuse("malformed", `commit: expected ${expected}, found ${shown(text, 150)}`)
}

interface Asked extends Omit<SearchCriteria, "key"> {
  readonly artifact?: string
  readonly image?: ImageReference
  readonly commit?: string
  readonly pypi?: string
  /** A file with the key. */
  readonly key?: string
}

type Digests = readonly Foretold[]

/** A file may have been signed by any of three hashes: the signer's key decides by which. */
async function fileDigests(path: string): Promise<Digests> {
  const digests = await digestFile(path, hashNames)
  return hashNames.map((hash) => {
    const bytes = digests[hash] ?? bug("no digest was made")
    return { digest: `${hash}:${formatHex(bytes)}`, why: `${hash} of the file` }
  })
}

function imageDigests({ digest, repository }: ImageReference): Digests {
  const hex = digest.slice("sha256:".length)
  const repositories = repository === undefined ? [] : signedNames(repository)
  return [{ digest, why: "digest of the image" }, ...foretoldOfImage(hex, repositories)]
}

async function pypiDigests(path: string): Promise<Digests> {
  const own = await fileDigests(path)
  const hex = own.find(({ digest }) => digest.startsWith("sha256:"))?.digest.slice(7) ?? ""
  return [...own, ...foretoldOfPypi(basename(path), hex)]
}

/** The digests that stand for what is asked; undefined if it is not asked by digest. */
async function digestsOf({ artifact, image, commit, pypi }: Asked): Promise<Digests | undefined> {
  if (artifact !== undefined) return await fileDigests(artifact)
  if (image !== undefined) return imageDigests(image)
  if (pypi !== undefined) return await pypiDigests(pypi)
  if (commit === undefined) return undefined
  return [{ digest: `gitCommit:${commit}`, why: "commit ID" }, ...foretoldOfCommit(commit)]
}

async function readFingerprint(path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return undefined
  const { spki } = readKeyFile(await readBytes(path, "key", LONGEST_PEM))
  return sha256Text(digestOf("sha256", spki))
}

/** What is to be asked; an entry that answers one of the questions is found. No question if nothing is asked for. */
export async function questionsOf(asked: Asked): Promise<readonly Question[]> {
  const { artifact: _a, image: _i, commit: _c, pypi: _p, key: keyFile, ...criteria } = asked
  const key = await readFingerprint(keyFile)
  const plain = { ...criteria, key }
  const digests = await digestsOf(asked)
  if (digests !== undefined) {
    return digests.map(({ digest, why }) => ({ criteria: { ...plain, digest }, why }))
  }
  const isAsked = Object.values(plain).some((value) => value !== undefined)
  return isAsked ? [{ criteria: plain }] : []
}
