#!/bin/sh
# hugetlb_1G_test.sh REGION: the suite on an emulated device of 1G extents in a pool of pages of 1G, in a guest that was
# started with such a pool: few machines have one. The rows on stdout are compared outside.
set -eu
here=$(dirname -- "$(readlink -f -- "$0")")
# shellcheck source=tests/conformance/lib.sh
. "$here/lib.sh"
pool=/sys/kernel/mm/hugepages/hugepages-1048576kB
wanted=3
[ "$(cat $pool/free_hugepages)" -ge $wanted ] || { echo "FAILED: the guest has $(cat $pool/free_hugepages) pages of 1G, not $wanted"; exit 1; }
"$here/in-guest" "$DAXEMU_BIN" run --mode emulate --kernel 6.1 --region "$1" --align 1G --backing hugetlb --size "$(device_size "$1" 1G)" -- \
  "$DAXEMU_TESTS/daxemu-conformance" --timeout 60 --scratch /tmp/scratch
[ "$(cat $pool/free_hugepages)" -ge $wanted ] || { echo "FAILED: pages of 1G were not given back: $(cat $pool/free_hugepages)"; exit 1; }
