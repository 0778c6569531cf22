#!/bin/sh
# daxemu list, enable, disable and reconfigure do to a named platform from outside what daxctl does inside, and show the
# same JSON.
here=$(cd "$(dirname "$0")/.." && pwd -P)
# shellcheck source=tests/clients/lib.sh
. "$here/lib.sh"
needs daxctl
DAXEMU_HOME=$scratch/home
export DAXEMU_HOME
runs "$daxemu" create lab --size 512M --with dax0.1=128M
forget() {
  for made in lab odd ram; do "$daxemu" destroy --force "$made" >/dev/null 2>&1 || :; done
  rm -rf "$scratch"
}
trap forget EXIT

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
matches "list says so too" "$("$daxemu" list)" 'dax0\.0 +[0-9]+M +[0-9]+[KMG] disabled +daxemu +lab'
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
matches "its message" "$err" '--size 3M is not a multiple of 2M .*use --size 2M or 4M'
status_of "$daxemu" reconfigure --platform lab --size 0 dax0.0
matches "a size of nothing" "$err" '--size 0 is not a multiple of 2M'
status_of "$daxemu" reconfigure --platform lab --align 3 dax0.0
matches "an alignment that is none" "$err" '--align 3 is no extent size of device-dax; use --align 4K, 2M or 1G'
status_of "$daxemu" reconfigure --platform lab --align 4K --size 999G dax0.0
same "exit status of more than there is" "$status" 125
matches "its message" "$err" 'dax0\.0: its size and alignment stay as they are: No space left on device'
matches "so it is" "$out" '"align": 2097152'
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
# What was asked for comes of it, or is refused; a refused change leaves the driver as it was.
runs "$daxemu" create odd --size 256M --numa-node none --kernel 6.12 --backing shmem
status_of "$daxemu" reconfigure --platform odd --mode system-ram dax0.0
matches "memory without a node" "$err" 'it needs a node'
status_of "$daxemu" reconfigure --platform odd --mode famfs dax0.0
matches "a mode of another kernel" "$err" 'Linux 6.12 has no driver fsdev_dax; choose another mode'
status_of "$daxemu" run --platform odd -- readlink /sys/bus/dax/devices/dax0.0/driver
matches "its driver" "$out" 'device_dax$'
status_of "$daxemu" reconfigure --platform odd --align 1G dax0.0
matches "an extent that it is no multiple of" "$err" '--align 1G does not fit dax0.0, which has 256M; use a smaller --align, or give --size 1G too'
runs "$daxemu" destroy odd
runs "$daxemu" create small --size 256M --kernel 6.12 --backing shmem
status_of "$daxemu" reconfigure --platform small --mode system-ram --size 64M dax0.0
same "exit status of memory without a whole block" "$status" 125
runs "$daxemu" run --platform small -- daxctl list -D
matches "its size as it was" "$out" '"size":268435456'
matches "its mode as it was" "$out" '"mode":"devdax"'
runs "$daxemu" destroy small
status_of "$daxemu" run --size 16T --driver kmem --backing shmem -- true
matches "memory of more blocks than there are" "$err" 'kmem has no room for dax0.0; choose a smaller size'
runs "$daxemu" create ram --size 512M --kernel 7.3 --backing shmem
runs "$daxemu" reconfigure --platform ram --mode system-ram dax0.0
matches "the kernel was quicker" "$err" 'its memory went online by itself'
status_of "$daxemu" reconfigure --platform ram --mode system-ram --size 256M dax0.0
matches "a size for memory that is online" "$err" 'its memory is online'
status_of "$daxemu" reconfigure --platform ram --force dax0.0
same "exit status of memory that stays" "$status" 125
matches "memory that stays" "$err" 'offline: Device or resource busy; the kernel has things of its own there.*online_movable'
runs "$daxemu" destroy ram
runs "$daxemu" create ram --size 512M --kernel 7.3 --backing shmem
runs "$daxemu" run --platform ram -- sh -c 'echo online_movable >/sys/devices/system/memory/auto_online_blocks'
runs "$daxemu" reconfigure --platform ram --mode system-ram dax0.0
has_not "movable, as asked" "$err" 'by itself'
runs "$daxemu" reconfigure --platform ram --mode system-ram --size 256M --force dax0.0
matches "size of memory" "$out" '"size": 268435456'
matches "mode of memory" "$out" '"mode": "system-ram"'
runs "$daxemu" reconfigure --platform ram --force dax0.0
runs "$daxemu" destroy ram
nothing_runs
