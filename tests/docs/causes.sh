#!/bin/sh
# Runs every cause of pages.d/causes.txt: its program gets the line that the page says, from `run --explain`, and the
# remedy works and is refused nothing. A cause whose program does not fail, or a remedy that does, is a failure.
#   causes.sh DAXEMU CAUSES [CC]
set -eu
daxemu=$1 causes=$2 cc=${3:-cc}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bin=$(cd "$(dirname "$daxemu")" && pwd -P)
export PATH="$bin:$PATH" HOME="$work" DAXEMU_HOME="$work/platforms"
unset DAXEMU DAXEMU_PLATFORM DAXEMU_PRELOAD DAXEMU_KERNEL LD_PRELOAD || :
cd "$work"

# NUMBER/{title,flags,says}, NUMBER/{cause,remedy}.{flags,c,sh}
awk '
  /^#/ { next }
  /^= / { n++; dir = sprintf("%02d", n); system("mkdir " dir); print substr($0, 3) >(dir "/title"); part = "cause"; next }
  /^on / { print substr($0, 4) >(dir "/" part ".flags"); next }
  /^says / { print substr($0, 6) >(dir "/says"); next }
  /^then / { part = "remedy"; next }
  /^(c|sh)$/ { language = $0; printf "" >(dir "/" part "." language); next }
  /^  / { print substr($0, 3) >(dir "/" part "." language) }' "$causes"

# A body of main(), whose first line is line 1 of app.c.
make_program() {
  {
    cat <<'END'
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#define must(truth) do { if (!(truth)) { perror(#truth); exit(1); } } while (0)
int main(void) {
#line 1 "app.c"
END
    cat "$1"
    echo '}'
  } >app.c
  "$cc" -g -O0 -w -msse2 -o app app.c
}

# run_part DIRECTORY PART: the lines of --explain in `told`; its status in `status`.
run_part() {
  flags='--size 64M --align 2M'
  [ ! -f "$1/cause.flags" ] || flags=$(cat "$1/cause.flags")
  [ ! -f "$1/$2.flags" ] || flags=$(cat "$1/$2.flags")
  status=0
  : >told.raw
  if [ -f "$1/$2.c" ]; then
    make_program "$1/$2.c"
    # shellcheck disable=SC2086 # flags
    "$daxemu" run --mode emulate $flags --explain=told.raw -- ./app >said 2>&1 </dev/null || status=$?
    own='app'
  else
    # shellcheck disable=SC2086 # flags
    "$daxemu" run --mode emulate $flags --explain=told.raw -- sh -e "$1/$2.sh" >said 2>&1 </dev/null || status=$?
    own='sh'
  fi
  # Addresses and process ids are never the same; where a shell's own code is says nothing.
  sed -E 's/\[[0-9]+\]/[PID]/; s/0x[0-9a-f]{9,}/0x.../g' told.raw |
    if [ "$own" = sh ]; then sed -E 's/(\[PID\]) at [^:]*:/\1:/'; else cat; fi >told
}

failed=0 number=0
for each in [0-9][0-9]; do
  number=$((number + 1))
  title=$(cat "$each/title")
  run_part "$each" cause
  if ! diff "$each/says" told >difference; then
    echo "FAIL $number. $title: --explain says otherwise"
    cat difference
    sed 's/^/  it said: /' said
    failed=$((failed + 1))
    continue
  fi
  run_part "$each" remedy
  if [ "$status" -ne 0 ] || [ -s told ]; then
    echo "FAIL $number. $title: the remedy ends with $status"
    cat said told
    failed=$((failed + 1))
    continue
  fi
  echo "ok $number. $title"
done
[ "$number" -ge 20 ] || { echo "FAIL: $number causes, not twenty"; exit 1; }
[ "$failed" -eq 0 ] || { echo "$failed of $number failed"; exit 1; }
echo "$number causes, each with its line and its remedy"
