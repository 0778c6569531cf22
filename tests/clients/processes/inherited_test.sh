#!/bin/sh
# inherited_test.sh PARENT CHILD: a static child with a device's descriptors reads and writes none of its bytes, whatever it calls. Each
# call's answer is in expected/inherited.tsv beside the kernel's.
# shellcheck source=tests/clients/lib.sh
here=$(cd "$(dirname "$0")/.." && pwd -P)
. "$(dirname "$0")/../lib.sh"
parent=$1
child=$2
DAXEMU_HOME=/dev/shm/daxemu-inherited-$$
export DAXEMU_HOME
trap 'rm -rf "$scratch" "$DAXEMU_HOME"' EXIT
table=$here/expected/inherited.tsv

# Which requests io_uring answers at all is the machine's: without it every one has the same error.
runs "$daxemu" run --size 64M --backing shmem --intercept libc -- "$parent" /dev/dax0.0 0x200000 "$child"
printf '%s\n' "$out" >answers
if grep -q '^uring.read	\(EPERM\|ENOSYS\)$' answers; then
  grep -v '^uring' answers >others && mv others answers
  grep -v '^uring' "$table" >wanted
else
  cp "$table" wanted
fi
awk -F '\t' '!/^#/ { print $1 "\t" $2 }' wanted >expected
diff expected answers || fail "answers of the kernel to a static child"
awk -F '\t' '!/^#/ && $2 != $3 && $4 == "" { print; wrong = 1 } END { exit wrong }' "$table" || fail "another answer without a reason"

# A named platform's file is not sealed: its answers may be others, the device's bytes are as safe, and what was put into the file
# is gone when the device is opened again.
runs "$daxemu" create lab --size 64M --backing shmem
runs "$daxemu" run --platform lab --intercept libc -- "$parent" /dev/dax0.0 0x200000 "$child"
has_not "bytes of a named platform's device" "$out" "of the device"
runs "$daxemu" run --platform lab -- sh -c 'exec 5<>/dev/dax0.0'
same "what is left in the node" "$(stat -c %s "$DAXEMU_HOME/lab/dax0.0.node")" 0
runs "$daxemu" destroy lab
nothing_runs
