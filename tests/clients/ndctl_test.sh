#!/bin/sh
# ndctl lists bus, region and namespace of a pmem region as it lists real ones (Linux 6.1 in the guest, 2 GiB). Only the
# uuid is the namespace's own.
here=$(cd "$(dirname "$0")" && pwd -P)
# shellcheck source=tests/clients/lib.sh
. "$here/lib.sh"
needs ndctl daxctl
uuid='s/"uuid":"[0-9a-f]\{8\}-[0-9a-f]\{4\}-4[0-9a-f]\{3\}-[89ab][0-9a-f]\{3\}-[0-9a-f]\{12\}"/"uuid":UUID/'

for listing in "$here"/expected/ndctl-*.txt; do
  sed -n '1s/^\$ //p' "$listing" >words
  sed -e 1d -e "$uuid" "$listing" >real
  # shellcheck disable=SC2046 # the words of the command
  runs "$daxemu" run --region pmem --size 2G --numa-node none -- $(cat words)
  same "stderr of $(cat words)" "$err" ""
  sed "$uuid" out >here
  diff real here || fail "$(cat words) does not print what it prints on the real device (<: real, >: here)"
done

# On a machine that says where its memory is.
runs "$daxemu" run --region pmem --size 2G -- ndctl list -Nv
matches "a namespace on a node" "$out" '"numa_node":[0-9]'
runs "$daxemu" run --size 64M -- ndctl list -NRBDi
same "a hmem region has no nd bus" "$out" ""
nothing_runs
