#!/bin/sh
# What the interval of --write-back saves while a program runs, with nobody left to do it at the end.
here=$(cd "$(dirname "$0")/.." && pwd -P)
# shellcheck source=tests/clients/lib.sh
. "$here/lib.sh"
program=${DAXEMU_TESTS:?}/interval_program
[ -x "$program" ] || fail "$program is not built"
backing=$1
[ "$backing" = shmem ] || needs_huge_pages 24

for engine in handler inline populate; do
  # Its own shell: that reports the killed runner.
  sh -c '"$@"; exit 0' sh "$daxemu" run --image "$engine" --size 16M --align 2M --backing "$backing" --engine $engine \
    --write-back 1 -- "$program" /dev/dax0.0 write >/dev/null 2>&1 &
done
wait
for engine in handler inline populate; do
  runs "$daxemu" run --snapshot "$engine" -- "$program" /dev/dax0.0 read
  same "what $engine has in the image" "$out" "five - - three - four child - "
done
