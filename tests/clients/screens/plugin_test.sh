#!/bin/sh
# A user's pgmap operations in unmodified programs: the example plugins do what they say, with every engine, and what is no
# plugin or cannot work is refused with words.
here=$(cd "$(dirname "$0")/.." && pwd -P)
# shellcheck source=tests/clients/lib.sh
. "$here/lib.sh"
libraries=${DAXEMU_LIBRARIES:?}
program=${DAXEMU_TESTS:?}/touching_program

# Data of memory that the processor cannot reach arrives with the touch.
for engine in handler populate; do
  runs "$daxemu" run --size 2M --align 4K --engine $engine --plugin "$libraries/libremote_memory.so" -- \
    "$program" /dev/dax0.0 4096 0 5 0 13
  same "remote memory, engine $engine" "$out" "0: page 0 of dax0.0
5: page 5 of dax0.0
0: page 0 of dax0.0
13: SIGBUS"
  moved=2
  [ $engine = handler ] || moved=15 # populate: a mapping is a touch of all of it
  same "its pages, engine $engine" "$err" "remote_memory: $moved pages moved, $moved freed"
done
# A child finds what has moved already, and moves the rest.
runs "$daxemu" run --size 2M --align 4K --plugin "$libraries/libremote_memory.so" -- "$program" /dev/dax0.0 4096 1 fork 1 2
same "in a child" "$out" "1: page 1 of dax0.0
1: page 1 of dax0.0
2: page 2 of dax0.0"

# Events of device-dax itself: extents, not pages; a free hook that the kernel's device-dax has not.
for align in 2097152 4096; do
  runs "$daxemu" run --size 64M --align $align --backing shmem --plugin "$libraries/libcounting.so" -- \
    "$program" /dev/dax0.0 $align 3 4 3
  matches "counts at $align" "$err" '^counting: 2 mapped, 2 unmapped, 2 freed, 0 failed$'
  matches "the device" "$err" "^counting: dax0.0 of 67108864 bytes in extents of $align\$"
done
# A gate that no kernel has: registered memory is asked for, extent by extent. What is not registered nobody asks for.
pins=${DAXEMU_TESTS:?}/pins_program
status_of "$daxemu" run --kernel 6.12 --size 16M --align 2M --backing shmem --plugin "$libraries/libasked.so" -- \
  env SHOW=true "$pins" /dev/dax0.0 2097152 refused number
if [ "$status" -ne 77 ]; then
  same "in the half that may be pinned" "$(printf '%s\n' "$out" | grep -v '^ ')" "device: 0
own memory: -16 EBUSY
RDMA: 0
by number: 0
a copy is open: 0
none is: 0"
  matches "what it was asked" "$err" '^asked: 3 extents allowed, 0 refused$'
  status_of "$daxemu" run --kernel 6.12 --size 8M --align 2M --backing shmem --plugin "$libraries/libasked.so" -- \
    env SHOW=true "$pins" /dev/dax0.0 2097152 sparse
  matches "beyond it" "$out" '^fill: -1 EPERM$'
fi

# By the variable, under another program that gives its child an environment of its own.
DAXEMU_PLUGIN=$libraries/libcounting.so runs "$daxemu" run --size 64M --align 2M -- \
  env -i "$program" /dev/dax0.0 2097152 1
matches "by the variable" "$err" '^counting: 1 mapped, 1 unmapped, 1 freed, 0 failed$'

# refused PLUGIN SAYS: before the command is started.
refused() {
  status_of "$daxemu" run --size 64M --align 2M --plugin "$1" -- echo started
  same "exit status with $1" "$status" 125
  same "the command does not run" "$out" ""
  matches "the words about $1" "$err" "$2"
}
refused "$libraries/libplugin_other_abi.so" 'was built for plugin ABI 2 .*, this is ABI 1; build it with'
refused "$libraries/libplugin_refuses.so" 'cannot work with plugin ABI 1'
refused "$libraries/libplugin_no_plugin.so" 'exports no daxemu_plugin\(\); see daxemu/plugin.h'
refused "$libraries/libplugin_bad_set.so" 'migrate_to_ram'
refused "$libraries/libremote_memory.so" 'cannot have extents of 2097152 bytes'
refused ./nothing.so 'nothing.so cannot be loaded: .*No such file'
printf 'no library\n' >text.so
refused ./text.so 'text.so cannot be loaded: .*(invalid ELF header|file too short)'

# In a process of its own the mapping fails, and says why.
status_of "$daxemu" run --size 64M --align 2M -- \
  env DAXEMU_PLUGIN="$scratch/nothing.so" "$program" /dev/dax0.0 2097152 1
same "without the plugin no mapping" "$out" "mmap: ELIBACC"
matches "its words" "$err" '^daxemu: the plugin .*nothing.so cannot be loaded'
status_of "$daxemu" run --size 64M --align 2M --plugin "$libraries/libplugin_fails_to_open.so" -- \
  "$program" /dev/dax0.0 2097152 1
same "a plugin that does not want the device" "$out" "mmap: EBUSY"

# Memory failure comes to the plugin too.
poisoned_from_outside --size 64M --align 2M --plugin "$libraries/libcounting.so" -- \
  sh -c "exec '${DAXEMU_TESTS}/early_kill_program' /dev/dax0.0 outside"
matches "the failure" "$(cat err)" '^counting: 1 mapped, [01] unmapped, [01] freed, 1 failed$'
matches "passed on to the generic handling" "$(cat told)" '^early: AO at 2097152'
nothing_runs
