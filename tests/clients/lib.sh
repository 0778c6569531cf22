# shellcheck shell=sh
# What the client tests share: a scratch folder, comparisons that show both sides, skips with a reason.
# DAXEMU_BIN is the daxemu command under test. A test is in its scratch folder when this file has been read.

set -eu
export LC_ALL=C
unset DAXEMU DAXEMU_PLATFORM DAXEMU_PRELOAD LD_PRELOAD # the test's machine is the real one

daxemu=${DAXEMU_BIN:?is not set: the daxemu command under test}
daxemu=$(cd "$(dirname "$daxemu")" && pwd -P)/${daxemu##*/}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export DAXEMU_TEST_MARK="$scratch" # in the environment of whatever this test starts
cd "$scratch"

fail() {
  printf 'FAIL: %s\n' "$1"
  exit 1
}

skip() {
  printf 'SKIP: %s\n' "$1"
  exit 77
}

# needs COMMAND ...: skips unless all are installed.
needs() {
  for tool in "$@"; do
    command -v "$tool" >/dev/null 2>&1 || skip "$tool is not installed (python-free-scripts/deps test third-party)"
  done
}

# cxl_of RELEASE: sets $folder to cxl, daxctl and ndctl of that release (81, 85), whose commands come first from now on, and daxemu behind
# them; skips if they cannot be had.
# shellcheck disable=SC2154 # $here is the caller's
cxl_of() {
  folder=$("$here/../../python-free-scripts/daxctl-release" "$1" 2>refused) || skip "$(tail -n 1 refused)"
  [ -x "$folder/bin/cxl" ] || skip "there is no cxl $1 here"
  PATH=$folder/bin:$(dirname "$daxemu"):$PATH
  export PATH
}

# recorded FILE [KERNEL]: sets $transcript to what this version of daxctl and ndctl answered on a real device of that kernel (6.1);
# skips if nobody asked it.
# shellcheck disable=SC2154 # $here is the caller's
recorded() {
  version=$(daxctl --version | cut -d . -f 1)
  folder=$here/expected/ndctl-$version
  [ "${2:-6.1}" = 6.1 ] || folder=$here/expected/linux-$2/ndctl-$version
  transcript=$folder/$1
  [ -f "$transcript" ] || skip "what daxctl $version answers on a real device of Linux ${2:-6.1} is not recorded (tests/clients/capture)"
}

# needs_huge_pages COUNT: skips unless COUNT huge pages of 2M are available. What others hold of the pool they give back:
# that is waited for, now and by status_of.
needs_huge_pages() {
  huge_pages=$1
  pool=/sys/kernel/mm/hugepages/hugepages-2048kB
  [ -d "$pool" ] || skip "this kernel has no huge pages of 2M"
  for attempt in $(seq 300); do
    have=$(($(cat $pool/free_hugepages) - $(cat $pool/resv_hugepages)))
    [ "$have" -lt "$1" ] || return 0
    [ "$(cat $pool/nr_hugepages)" -ge "$1" ] || break
    sleep 0.1
  done
  skip "needs $1 huge pages of 2M, the pool has $have available (look $attempt): python-free-scripts/with-huge-pages $1"
}

# same WHAT GOT EXPECTED
same() {
  [ "$2" = "$3" ] || fail "$1
got:      $2
expected: $3"
}

# matches WHAT GOT PATTERN: GOT has a line that PATTERN (grep -E) describes.
matches() {
  printf '%s\n' "$2" | grep -qE -- "$3" || fail "$1: no line matches $3 in
$2"
}

# has_not WHAT GOT PATTERN
has_not() {
  if printf '%s\n' "$2" | grep -qE -- "$3"; then
    fail "$1: a line matches $3 in
$2"
  fi
}

# status_of COMMAND ...: sets $status, $out and $err. A daxemu that finds the pages gone that needs_huge_pages saw is run again.
status_of() {
  for try in $(seq 100); do
    status=0
    "$@" >out 2>err || status=$?
    if [ "$try" -eq 100 ] || [ "$status" -ne 125 ] || [ -z "${huge_pages:-}" ] || ! grep -q 'huge pages of 2M, the pool has' err; then
      break
    fi
    needs_huge_pages "$huge_pages"
  done
  out=$(cat out)
  err=$(cat err)
}

# runs COMMAND ...: sets $out and $err; fails unless the command succeeds.
runs() {
  status_of "$@"
  [ "$status" -eq 0 ] || fail "exit status $status of: $*
$out
$err"
}

# Fails if a process that this test started is still there. A keeper ends after its command: give it a moment.
nothing_runs() {
  for attempt in 1 2 3 4 5 6 7 8 9 10; do
    left=""
    # shellcheck disable=SC2013 # the lines are words
    for environment in $(grep -lzsxF "DAXEMU_TEST_MARK=$scratch" /proc/[0-9]*/environ); do
      pid=${environment#/proc/}
      pid=${pid%/environ}
      name=$(cat "/proc/$pid/comm" 2>/dev/null) || continue
      [ "$pid" = "$$" ] || [ "$name" = grep ] || [ "$name" = "${0##*/}" ] || left="$left $pid ($name)"
    done
    [ -n "$left" ] || return 0
    sleep 0.1
  done
  fail "still running after $attempt looks:$left"
}

# poisoned_from_outside WORDS ...: runs `daxemu run WORDS`, whose command says "ready"; then memory fails at 2M of dax0.0 as
# hardware fails, and the command's standard input ends. Leaves its output in the files told and err.
poisoned_from_outside() {
  mkfifo go
  "$daxemu" run "$@" <go >told 2>err &
  running=$!
  exec 3>go
  for attempt in $(seq 100); do
    grep -q ready told 2>/dev/null && break
    sleep 0.1
  done
  grep -q ready told || fail "not ready after $attempt looks: $(cat told err)"
  runs "$daxemu" poison --platform $running dax0.0 --offset 2M
  exec 3>&-
  wait $running || fail "exit status $? of the program: $(cat err)"
}
