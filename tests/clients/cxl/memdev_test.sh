#!/bin/sh
# memdev_test.sh PROGRAM: calls on an open /dev/cxl/mem0 and /dev/nmem0 answer what guests' kernels (6.12 and 7.3, alike) answered,
# wherever the descriptor has gone: a duplicate, a child, a message, a program executed.
here=$(cd "$(dirname "$0")/.." && pwd -P)
# shellcheck source=tests/clients/lib.sh
. "$here/lib.sh"
program=$1

for kernel in 6.12 7.3; do
  for node in /dev/cxl/mem0 /dev/nmem0; do
    echo $node
    timeout 60 "$daxemu" run --kernel $kernel --region cxl --preset pmem --size 512M --no-device -- "$program" $node || fail "$program $node: $?"
  done >said 2>&1
  diff "$here/expected/linux-6.12/memdev.txt" said || fail "an open node answers otherwise than on Linux $kernel"
done
echo "memdev: $(wc -l <said) answers are the kernel's"
