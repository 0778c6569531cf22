#!/bin/sh
# daxemu list, enable, disable and reconfigure do to a named platform from outside what daxctl does inside, and show the
# same JSON.
here=$(cd "$(dirname "$0")" && pwd -P)
# shellcheck source=tests/clients/lib.sh
. "$here/lib.sh"
needs daxctl
DAXEMU_HOME=$scratch/home
export DAXEMU_HOME
runs "$daxemu" create lab --size 512M --with dax0.1=128M
trap '"$daxemu" destroy --force lab >/dev/null 2>&1 || :; rm -rf "$scratch"' EXIT

inside() {
  "$daxemu" run --platform lab -- daxctl "$@" 2>/dev/null | tr -d ' \n'
}
# agrees DEVICE: what daxemu just printed is what daxctl lists.
agrees() {
  same "JSON of $1" "$(printf '%s' "$out" | tr -d ' \n')" "$(inside list -D -i -d "$1")"
}

runs "$daxemu" disable --platform lab dax0.0 dax0.1
same "message" "$err" 'disabled 2 devices'
matches "daxctl sees it" "$(inside list -D -i -d dax0.0)" '"state":"disabled"'
status_of "$daxemu" run --platform lab -- dd if=/dev/dax0.0 of=/dev/null
matches "it cannot be opened" "$err" 'No such device or address'
runs "$daxemu" disable --platform lab all
same "what is disabled stays so" "$err" 'disabled 2 devices'
runs "$daxemu" enable --platform lab all
same "message" "$err" 'enabled 2 devices'

runs "$daxemu" reconfigure --platform lab --size 256M dax0.0
same "message" "$err" 'reconfigured 1 device'
agrees dax0.0
matches "the new size" "$out" '"size": 268435456'
runs "$daxemu" reconfigure --platform lab -a 4K -s 64M dax0.1
agrees dax0.1
status_of "$daxemu" reconfigure --platform lab --size 3M dax0.0
same "exit status of a size that is none" "$status" 125
matches "its message" "$err" 'dax0\.0: its size and alignment stay as they are: Invalid argument'
matches "the device is as it was" "$(inside list -D -d dax0.0)" '"size":268435456,.*"mode":"devdax"}'

runs "$daxemu" reconfigure --platform lab --mode system-ram dax0.0
agrees dax0.0
matches "memory blocks" "$out" '"online_memblocks": 2'
status_of "$daxemu" disable --platform lab dax0.0
matches "only in devdax mode" "$err" 'dax0\.0 is in system-ram mode; .*--mode devdax'
status_of "$daxemu" reconfigure --platform lab --mode devdax dax0.0
matches "not while its memory is online" "$err" 'dax0\.0: its memory is online: Device or resource busy; use --force'
runs "$daxemu" reconfigure --platform lab --mode devdax --force dax0.0
agrees dax0.0

runs "$daxemu" list --json
matches "list" "$out" '"chardev": "dax0.1"'
status_of "$daxemu" enable --platform lab dax7.7
matches "no such device" "$err" 'the platform has no device dax7\.7'
status_of "$daxemu" reconfigure --platform lab --mode ram dax0.0
matches "no such mode" "$err" '--mode ram is not known; use one of: devdax, system-ram'
status_of "$daxemu" enable --platform nowhere all
[ "$status" -eq 125 ] || fail "a platform that is not there is accepted"
nothing_runs
