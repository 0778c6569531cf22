#!/bin/sh
# nfit_beside_test.sh: lines of a cache fail, not extents: what lies beside an error is touched as ever, by programs with and without handlers, in
# every engine (preload/memory/beside_errors.hpp); and the error itself is SIGBUS, and the end of who has no handler.
here=$(cd "$(dirname "$0")/.." && pwd -P)
# shellcheck source=tests/clients/lib.sh
. "$here/lib.sh"
needs ndctl
cat >beside.sh <<'S'
ndctl inject-error --saturate --block=11 --count=8 namespace0.0 >/dev/null || exit 1
"$PROGRAM" /dev/dax0.0 "$1" 5632 9728
echo "ended with $?"
S
for engine in handler inline populate; do
  for extent in 4096 2097152; do
    PROGRAM=$DAXEMU_TESTS/nfit_beside "$daxemu" run --region pmem,dimms=2,labels --align "$((extent / 1024))K" --size 62M --engine "$engine" -- \
      sh beside.sh "$extent" >got.txt 2>errors.txt || fail "the session ended with $?: $(cat got.txt errors.txt)"
    same "beside errors, extents of $extent, engine $engine" "$(cat got.txt)" 'before, without a handler: there
behind: there
a copy: the same
a string instruction: the same
an atomic one: there
lines that are not as they were said to be: 0
what the program is told: the extent
a string into it: SIGBUS
beside it, to where nothing may be written: signal 11, then it is as before
two threads: there
traps: 1, the handler is there, SIGUSR1 is free
ended with 135'
  done
done
