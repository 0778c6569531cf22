# The virtual machine: its layout, its channels, and what to make of its end. Sourced by guest.
# shellcheck shell=sh disable=SC2154

# Physical memory: [0, 3G) and, if --memory asks for more, [4G, 4G + rest) are the guest's; the device follows, 1G-aligned, up to the
# top. QEMU's pc machine puts what exceeds 3G of -m at 4G.
low_bytes=3221225472
four_g=4294967296
one_g=1073741824

# layout: region, memory_bytes, size_bytes, align_bytes, numa -> machine_bytes, boot_words, node_words; of cxl machine_words, channel_place.
layout() {
  machine_words='' channel_place='' more_memory=''
  if [ "$region" = cxl ]; then
    # Its memory is of the bus: windows that the machine puts behind its own. A processor that says it is one of a machine: the kernel
    # flushes caches before a region is made, which it refuses a guest (cpu_cache_has_invalidate_memregion()).
    machine_bytes=$memory_bytes boot_words='' node_words=$cxl_words machine_words="-M $cxl_machine" channel_place=,bus=pcie.0,addr=0x10
    # With room for more memory QEMU has an SRAT; without one no window has a node of its own (seen: target_node 0).
    more_memory=,maxmem=$((machine_bytes / 1048576 + 4096))M,slots=1
    return 0
  fi
  if [ "$region" = nvdimm ]; then
    # QEMU takes the labels off the end of what a DIMM is made of.
    machine_bytes=$memory_bytes boot_words='' node_words='' machine_words='-machine nvdimm=on'
    more_memory=,slots=2,maxmem=$(((memory_bytes + 2 * size_bytes) / 1048576 + 4096))M
    for dimm in 0 1; do
      node_words="$node_words -object memory-backend-ram,id=dimm$dimm,size=$((size_bytes + 131072))
        -device nvdimm,memdev=dimm$dimm,label-size=128K,slot=$dimm"
    done
    return 0
  fi
  rest=0
  [ "$memory_bytes" -le $low_bytes ] || rest=$((memory_bytes - low_bytes))
  # A gap below the device is the guest's memory too: it cannot be left out.
  rest=$(((rest + one_g - 1) / one_g * one_g))
  start=$((four_g + rest))
  length=$size_bytes
  if [ "$region" = pmem ]; then
    # nd_pfn_init: the data starts at max(align, 2M) behind the info block.
    length=$((size_bytes + (align_bytes > 2097152 ? align_bytes : 2097152)))
    boot_words="memmap=$length!$start"
  else
    # Type 1 (RAM) becomes 0xefffffff (soft reserved), which dax_hmem takes.
    boot_words="memmap=$length%$start-1+4026531839"
  fi
  # QEMU wants whole pages only, but keeps 3G below 4G just when more than 3.5G are asked for.
  machine_bytes=$((low_bytes + rest + length))
  filler=0
  if [ $machine_bytes -lt 3758096384 ]; then
    filler=$((3758096384 - machine_bytes))
    machine_bytes=3758096384
  fi
  node_words=
  if [ "$numa" = yes ]; then
    node_words="-object memory-backend-ram,id=node0,size=$((low_bytes + rest)) -numa node,nodeid=0,cpus=0-1,memdev=node0
      -object memory-backend-ram,id=node1,size=$((length + filler)) -numa node,nodeid=1,memdev=node1"
    # Nothing but the device is on its node.
    [ $filler -eq 0 ] || boot_words="$boot_words memmap=$filler\$$((start + length))"
  fi
  # Below --memory 3G the kernel is told to leave the rest alone.
  if [ "$memory_bytes" -lt $low_bytes ]; then
    boot_words="$boot_words memmap=$((low_bytes - memory_bytes))\$$memory_bytes"
  fi
}

# kvm_boots: whether a guest gets as far as its init with KVM. /dev/kvm may be there and yet not run a kernel (nested, emulated).
kvm_boots() {
  [ -r /dev/kvm ] && [ -w /dev/kvm ] || return 1
  verdict=$folder/kvm-$(cksum </proc/sys/kernel/random/boot_id | tr ' ' -)-${base##*/base-}
  if [ ! -s "$verdict" ]; then
    timeout -k 1 10 "$qemu" -accel kvm -cpu max -m 1G -nodefaults -display none -no-reboot \
      -kernel "$kernel" -initrd "$base" -append "panic=-1 no_timer_check daxemu.probe" >/dev/null 2>&1 \
      && answer=yes || answer=no
    rm -f "$folder"/kvm-*
    echo "$answer" >"$verdict.$$"
    mv "$verdict.$$" "$verdict"
  fi
  [ "$(cat "$verdict")" = yes ]
}

choose_accel() {
  case $accel in
    auto) if kvm_boots; then accel=kvm; else accel=tcg; fi ;;
    kvm) kvm_boots || give_up 126 "--accel kvm: no guest boots with /dev/kvm here: use --accel tcg" ;;
  esac
}

