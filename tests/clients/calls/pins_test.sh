#!/bin/sh
# pins_test.sh CASE: what the kernel pins of a device for a program's calls is in the ledger for as long as it is pinned,
# and refused where the memory's type refuses it. What the kernel does: tests/conformance, emu/pgmap/behaviour.cpp.
here=$(cd "$(dirname "$0")/.." && pwd -P)
# shellcheck source=tests/clients/lib.sh
. "$here/lib.sh"
program=${DAXEMU_TESTS:?}/pins_program
SHOW=$here/calls/show_pins.sh
export SHOW

# gives TYPE ALIGN STEPS EXPECTED
gives() {
  extent=2097152
  [ "$2" != 4K ] || extent=4096
  # shellcheck disable=SC2086 # steps are words
  status_of "$daxemu" run --size 8M --align "$2" --type "$1" --backing shmem -- "$program" /dev/dax0.0 $extent $3
  [ "$status" -ne 77 ] || skip "io_uring is not to be had here"
  same "exit status: $err" "$status" 0
  same "type $1, steps $3" "$out" "$4"
}

case_buffers() {
  gives GENERIC_6_12 2M "table" "register: 0
  0-0 io_uring longterm pin, 512 pages each
  1-1 io_uring longterm pin, 1 pages each
again: -16 EBUSY
  0-0 io_uring longterm pin, 512 pages each
  1-1 io_uring longterm pin, 1 pages each
unregister: 0
  nothing
with tags: 0
  0-0 io_uring longterm pin, 512 pages each
  1-1 io_uring longterm pin, 1 pages each
ring closed: 0
  nothing"
  gives GENERIC_6_12 2M "sparse number" "sparse: 0
  nothing
fill: 1
  2-2 io_uring longterm pin, 512 pages each
replace: 1
  3-3 io_uring longterm pin, 512 pages each
beyond the end: -14 EFAULT
  3-3 io_uring longterm pin, 512 pages each
empty: 1
  nothing
by number: 0
  1-1 io_uring longterm pin, 512 pages each
a copy is open: 0
  1-1 io_uring longterm pin, 512 pages each
none is: 0
  nothing"
}

# 6.1 registers no memory of files but shmem and hugetlb, and pins device-dax for RDMA; DAX files are never pinned for long.
case_refused() {
  gives GENERIC_6_1 2M "refused" "device: -95 EOPNOTSUPP
  nothing
own memory: 0
  nothing
RDMA: 0
  0-0 RDMA longterm pin, 1 pages each"
  gives FS_DAX_7_3 4K "refused" "device: -95 EOPNOTSUPP
  nothing
own memory: 0
  nothing
RDMA: -95 EOPNOTSUPP
  nothing"
}

case_pipes() {
  gives GENERIC_6_1 2M "pipe closed-pipe" "vmsplice: 12288
  0-0 vmsplice get, 1 pages each
  1-1 vmsplice get, 2 pages each
read a page: 4096
  1-1 vmsplice get, 2 pages each
unmapped: 0
  1-1 vmsplice get, 2 pages each
read the rest: 8192
  nothing
vmsplice: 100
  0-0 vmsplice get, 1 pages each
one end closed: 0
  0-0 vmsplice get, 1 pages each
both: 0
  nothing"
}

# While a read or write by O_DIRECT lasts, the pages it moves are referenced (bio_iov_iter_get_pages).
case_direct() {
  FILE=$scratch/file
  export FILE
  status_of "$daxemu" run --size 8M --align 2M --backing shmem -- "$program" /dev/dax0.0 2097152 direct
  [ "$status" -ne 77 ] || skip "the file system of $scratch knows no O_DIRECT"
  same "exit status: $err" "$status" 0
  same "transfers" "$out" "reading:  0-1 direct I/O get, 512 pages each
writing:  2-3 direct I/O get, 512 pages each
done: 4096
  nothing
through the page cache: 4096
  nothing"
}

