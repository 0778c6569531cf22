#!/bin/sh
# calls_test.sh: clients below daxemu under strace. What reaches the kernel with a node's path or an open node past us is a hole;
# what may is in reaching_kernel.tsv, with its reason.
here=$(dirname -- "$(dirname -- "$(readlink -f -- "$0")")")
# shellcheck source=tests/clients/lib.sh
. "$here/lib.sh"
needs strace
strace -f true 2>/dev/null || skip "strace is not permitted here"

cat >clients <<'END_OF_CLIENTS'
attribute=/sys/bus/dax/devices/dax0.0/size
has() { command -v "$1" >/dev/null 2>&1; }
cat "$attribute" /dev/dax0.0
stat /dev/dax0.0; ls -lR /sys/bus/dax/devices/; ls -l /dev/dax0.0
find /dev -maxdepth 1 -name 'dax*'
dd if=/dev/zero of=/dev/dax0.0 bs=4k count=1
dd if=/dev/dax0.0 of=/dev/null bs=4k count=1
cp /dev/dax0.0 copy; cp -a /dev/dax0.0 node; tar cf tarred /dev/dax0.0
chmod 600 /dev/dax0.0; touch /dev/dax0.0; rm -f copy; test -w /dev/dax0.0; readlink -f /dev/dax0.0
has perl && perl -e 'open F, "+<", "/dev/dax0.0" or die; sysread F, $x, 4; print -s F, -e "/dev/dax0.0"'
has bash && bash -c 'exec 5<>/dev/dax0.0; flock -n 5'
has daxctl && daxctl list -DRM
has ndctl && ndctl list
has pmempool && pmempool info /dev/dax0.0
has fio && fio --name=x --ioengine=dev-dax --filename=/dev/dax0.0 --rw=write --bs=2m --size=8m --output=fio.out
true
END_OF_CLIENTS
status_of timeout 200 strace -f -qq -y -s 200 -o trace "$daxemu" run --mode emulate --backing shmem --size 64M --align 2M -- sh clients
[ "$status" -eq 0 ] || fail "the clients end with $status: $err"
awk -f "$here/calls/reaching_kernel.awk" "$here/calls/reaching_kernel.tsv" trace >holes ||
  fail "reached the kernel past us (a hook is missing, or a row with its reason in reaching_kernel.tsv):
$(cat holes)"

# The check sees what it is there for: without a row of the list the call of that row is named.
grep -v '^openat	path' "$here/calls/reaching_kernel.tsv" >shorter
if awk -f "$here/calls/reaching_kernel.awk" shorter trace >holes; then fail "a row less, and nothing is found"; fi
matches "the row taken out" "$(cat holes)" '^openat	path '
