// Names what people give for a public key or a certificate in PEM (RFC 7468) that is neither: private keys, keys of
// SSH, OpenPGP and minisign, requests, other containers. Each answer says what to give instead and never repeats a
// character of the file. Looks at labels and first bytes only; a guess is worded as one.

/** Both are ends of sentences: `found …; …`. */
export interface ForeignKey {
  readonly found: string
  readonly advice: string
}

const SSH: ForeignKey = {
  found: "a public key of SSH's",
  advice: "ssh-keygen -e -m PKCS8 -f FILE writes it as PEM",
}
const PGP: ForeignKey = {
  found: "a block of OpenPGP's",
  advice: "sign with a key in PEM; OpenPGP is not taken",
}
const MINISIGN: ForeignKey = {
  found: "a file of minisign's",
  advice: "sign with a key in PEM; minisign is not taken",
}
const SECRET = "keep it secret"

function privateKey(label: string): ForeignKey {
  const found = `a private key (${label})`
  if (/SIGSTORE|COSIGN/.test(label)) {
    return { found, advice: `give cosign.pub, the public key beside it, and ${SECRET}` }
  }
  if (label.startsWith("OPENSSH")) {
    return { found, advice: `${SECRET}; ssh-keygen -e -m PKCS8 -f FILE writes its public key` }
  }
  if (label.startsWith("PGP")) return { found, advice: `${SECRET}; OpenPGP is not taken` }
  return { found, advice: `${SECRET}; openssl pkey -in FILE -pubout writes its public key` }
}

const labels: readonly (readonly [RegExp, ForeignKey])[] = [
  [/^(?:PGP|OPENPGP) /, PGP],
  [/^SSH2? PUBLIC KEY$/, SSH],
  [/^SSH SIGNATURE$/, { found: "a signature of SSH's", advice: "give the signer's public key" }],
  [
    /^RSA PUBLIC KEY$/,
    {
      found: "a key in the older form of PKCS#1 (RSA PUBLIC KEY)",
      advice: "openssl rsa -RSAPublicKey_in -in FILE -pubout writes it as PUBLIC KEY",
    },
  ],
  [
    /CERTIFICATE REQUEST$/,
    { found: "a request for a certificate", advice: "give the certificate that was issued for it" },
  ],
  [
    /^(?:PKCS7|CMS)$/,
    {
      found: "certificates in PKCS#7",
      advice: "openssl pkcs7 -in FILE -print_certs writes them as CERTIFICATE",
    },
  ],
  [
    /^(?:TRUSTED|X509|X\.509) CERTIFICATE$/,
    {
      found: "a certificate under an older label",
      advice: "openssl x509 -in FILE writes it as CERTIFICATE",
    },
  ],
]

/** What a label stands for, of one that is neither PUBLIC KEY nor CERTIFICATE. */
export function foreignLabel(label: string): ForeignKey {
  if (/PRIVATE KEY(?: BLOCK)?$/.test(label)) return privateKey(label)
  const known = labels.find(([pattern]) => pattern.test(label))?.[1]
  return (
    known ?? {
      found: `PEM of ${JSON.stringify(label.slice(0, 60))}`,
      advice: "give the signer's public key or certificate",
    }
  )
}

const PRIVATE = /-----BEGIN ([A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?)-----/

/** The private key in a text, if there is one anywhere. */
export function privateKeyIn(text: string): ForeignKey | undefined {
  const label = PRIVATE.exec(text)?.[1]
  return label === undefined ? undefined : privateKey(label)
}

const starts: readonly (readonly [RegExp, ForeignKey])[] = [
  [/^(?:ssh-|ecdsa-sha2-|sk-(?:ssh|ecdsa)-|---- BEGIN SSH2)/, SSH],
  [/^untrusted comment:/, MINISIGN],
  [/^AGE-SECRET-KEY-/, { found: "a private key of age's", advice: SECRET }],
  [
    /^[^\s+]+\+[0-9a-f]{8}\+/,
    {
      found: "the verifier key of a log or a witness",
      advice: "it belongs into a policy; give the signer's key",
    },
  ],
  [/^[{[]/, { found: "JSON", advice: "give the key as PEM" }],
  [
    /^[A-Za-z0-9+/_-]{40}/,
    {
      found: "base64 without the lines around it",
      advice: 'put "-----BEGIN PUBLIC KEY-----" before it and "-----END PUBLIC KEY-----" behind it',
    },
  ],
]

/** What a text is that has no block of PEM; undefined for any other text. */
export function foreignText(text: string): ForeignKey | undefined {
  const label = /-----BEGIN ([A-Z0-9. ]{1,60})-----/.exec(text)?.[1]
  if (label !== undefined && label !== "PUBLIC KEY" && label !== "CERTIFICATE") {
    return foreignLabel(label)
  }
  const start = text.trimStart().slice(0, 200)
  return label === undefined ? starts.find(([pattern]) => pattern.test(start))?.[1] : undefined
}

const SEQUENCE = 0x30
const INTEGER = 0x02
const LONG = 0x80

/** What bytes are in DER that hold no public key and no certificate: the first integer in them tells. */
export function foreignDer(bytes: Uint8Array): ForeignKey | undefined {
  if (bytes[0] !== SEQUENCE) return undefined
  const length = bytes[1] ?? 0
  const at = length < LONG ? 2 : 2 + (length - LONG)
  if (bytes[at] !== INTEGER) return undefined
  if (bytes[at + 1] !== 1) {
    return {
      found: "a key in the older form of PKCS#1",
      advice: "openssl rsa -RSAPublicKey_in -inform DER -in FILE -pubout writes it as PUBLIC KEY",
    }
  }
  const version = bytes[at + 2] ?? 0
  if (version <= 1) return privateKey("in DER")
  return {
    found: "a container of PKCS#12",
    advice: "openssl pkcs12 -in FILE -nokeys writes its certificate as PEM",
  }
}