# log_for_people: the kernel's log without escape codes.
log_for_people() {
  tr -d '\r\000' <"$work/log" | sed 's/\x1b\[[0-9;?]*[A-Za-z]//g' | grep -v '^ *$'
}
# last_lines COUNT: the end of the log.
last_lines() {
  log_for_people | tail -n "$1" | sed 's/^/  kernel: /' >&2
}
# fatal_lines: the log around its first fatal line, whose trace may be longer than any fixed number of last lines; else its end.
fatal_lines() {
  found=$(log_for_people | grep -n -m 1 -e 'Kernel panic' -e 'Oops' -e 'BUG:' | cut -d: -f1) || :
  [ -n "$found" ] || { last_lines 40; return 0; }
  log_for_people | sed -n "$((found > 5 ? found - 5 : 1)),$((found + 60))p" | sed 's/^/  kernel: /' >&2
}

# A place that the kernel patches (a static key) can be run by the other emulated processor between two of the writes: the kernel meets its
# own int3 and dies of it, in one boot of some hundreds. One that has not come to the command begins again.
died_of_patching() {
  [ "$accel" = tcg ] && [ ! -s "$work/status" ] && grep -q "Oops: int3" "$work/log"
}

# One boot; how QEMU ended is in machine_status.
boot() {
  : >"$work/log"
  : >"$work/status"
  # shellcheck disable=SC2086 # node_words is words
  timeout -k 5 "$seconds" "$qemu" $machine_words -accel "$accel" -cpu "$processor" -smp "$cpus" -m "$((machine_bytes / 1048576))M$more_memory" \
    $node_words -nodefaults -display none -no-reboot -kernel "$kernel" -initrd "$work/initramfs" \
    -append "console=ttyS0 $loglevel panic=-1 oops=panic mitigations=off nmi_watchdog=0 no_timer_check $boot_words$boot_extra" \
    -chardev "file,id=log,path=$work/log" -serial chardev:log \
    -device "virtio-serial-pci$channel_place" \
    -chardev "file,id=stdout,path=$work/stdout" -device virtserialport,chardev=stdout,nr=1 \
    -chardev "file,id=stderr,path=$work/stderr" -device virtserialport,chardev=stderr,nr=2 \
    -chardev "file,id=status,path=$work/status" -device virtserialport,chardev=status,nr=3 \
    </dev/null >"$work/qemu" 2>&1 &
  machine_pid=$!
  machine_status=0
  wait "$machine_pid" || machine_status=$?
  machine_pid=
}

run_machine() {
  layout
  {
    echo "REGION=$region"
    echo "ALIGN=$align"
    echo "SIZE=$size_bytes"
  } >"$work/root/guest/configuration"
  {
    cat "$base"
    for tree in "$work"/folder.* "$work/root"; do
      [ ! -d "$tree" ] || pack "$tree"
    done
  } >"$work/initramfs" || give_up 126 "the guest's initramfs could not be written to $work: is ${TMPDIR:-/tmp} full?"
  # no_timer_check: on a busy host an emulated timer can be late in the kernel's test of it, which is a panic.
  loglevel='quiet loglevel=4'
  [ "$kernel_log" = no ] || loglevel='loglevel=7'

  # An emulated processor does "rep movsb" a byte at a time: it does not claim to be fast at it.
  processor=max
  [ "$accel" != tcg ] || processor=max,-erms,-fsrm
  [ "$region" != cxl ] || processor=$processor,-hypervisor
  mkfifo "$work/stdout" "$work/stderr"
  cat "$work/stdout" &
  stdout_pid=$!
  cat "$work/stderr" >&2 &
  stderr_pid=$!
  # Held open here, so that the readers end when QEMU has, whether it came as far as opening its end or not.
  exec 7>"$work/stdout" 8>"$work/stderr"
  boots=1
  boot
  while died_of_patching && [ $boots -lt 3 ]; do
    boots=$((boots + 1))
    boot
  done
  exec 7>&- 8>&-
  wait "$stdout_pid" "$stderr_pid" 2>/dev/null || :
  [ "$kernel_log" = no ] || last_lines 100000

  status=$(tail -n 1 "$work/status")
  case $status in
    'exit '*) exit "${status#exit }" ;;
    setup\ *)
      [ "$kernel_log" = yes ] || last_lines 20
      give_up 125 "the guest could not be set up: ${status#setup }" ;;
  esac
  if [ "$machine_status" -eq 124 ] || [ "$machine_status" -eq 137 ]; then
    [ "$kernel_log" = yes ] || last_lines 5
    give_up 124 "--timeout $seconds: the time was up and the guest was stopped: give more seconds if the command needs them"
  fi
  [ "$kernel_log" = yes ] || fatal_lines
  sed 's/^/  qemu: /' "$work/qemu" >&2
  if grep -q -e 'Kernel panic' -e 'Oops' "$work/log"; then
    give_up 125 "the guest's kernel panicked while the command ran (its last lines are above)"
  fi
  give_up 125 "the guest ended without the command's exit status (QEMU's was $machine_status)"
}
