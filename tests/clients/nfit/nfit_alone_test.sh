#!/bin/sh
# nfit_alone_test.sh: the instruction that touches bytes beside an error runs alone, and nobody sees it: in the actions of signals, in handlers and
# what they were asked to block, in children, after an instruction that ends with another signal (preload/memory/signals/step_signals.hpp).
here=$(cd "$(dirname "$0")/.." && pwd -P)
# shellcheck source=tests/clients/lib.sh
. "$here/lib.sh"
needs ndctl
cat >alone.sh <<'S'
ndctl inject-error --saturate --block=11 --count=8 namespace0.0 >/dev/null || exit 1
for part in ends leaves plain nodefer reset onstack blocks string actions ignores forks children; do
  "$PROGRAM" /dev/dax0.0 5632 "$part" || echo "$part ended with $?"
done
S
for engine in handler inline populate; do
  for extent in 4096 2097152; do
    PROGRAM=$DAXEMU_TESTS/nfit_alone "$daxemu" run --region pmem,dimms=2,labels --align "$((extent / 1024))K" --size 62M --engine "$engine" -- \
      sh alone.sh >got.txt 2>errors.txt || fail "the session ended with $?: $(cat got.txt errors.txt)"
    same "alone, extents of $extent, engine $engine" "$(cat got.txt)" 'a division by zero there, then the bad line is bad
left by longjmp: SIGFPE 1, SIGTERM 0
a handler: SIGSEGV 1, SIGUSR2 1, SIGTERM 0, on the other stack 0, then the handler is there, the bad line is bad
SA_NODEFER: SIGSEGV 0, SIGUSR2 1, SIGTERM 0, on the other stack 0, then the handler is there, the bad line is bad
SA_RESETHAND: SIGSEGV 1, SIGUSR2 1, SIGTERM 0, on the other stack 0, then the handler is gone, the bad line is bad
SA_ONSTACK: SIGSEGV 1, SIGUSR2 1, SIGTERM 0, on the other stack 1, then the handler is there, the bad line is bad
a SIGTRAP that is blocked: 0 came, 1 waits, then 1 came
a string of 512 bytes: mapped a few times
beside another thread, actions are those of the program
SIGTRAP is ignored, and not: survived
children of a fork beside another thread: 20 of 20 fine, 20 end with SIGBUS
children end with 1000 7 11 8 5; where SIGTRAP is ignored with 7'
  done
done
