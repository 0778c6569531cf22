#!/bin/sh
# hwloc's lstopo describes the machine under daxemu as without it.
# shellcheck source=tests/clients/lib.sh
. "$(dirname "$0")/../lib.sh"
needs lstopo-no-graphics
# The name of the observer is in what it observes.
topology() {
  "$@" lstopo-no-graphics --no-io --of console
}
runs topology
outside=$out
runs topology "$daxemu" run --size 64M --
same "topology" "$out" "$outside"
nothing_runs
