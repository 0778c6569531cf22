#!/bin/sh
# ndctl lists bus, region and namespace of a pmem region as it lists real ones (expected/ndctl-VERSION/ndctl-list.txt: Linux 6.1
# in the guest, 2 GiB). Only the uuid is the namespace's own.
here=$(cd "$(dirname "$0")/.." && pwd -P)
# shellcheck source=tests/clients/lib.sh
. "$here/lib.sh"
needs ndctl daxctl bash
recorded ndctl-list.txt

runs "$daxemu" run --region pmem --size 2G --numa-node none -- bash "$here/replay.sh" "$transcript"
same "stderr" "$err" ""
diff "$transcript" out || fail "ndctl does not list what it lists on the real device (<: real, >: here)"
same "steps" "$(grep -c '^\$ ' out)" 4
runs "$daxemu" run --region pmem --size 2G --numa-node none -- ndctl list -N
matches "the uuid" "$out" '"uuid":"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"'

# On a machine that says where its memory is.
runs "$daxemu" run --region pmem --size 2G -- ndctl list -Nv
matches "a namespace on a node" "$out" '"numa_node":[0-9]'
runs "$daxemu" run --size 64M -- ndctl list -NRBDi
same "a hmem region has no nd bus" "$out" ""
nothing_runs
