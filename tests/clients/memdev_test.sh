#!/bin/sh
# memdev_test.sh PROGRAM: calls on an open /dev/cxl/mem0 and /dev/nmem0 answer what a guest's kernel (6.12) answered, wherever the
# descriptor has gone: a duplicate, a child, a message, a program executed.
here=$(cd "$(dirname "$0")" && pwd -P)
# shellcheck source=tests/clients/lib.sh
. "$here/lib.sh"
program=$1

for node in /dev/cxl/mem0 /dev/nmem0; do
  echo $node
  timeout 60 "$daxemu" run --kernel 6.12 --region cxl --preset pmem --size 512M --no-device -- "$program" $node || fail "$program $node: $?"
done >said 2>&1
diff "$here/expected/linux-6.12/memdev.txt" said || fail "an open node answers otherwise than the kernel's"
echo "memdev: $(wc -l <said) answers are the kernel's"
