#!/bin/sh
# proc: what /proc says of the device is the kernel's text (expected/proc.txt, expected/iomem-*.txt: Linux 6.1 in the guest,
# by the same programs; of newer kernels expected/linux-KERNEL), in reads of any size; what is not about it stays the machine's.
#   proc_test.sh process BACKING ENGINE | memory BACKING | iomem KIND | machine | others
here=$(cd "$(dirname "$0")/.." && pwd -P)
# shellcheck source=tests/clients/lib.sh
. "$here/lib.sh"
program=${DAXEMU_TESTS:?}/proc_program
expected=$here/expected
[ "${DAXEMU_KERNEL:-6.1}" = 6.1 ] || expected=$expected/linux-$DAXEMU_KERNEL

case $1 in
  process)
    [ "$2" != hugetlb ] || needs_huge_pages 256
    for piece in 65536 53; do
      runs "$daxemu" run --size 512M --backing "$2" --engine "$3" -- "$program" $piece
      diff "$expected/proc.txt" out || fail "in reads of $piece bytes (<: kernel, >: here)"
    done
    ;;
  memory)
    # Memory that was touched counts as the kernel of that version counts it.
    [ "$2" != hugetlb ] || needs_huge_pages 256
    runs "$daxemu" run --size 512M --backing "$2" -- "${DAXEMU_TESTS:?}/proc_memory_program"
    diff "$expected/proc-memory.txt" out || fail "resident memory (<: kernel, >: here)"
    ;;
  iomem)
    needs daxctl ndctl
    [ "$(id -u)" -eq 0 ] || skip "only root sees addresses in /proc/iomem"
    runs "$daxemu" run --size 512M --backing shmem --region "$2" -- sh "$here/calls/iomem_states.sh" "$2"
    diff "$expected/iomem-$2.txt" out || fail "/proc/iomem is not the kernel's (<: kernel, >: here)"
    ;;
  machine)
    # Without the lines of the devices the files are the machine's.
    for file in devices iomem; do
      LC_ALL=C grep -v -e ' dax$' -e ' ndctl$' /proc/$file >real
      runs "$daxemu" run --size 512M --backing shmem -- cat /proc/$file
      grep -v -e ' dax$' -e ' ndctl$' -e ' : hmem.0$' -e ' : Soft Reserved$' -e ' : dax0.0$' out >without
      diff real without || fail "/proc/$file has other lines of the machine's"
    done
    runs "$daxemu" run --size 512M --backing shmem -- cat /proc/devices
    same "one driver of that name" "$(grep -c ' dax$' out)" 1
    sed -n '/^Character/,/^$/{/^ *[0-9]/p;}' out | sort -s -c -n -k 1,1 || fail "character devices are not in order: $(cat out)"
    # Addresses are zeros for those who may not know them.
    runs "$daxemu" run --size 512M --backing shmem -- "$program" others
    matches "/proc/iomem for others" "$out" '^    00000000-00000000 : dax0.0$'
    has_not "/proc/iomem for others" "$out" '^ *[0-9a-f]*[1-9a-f][0-9a-f]*-'
    ;;
  others)
    # Of another process what it maps is named, whatever stands behind it.
    mkfifo go
    # shellcheck disable=SC2016 # that shell expands them
    runs "$daxemu" run --size 512M --backing shmem -- sh -c '
      watched=$1
      "$watched" wait <go >told &
      exec 3>go
      until grep -q ready told; do sleep 0.1; done
      cat /proc/$!/maps >maps
      cat /proc/$!/smaps >smaps
      exec 3>&-
      wait' sh "${program%/*}/watched_program"
    matches "maps of another process" "$(cat maps)" ' 00000000 [0-9a-f:]+ [0-9]+ +/dev/dax0.0$'
    has_not "maps of another process" "$(cat maps)" 'memfd:dax0.0 '
    matches "smaps of another process" "$(cat smaps)" '^KernelPageSize: +2048 kB$'
    ;;
  *) fail "no case $1" ;;
esac
nothing_runs
