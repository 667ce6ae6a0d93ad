// What reads bytes and texts of strangers: each gives a value or a refusal, in bounded time.

export interface Target {
  /** A module of the built program, without its ending. */
  readonly module: string
  readonly name: string
  readonly takes: "text" | "bytes"
  /** What it is given after the input. */
  readonly rest: readonly unknown[]
}

function text(module: string, name: string, rest: readonly unknown[] = []): Target {
  return { module, name, takes: "text", rest }
}

function bytes(module: string, name: string, rest: readonly unknown[] = []): Target {
  return { module, name, takes: "bytes", rest }
}

export const targets: readonly Target[] = [
  text("core/note/note", "parseNote"),
  text("core/note/note", "parseVkey"),
  text("core/note/checkpoint", "parseCheckpoint"),
  text("core/note/tlog-proof", "parseTlogProof"),
  text("core/note/policy", "parsePolicy"),
  text("core/note/head-list", "parseHeadList", [16]),
  bytes("core/note/add-checkpoint", "parseAddCheckpoint"),
  text("core/note/add-checkpoint", "parseTlogSize"),
  text("core/note/origin", "parseOrigin"),
  text("core/tree/tile", "parseTilePath"),
  bytes("core/tree/bundle", "decodeBundle", [3]),
  text("core/access/stored-token", "parseTokens"),
  text("core/acts/act", "parseAct"),
  text("core/base/pem", "parsePem", ["input"]),
  text("core/base/pem", "parsePemChain", ["input", 8]),
  text("core/base/any-base64", "parseAnyBase64", ["input"]),
  bytes("core/base/spki", "parseSpki"),
  text("core/base/json-value", "parseJson", ["input", 100_000]),
  bytes("entry/public-key", "readPublicKey"),
  bytes("entry/certificates/x509", "readX509"),
  bytes("entry/certificate", "readCertificate"),
  bytes("entry/certificates/fulcio", "readCertificateFields"),
  text("entry/certificates/authority", "readAuthorityPem", ["input"]),
  bytes("entry/kinds/summary", "readRecorded"),
  bytes("entry/kinds/summary", "readSummary"),
  bytes("entry/statement/message", "readPayloadMessage"),
  bytes("entry/statement/message", "readMessage"),
  bytes("entry/statement/superset", "readSuperset"),
  bytes("entry/statement/pae", "parsePae"),
  bytes("entry/statement/reading", "readStatement"),
  bytes("entry/statement/commit", "readSignedAttributes"),
  bytes("entry/statement/subjects", "readSubjects"),
  bytes("entry/dsse", "parseEnvelope"),
  bytes("entry/dsse", "readEnvelope"),
  text("evidence/format", "parseEvidence"),
  text("sigstore/bundle", "parseSigstoreBundle"),
  text("sigstore/bundle", "parseAnyBundle"),
  text("sigstore/trusted-root", "parseTrustedRoot"),
  text("sigstore/certificate-authorities", "parseCertificateAuthorities", ["input"]),
  text("client/key-file", "readKeyFile"),
  text("client/base-url", "parseBase", ["input"]),
  text("client/registry/credentials", "readCredentials", ["registry.example"]),
  text("client/registry/reference", "parseRepository"),
  text("client/registry/reference", "parseImageReference"),
  text("client/registry/reference", "parseDigest", ["input"]),
  bytes("client/registry/manifest", "readManifest"),
  text("client/registry/authorization", "parseChallenges"),
  text("client/registry/authorization", "readToken"),
  text("keyless/trust", "parseKeylessTrust"),
  text("monitor/heads/statement", "readNote"),
  text("monitor/watch/list", "readDigestList", ["input"]),
  text("monitor/watch/pattern", "parsePattern"),
  text("monitor/watch/rules", "readRule"),
  text("monitor/watch/rules", "readImage"),
  text("monitor/watch/rules", "readRevoked"),
  text("monitor/watch/rules", "readShipment"),
  text("monitor/watch/rules", "readCommit"),
  text("monitor/watch/identity", "readIdentityRule"),
  text("crypto/keys/pkcs11-uri", "parsePkcs11Uri"),
  bytes("crypto/keys/agent-message", "parseIdentities"),
  bytes("crypto/keys/agent-message", "parsePublicBlob"),
  text("crypto/keys/pem-key", "readPem", [undefined, "input"]),
  text("crypto/keys/pem-key", "openPublicKey", ["input"]),
  text("witness/submission", "parseForeignNote"),
  text("core/base/written-digest", "readDigest"),
]
