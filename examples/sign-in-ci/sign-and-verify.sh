#!/usr/bin/env bash
# Signs what a build made, logs the signatures, and verifies each bundle as a user would.
# Usage: sign-and-verify.sh FILE…, with `countersign` on the PATH and in the environment
#   LOG          the URL of the log
#   POLICY       a file with the log's key, under version control
#   SIGNER       a file with the signer's public key, under version control
#   SIGNING_KEY  the signer's private key (PEM, cosign.key or OpenSSH's), from the secrets of the CI system
#   COSIGN_PASSWORD  its passphrase, if it is encrypted
# May be run again after any failure: what is signed and logged already is kept, and nothing is logged twice.
set -euo pipefail
: "${LOG:?}" "${POLICY:?}" "${SIGNER:?}" "${SIGNING_KEY:?}"

secret=$(mktemp -d)
trap 'rm -rf "$secret"' EXIT
(umask 077 && printf '%s\n' "$SIGNING_KEY" > "$secret/signer.key")

countersign sign --log "$LOG" --key "$secret/signer.key" --policy "$POLICY" --artifact "$@"

for file in "$@"; do
  # With the keys that users have, so that a changed secret is noticed here and not by them.
  countersign verify --bundle "$file.sigstore.json" --artifact "$file" --key "$SIGNER" --policy "$POLICY"
done
