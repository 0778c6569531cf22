#!/bin/sh
# run ends as its command ends: same status, or same signal.
# shellcheck source=tests/clients/lib.sh
. "$(dirname "$0")/../lib.sh"

for code in 0 1 7 125 255; do
  status_of "$daxemu" run --size 64M -- sh -c "exit $code"
  same "exit status" "$status" "$code"
  same "stderr" "$err" ""
done

# The shell that looks says 128 and the signal's number.
while read -r signal expected; do
  # shellcheck disable=SC2016 # for that shell
  status_of "$daxemu" run --size 64M -- sh -c 'kill -s "$0" $$' "$signal"
  same "end by SIG$signal" "$status" "$expected"
done <<'EOS'
INT 130
KILL 137
USR1 138
SEGV 139
TERM 143
EOS
nothing_runs
