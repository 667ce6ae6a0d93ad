// An OpenID Connect issuer without a server: tokens (RFC 7519, ES256) for one identity, as a CI system hands them to its
// jobs, and reading them back. Clients do not verify them; the authority that they are sent to does.
import { generateKeyPairSync, type KeyObject, sign, verify } from "node:crypto"

export const ISSUER = "https://issuer.example"
export const IDENTITY = "signer@example.org"

/** Sigstore's clients and authorities are the audience of a token. */
const AUDIENCE = "sigstore"
const LIFETIME_S = 600

export interface Issuer {
  token(subject?: string): string
  /** Whom a token names. Throws for a token that is not the issuer's own, or not valid now. */
  identityIn(token: string): string
}

interface Claims {
  readonly iss: string
  readonly aud: string
  readonly sub: string
  readonly email: string
  readonly exp: number
}

function part(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url")
}

const form = { dsaEncoding: "ieee-p1363" } as const

function signed(key: KeyObject, claims: object): string {
  const text = `${part({ alg: "ES256", typ: "JWT" })}.${part(claims)}`
  const signature = sign("sha256", Buffer.from(text), { key, ...form })
  return `${text}.${signature.toString("base64url")}`
}

/** A new key. */
export function makeIssuer(): Issuer {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
  const seconds = () => Math.floor(Date.now() / 1000)
  return {
    token(subject = IDENTITY) {
      const whom = { sub: subject, email: subject, email_verified: true }
      const times = { iat: seconds(), nbf: seconds(), exp: seconds() + LIFETIME_S }
      return signed(privateKey, { iss: ISSUER, aud: AUDIENCE, ...whom, ...times })
    },
    identityIn(token) {
      const [header = "", body = "", signature = ""] = token.split(".")
      const text = Buffer.from(`${header}.${body}`)
      const bytes = Buffer.from(signature, "base64url")
      if (!verify("sha256", text, { key: publicKey, ...form }, bytes)) {
        throw new Error("the token is not signed by its issuer")
      }
      const claims = JSON.parse(Buffer.from(body, "base64url").toString()) as Claims
      const isValid = claims.iss === ISSUER && claims.aud === AUDIENCE && claims.exp >= seconds()
      if (!isValid) throw new Error("the token is not valid")
      return claims.email
    },
  }
}
