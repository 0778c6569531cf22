#!/bin/sh
# A provider of memory, as memkind and UMF are, lives on the device: size from sysfs, one mapping, pieces for threads,
# pieces given back.
here=$(cd "$(dirname "$0")/.." && pwd -P)
# shellcheck source=tests/clients/lib.sh
. "$here/lib.sh"
program=${DAXEMU_TESTS:?}/provider_program
[ -x "$program" ] || fail "$program is not built"

runs "$daxemu" run --size 64M --align 2M -- "$program" /dev/dax0.0
same "the provider" "$out" "size 67108864 align 2097152
wrong bytes 0
half an extent: -1 EINVAL
an extent: 0
around it: ab
put back: 1
other bytes 0
all away: 0"
nothing_runs
