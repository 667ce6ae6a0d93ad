// A private key in an SSH agent, as `ssh-agent:[SOCKET]#SHA256:FINGERPRINT`: OpenSSH's own, one that forwards to
// another machine, or one that has a PKCS#11 token (`ssh-add -s MODULE`). Its answers are not trusted.
import { createHash, createPublicKey } from "node:crypto"
import { refuse, shown, Trouble } from "../../core/base/errors.ts"
import { type AgentConnection, createAgentConnection } from "./agent-connection.ts"
import {
  IDENTITIES,
  parseIdentities,
  parsePublicBlob,
  parseSignature,
  REQUEST_IDENTITIES,
  SIGN_REQUEST,
  SIGNATURE,
  signRequest,
} from "./agent-message.ts"
import { createVerifiedHandle, type KeyHandle } from "./handle.ts"

const URI = /^ssh-agent:([^#]*)#(SHA256:[A-Za-z0-9+/]{43})$/

/** As `ssh-add -l` prints it. */
function fingerprintOf(blob: Uint8Array): string {
  return `SHA256:${createHash("sha256").update(blob).digest("base64").replace("=", "")}`
}

function parseUri(uri: string) {
  const [, path, fingerprint] = URI.exec(uri) ?? []
  if (path === undefined || fingerprint === undefined) {
    const expected = "ssh-agent:[SOCKET]#SHA256:FINGERPRINT (ssh-add -l prints it)"
    return refuse("malformed", `key: expected ${expected}, found ${shown(uri, 120)}`)
  }
  const socket = path || process.env["SSH_AUTH_SOCK"]
  if (socket === undefined || socket === "") {
    const advice = "start one, or name its socket: ssh-agent:SOCKET#SHA256:…"
    refuse("not-found", `key: expected an SSH agent in $SSH_AUTH_SOCK, found none; ${advice}`)
  }
  return { socket, fingerprint }
}

async function findBlob(agent: AgentConnection, socket: string, wanted: string) {
  const { type, body } = await agent.ask(REQUEST_IDENTITIES, new Uint8Array())
  if (type !== IDENTITIES) throw new Trouble("busy", `the SSH agent at ${socket} lists no keys`)
  const blobs = parseIdentities(body)
  const blob = blobs.find((candidate) => fingerprintOf(candidate) === wanted)
  if (blob !== undefined) return new Uint8Array(blob)
  const found = `${blobs.length} keys and not this one`
  return refuse(
    "not-found",
    `expected the key ${wanted} in the SSH agent at ${socket}, found ${found}; ssh-add -l lists them`,
  )
}

/**
 * Opens the key. Refuses `malformed` and `not-found`, `unsupported` for another kind of key; throws trouble ("busy")
 * if the agent does not answer within two seconds.
 */
export async function openAgentKey(uri: string): Promise<KeyHandle> {
  const { socket, fingerprint } = parseUri(uri)
  const agent = createAgentConnection(socket)
  try {
    const blob = await findBlob(agent, socket, fingerprint)
    const { algorithm, spki } = parsePublicBlob(blob)
    const publicKey = createPublicKey({ key: Buffer.from(spki), format: "der", type: "spki" })
    return createVerifiedHandle({
      ...{ algorithm, publicKey, spki },
      where: `the SSH agent at ${socket}`,
      async sign(message) {
        const answer = await agent.ask(SIGN_REQUEST, signRequest(blob, message))
        if (answer.type === SIGNATURE) return parseSignature(answer.body, algorithm)
        const advice = `it may be locked, or without the key ${fingerprint}; ssh-add -l lists them`
        throw new Trouble("busy", `the SSH agent at ${socket} does not sign: ${advice}`)
      },
      close: async () => agent.close(),
    })
  } catch (reason) {
    agent.close()
    throw reason
  }
}
