#!/bin/sh
# libpmem2 learns size and alignment of the device, refuses what does not fit them, maps, persists, deep-flushes and
# asks for bad blocks.
here=$(cd "$(dirname "$0")/.." && pwd -P)
# shellcheck source=tests/clients/lib.sh
. "$here/lib.sh"
program=${DAXEMU_TESTS:?}/pmem2_program
[ -x "$program" ] || skip "libpmem2-dev was not installed when this was built (python-free-scripts/deps test)"

expected() { # SIZE ALIGN
  cat <<EOT
size: ok $1
alignment: ok $2
a page: length is not a multiple of $2
from a page on: offset is not a multiple of $2
all: ok
mapped: 1, aligned: 1
granularity: 1
deep flush: ok
read back: persistent
bad blocks: ok
no more: 1
unsafe shutdowns: ok
unmap: ok
EOT
}
runs "$daxemu" run --region pmem --size 64M -- "$program" /dev/dax0.0
same "2M" "$out" "$(expected 67108864 2097152)"
runs "$daxemu" run --region pmem --size 3G --align 1G -- "$program" /dev/dax0.0
same "1G" "$out" "$(expected 3221225472 1073741824)"
nothing_runs