# The same of requests that are on their way while the program goes on.
case_aio() {
  FILE=$scratch/file
  export FILE
  for engine in handler inline; do
    rm -f "$FILE"
    status_of "$daxemu" run --size 8M --align 2M --backing shmem --engine $engine -- "$program" /dev/dax0.0 2097152 aio
    [ "$status" -ne 77 ] || skip "the file system of $scratch knows no O_DIRECT, or this kernel no io_setup"
    same "exit status ($engine): $err" "$status" 0
    same "requests ($engine)" "$out" "into untouched memory: 2097152
  nothing
reading:  0-1 direct I/O get, 512 pages each
writing:  2-3 direct I/O get, 512 pages each
done: 0
  nothing
destroyed: 0
  nothing"
  done
}

case_regions() {
  gives GENERIC_6_1 2M "rdma mlock" "region: 0
  0-0 RDMA longterm pin, 512 pages each
  1-1 RDMA longterm pin, 1 pages each
deregister: 0
  nothing
on demand: 0
  nothing
refused by the driver: -22 EINVAL
  nothing
mlock: 0
  nothing"
}

case_processes() {
  gives GENERIC_7_3 2M "fork exec" "register: 0
  0-0 io_uring longterm pin, 512 pages each
a child's own: 0
  0-0 io_uring longterm pin, 512 pages each
  1-1 io_uring longterm pin, 512 pages each
the child has ended: 0
  0-0 io_uring longterm pin, 512 pages each
  released 1-1 io_uring longterm pin, 512 pages each
register: 0
  0-0 io_uring longterm pin, 512 pages each
now: 0
  released 0-0 io_uring longterm pin, 512 pages each"
}

# Device-dax is unbound whoever holds its pages (conformance: unbind.referenced-by-a-pipe; the guest panics when the
# pipe is closed before the device is bound again). Memory of a type that waits does wait.
case_unbind() {
  gives GENERIC_6_12+wait_for_folios 2M "unbind" "register: 0
  0-0 io_uring longterm pin, 512 pages each
unbinding waits: 0
  0-0 io_uring longterm pin, 512 pages each
  1-1 vmsplice get, 1 pages each
unregister: 0
  1-1 vmsplice get, 1 pages each
read: 4096
  nothing
unbound: 0
  nothing
bound again: 6
  nothing"
  gives GENERIC_6_1 2M "unbind" "register: -95 EOPNOTSUPP
  nothing
unbound: 0
  1-1 vmsplice get, 1 pages each
bound again: 6
  1-1 vmsplice get, 1 pages each"
}

# A dead holder is named, once; a living one with the code that pinned.
case_verb() {
  # On tmpfs: the host's kernel takes no long-term pins of files of most other file systems.
  DAXEMU_HOME=$(mktemp -d /dev/shm/daxemu-pins.XXXXXX)
  export DAXEMU_HOME
  runs "$daxemu" create lab --size 8M --type GENERIC_6_12
  trap '"$daxemu" destroy --force lab >/dev/null 2>&1 || :; rm -rf "$scratch" "$DAXEMU_HOME"' EXIT
  runs "$daxemu" pins --platform lab
  same "nothing yet" "$out" "nobody holds pages of a device"
  status_of "$daxemu" run --platform lab -- "$program" /dev/dax0.0 2097152 die
  same "exit status of what was killed" "$status" 137
  runs "$daxemu" pins --platform lab
  same "nothing is left" "$out" "nobody holds pages of a device"
  matches "the dead holder" "$err" '^daxemu: dax0\.0: process [0-9]+ has ended and held 1 extent: released$'
  runs "$daxemu" pins --platform lab
  same "said once" "$err" ""
  # shellcheck disable=SC2016 # for that shell
  runs env SHOW='"$DAXEMU_BIN" pins' "$daxemu" run --pin-sites --platform lab -- "$program" /dev/dax0.0 2097152 table
  matches "a row" "$out" '^lab +dax0\.0 +0 +2M +[0-9]+ \(pins_program\) +[0-9]+ +io_uring longterm pin +512 +[0-9]+ s +step_table\+0x[0-9a-f]+'
  status_of "$daxemu" pins dax9.9
  same "exit status for no such device" "$status" 125
  matches "message" "$err" '^daxemu: no platform has a device dax9\.9 with memory; '
}

"case_$1"
nothing_runs
