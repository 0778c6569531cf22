# shellcheck shell=sh
# What the suites share: the daxemu under which they run, a line for each test, the counts at the end. A suite is a script of this folder; its
# sources are brought by you. DAXEMU_BIN is the daxemu command (default: that of PATH). KEEP: a folder for what the tests print.

set -eu
export LC_ALL=C
suite=${0##*/}

usage() { # the comment at the top of the script
  sed -n '2,/^[^#]/{/^[^#]/d;s/^# \{0,1\}//;p;}' "$0"
}
# give_up STATUS MESSAGE: one line that names the value and the remedy.
give_up() {
  printf '%s: %s\n' "$suite" "$2" >&2
  exit "$1"
}
needs() { # COMMAND PACKAGE
  command -v "$1" >/dev/null 2>&1 || give_up 126 "$1 is not installed: apt-get install $2"
}

daxemu=$(command -v "${DAXEMU_BIN:-daxemu}") || give_up 126 "'${DAXEMU_BIN:-daxemu}' is no command: install daxemu, or set DAXEMU_BIN"
daxemu=$(readlink -f "$daxemu")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
keep=${KEEP:-$scratch/said}
mkdir -p "$keep"
keep=$(cd "$keep" && pwd -P)
passed=0 failed=0 skipped=0

# verdict NAME STATUS SECONDS REASON: 77 and "skips" are a skip.
verdict() {
  case $2 in
    0) word=passes passed=$((passed + 1)) ;;
    77) word=skips skipped=$((skipped + 1)) ;;
    124) word="takes too long" failed=$((failed + 1)) ;;
    *) word="fails ($2)" failed=$((failed + 1)) ;;
  esac
  printf '%-44s %5s s  %s%s\n' "$1" "$3" "$word" "${4:+: $4}"
}
# try NAME LIMIT COMMAND...: runs it, with what it prints in the folder $keep, and judges it.
try() {
  name=$1 limit=$2
  shift 2
  log=$keep/$(printf '%s' "$name" | tr '/ ' '__').log
  began=$(date +%s)
  status=0
  timeout -k 10 "$limit" "$@" >"$log" 2>&1 </dev/null || status=$?
  reason=
  if [ "$status" -ne 0 ]; then
    reason=$(grep -v '^+' "$log" | tail -n 1 | cut -c 1-90)
  else # GoogleTest counts for itself
    reason=$(grep -E '^\[  (PASSED|SKIPPED) ' "$log" | grep -E ' tests?[.,]' | tr -s ' ' | paste -s -d ,) || :
  fi
  verdict "$name" "$status" $(($(date +%s) - began)) "$reason"
}
finish() {
  printf '%s: %s passed, %s failed, %s skipped\n' "$suite" "$passed" "$failed" "$skipped"
  [ "$failed" -eq 0 ] || exit 1
  exit 0
}
