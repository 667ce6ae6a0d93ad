#!/usr/bin/env bash
# One round of a monitor in a CI job, with its signed state kept between jobs. On misissuance or proven misbehaviour it
# runs COMMAND, which is to file an issue, with TITLE and REPORT (a file) in its environment.
# Usage: run-monitor.sh [COMMAND ARGUMENT…], with `countersign` on the PATH and in the environment
#   POLICY       a file with the keys of the log and its witnesses, under version control
#   CHECKPOINT   a checkpoint of the log that you got elsewhere, under version control: where the first round begins
#   WATCH        the watch file, under version control
#   STATE        a folder that the CI system keeps between jobs
#   MONITOR_KEY  the monitor's private key as PEM, from the secrets of the CI system
#   LOG          the URL of the log, if it is not the one in POLICY
#   SINKS        a sinks file, if others are to be told as well
set -euo pipefail
: "${POLICY:?}" "${CHECKPOINT:?}" "${WATCH:?}" "${STATE:?}" "${MONITOR_KEY:?}"

secret=$(mktemp -d)
trap 'rm -rf "$secret"' EXIT
(umask 077 && printf '%s\n' "$MONITOR_KEY" > "$secret/monitor.pem")
export REPORT="$secret/report.txt"

if [ ! -e "$STATE/monitor.db" ]; then
  # The log must have grown from the checkpoint, so that a state that was lost is no way to forget it.
  echo "there is no state in $STATE: beginning from $CHECKPOINT"
  countersign monitor init --data "$STATE" --key "$secret/monitor.pem" --policy "$POLICY" --at "$CHECKPOINT"
fi

code=0
countersign monitor run --data "$STATE" --key "$secret/monitor.pem" --policy "$POLICY" --watch "$WATCH" --once \
  ${LOG:+--log "$LOG"} ${SINKS:+--sinks "$SINKS"} > "$REPORT" 2>&1 || code=$?
cat "$REPORT"

case $code in
  2) what="misissuance" ;;
  3) what="proven misbehaviour of a log or a witness" ;;
  *) exit "$code" ;;
esac
finding=$(grep -oE '^[0-9a-f]{16} (PROVEN|ATTESTED)' "$REPORT" | head -n 1 | cut -d ' ' -f 1 || true)
export TITLE="Countersign: $what, finding ${finding:-in the report}"
if [ $# -gt 0 ]; then "$@"; fi
exit "$code"
