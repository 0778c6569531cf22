#!/bin/sh
# watched: a program in gdb. The debugger reads what no one has touched, calls functions and steps
# over breakpoints on a touch; with inline it stops at each touch unless told not to.
#   debugger_test.sh ENGINE
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib.sh"

engine=$1
needs gdb
program=$(dirname "$daxemu")/watched_program

# debug FILE: runs the commands of FILE on the program.
debug() {
  runs timeout -s KILL 120 "$daxemu" run --size 512M --backing shmem --engine "$engine" -- \
    gdb -q -batch -nx -iex 'set debuginfod enabled off' -ex 'set confirm off' -ex 'set pagination off' -x "$1" "$program"
}

# A breakpoint on the very instruction that touches, and the end as by itself. gdb's own SIGBUS of the last touch is passed on.
cat >steps <<'EOF'
handle SIGBUS nostop noprint pass
break *poke
run
continue
continue
continue
delete
continue
EOF
debug steps
matches "the program" "$out" '^poked: 5 5 0$'
matches "the program" "$out" '^beyond the end: SIGBUS, code 2, at \+77$'
matches "the program" "$out" '^done$'
matches "gdb" "$out" 'exited normally'

cat >looks <<'EOF'
break poke
run
print/d device[100 << 20]
EOF
debug looks
matches "gdb reads an untouched extent" "$out" '^\$[0-9]+ = 0$'

[ "$engine" = inline ] || exit 0
cat >stops <<'EOF'
run
info program
EOF
debug stops
matches "gdb stops at the touch" "$out" 'received signal SIGBUS'
