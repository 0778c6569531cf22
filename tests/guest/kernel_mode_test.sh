#!/bin/sh
# kernel_mode_test.sh CASE: the switch DAXEMU=auto|emulate|kernel on a machine that has a real device-dax: in the guest, where
# /dev/dax0.0 (64M, extents of 2M, hmem) is the kernel's own. Programs come from $DAXEMU_TESTS.
# shellcheck source=tests/clients/lib.sh
. "$(dirname "$0")/../clients/lib.sh"

suite=$(dirname "$0")/../conformance # $0 is absolute: this folder is not the current one any more
sysfs=/sys/bus/dax/devices/dax0.0
[ "$(readlink $sysfs/driver)" = "../../../../bus/dax/drivers/device_dax" ] || fail "there is no dax0.0 bound to device_dax"
own="using the kernel's own /dev/dax0.0 \\(64M, extents of 2M\\)"

# refused MESSAGE REMEDY DAXEMU-ARGUMENTS...: status 125, one line.
refused() {
  named=$1 remedy=$2
  shift 2
  status_of "$daxemu" "$@"
  same "exit status of: daxemu $*" "$status" 125
  same "stdout of: daxemu $*" "$out" ""
  same "lines on stderr of: daxemu $*: $err" "$(printf '%s\n' "$err" | wc -l | tr -d ' ')" 1
  matches "message of: daxemu $*" "$err" "^daxemu: .*$named.*; .*$remedy"
}

case_list() {
  runs "$daxemu" list
  matches "daxemu list" "$out" "^dax0\.0 +64M +2M +devdax +kernel +- +the kernel's own device$"
  runs "$daxemu" list --json
  for line in '"chardev": "dax0.0"' '"size": 67108864' '"align": 2097152' '"mode": "devdax"' '"provider": "kernel"'; do
    matches "daxemu list --json" "$out" "$line"
  done
  runs "$daxemu" doctor
  matches "daxemu doctor" "$out" 'dax0\.0'
}

# Nothing said: the machine's own device, and the user is told. The command runs as it would without daxemu.
case_auto() {
  # shellcheck disable=SC2016 # for that shell
  runs "$daxemu" run -- sh -c 'echo "${LD_PRELOAD:-no preload} $DAXEMU $(cat /sys/bus/dax/devices/dax0.0/size)"; exit 0'
  same "what the command saw" "$out" "no preload kernel 67108864"
  matches "what is said" "$err" "^daxemu: $own"
  runs "$daxemu" run --size 64M --align 2M -- true
  matches "with a size and an alignment that fit" "$err" "$own"
  status_of "$daxemu" run -- sh -c 'exit 7'
  same "the command's exit status" "$status" 7
  # A device that is not what was asked for is not taken for it.
  # shellcheck disable=SC2016 # for that shell
  look='echo "${DAXEMU_PLATFORM:+emulated} $(cat /sys/bus/dax/devices/dax0.0/size)"'
  runs "$daxemu" run --verbose --size 1G -- sh -c "$look"
  same "a larger device" "$out" "emulated 1073741824"
  matches "a larger device" "$err" 'dax0\.0 .* is smaller than --size 1G: emulating it'
  runs "$daxemu" run --verbose --size 64M --align 4K -- sh -c "$look"
  same "other extents" "$out" "emulated 67108864"
  matches "other extents" "$err" 'does not have --align 4K: emulating it'
}

# An emulated device stands in the place of the real one, and nothing of that is reached.
case_emulate() {
  "$DAXEMU_TESTS/one_memory" /dev/dax0.0 >before || fail "the example program fails on the real device: $(cat before)"
  runs "$daxemu" run --mode emulate --size 32M -- \
    sh -c "ls /dev/dax* /sys/bus/dax/devices; cat /sys/bus/dax/devices/dax0.0/size"
  same "the emulated device" "$out" "/dev/dax0.0

/sys/bus/dax/devices:
dax0.0
33554432"
  has_not "what is said" "$err" "kernel's own"
  runs env DAXEMU=emulate "$daxemu" run --size 32M -- sh -c 'cat /sys/bus/dax/devices/dax0.0/size'
  same "by the variable" "$out" 33554432
  # One of another name hides it too, from whoever lists, names it, knows its number or has a link to it.
  ln -sf /dev/dax0.0 /tmp/to-the-real
  # shellcheck disable=SC2016 # for that shell
  runs env NUMBER="$(cat $sysfs/dev)" "$daxemu" run --mode emulate --device dax5.3 --size 32M -- sh -c '
    ls /sys/bus/dax/devices; ls /dev | grep dax; echo /dev/dax*
    for path in /dev/dax0.0 /tmp/to-the-real "/sys/dev/char/$NUMBER"; do
      test "$path" = "/sys/dev/char/$(cat /sys/bus/dax/devices/dax5.3/dev)" || test ! -e "$path" || echo "$path is there"
    done
    cat /tmp/to-the-real || :'
  same "the real device of another name" "$out" "dax5.3
dax5.3
/dev/dax5.3"
  matches "opened through a link" "$err" 'No such file or directory'
  # A link to a name that is emulated leads to that.
  runs "$daxemu" run --mode emulate --size 32M -- sh -c '[ /tmp/to-the-real -ef /dev/dax0.0 ] && echo the same'
  same "through a link" "$out" "the same"
  runs "$daxemu" run --mode emulate --size 32M -- "$DAXEMU_TESTS/one_memory" /dev/dax0.0
  matches "the example program" "$out" '5 of 5 views agree'
  same "the real device afterwards" "$(cat $sysfs/size)" 67108864
}

case_kernel() {
  # shellcheck disable=SC2016 # for that shell
  runs env DAXEMU=kernel "$daxemu" run -- sh -c 'echo "${LD_PRELOAD:-no preload} $DAXEMU"'
  same "what the command saw" "$out" "no preload kernel"
  matches "what is said" "$err" "$own"
  refused 'this machine has no device-dax named dax7\.0' '--mode emulate' run --mode kernel --device dax7.0 -- true
  refused 'does not have --align 1G' 'reconfigure' run --mode kernel --align 1G -- true
  refused 'is smaller than --size 1G' '--mode emulate' run --mode kernel --size 1G -- true
  status_of env DAXEMU=kernel "$daxemu" run -- no-such-command
  same "exit status of no command" "$status" 127
}

# Without its driver it is a device, but none to use.
case_unbound() {
  echo dax0.0 >/sys/bus/dax/drivers/device_dax/unbind
  status_of "$daxemu" list --json
  listed=$out
  status_of "$daxemu" run --mode kernel -- true
  kernel_status=$status kernel_said=$err
  status_of "$daxemu" run --verbose --size 32M -- sh -c 'cat /sys/bus/dax/devices/dax0.0/size'
  auto_out=$out auto_said=$err
  echo dax0.0 >/sys/bus/dax/drivers/device_dax/bind
  matches "daxemu list --json" "$listed" '"state": "disabled"'
  same "exit status of mode kernel" "$kernel_status" 125
  matches "mode kernel" "$kernel_said" 'dax0\.0 is not bound to device_dax.*; .*daxctl'
  same "mode auto" "$auto_out" 33554432
  matches "mode auto" "$auto_said" 'not bound to device_dax.*: emulating it'
  runs "$daxemu" run --mode kernel -- true
}

# fio_passes WHAT ARGUMENTS OF daxemu run...
fio_passes() {
  what=$1
  shift
  runs "$daxemu" run "$@" -- fio --name=t --ioengine=dev-dax --filename=/dev/dax0.0 --rw=randrw --bs=4k --size=24m \
    --verify=crc32c --do_verify=1
  matches "$what: fio reports no error" "$out" 'err= 0:'
  matches "$what: fio read all of it" "$out" 'READ: .*io=24\.0MiB'
  matches "$what: what is said" "$err" "$own"
}
case_fio() {
  fio_passes "mode auto"
  fio_passes "mode kernel" --mode kernel
}

case_example() {
  runs env DAXEMU=kernel "$daxemu" run -- "$DAXEMU_TESTS/one_memory" /dev/dax0.0
  matches "the example program" "$out" '5 of 5 views agree'
  matches "what is said" "$err" "$own"
}

# The API's test program: the same tests on emulated devices and on the machine's own, which it finds by itself.
case_api() {
  status_of "$DAXEMU_TESTS/unit_api" --gtest_filter='*_kernel:*2M_emulated:DaxPlatform.Automatic*'
  printf '%s\n%s\n' "$out" "$err"
  same "exit status" "$status" 0
  for test in SaysWhatItIs TwoMappingsAreTheSameMemory ATouchIsAnErrnoAndNoSignal MappingsAreWholeAndKeepTheDeviceOpen \
    AForkedChildSharesTheMemory MisalignedMappingsAreEINVAL; do
    matches "the tests of the kernel's device" "$out" "\[       OK \] Dax/DaxDeviceTest.$test/2M_kernel"
  done
  matches "the automatic choice" "$out" "\[       OK \] DaxPlatform.AutomaticTakesTheMachinesDevice"
}

# What a device-dax of the kernel's cannot be asked is refused or said, not made up.
case_verbs() {
  status_of "$daxemu" trace --mode kernel -- true
  same "exit status of trace" "$status" 125
  matches "trace" "$err" '^daxemu: .*; .*emulate'
  runs "$daxemu" stat --mode kernel -- true
  matches "stat" "$err" "machine.s own device-dax was used"
  status_of "$daxemu" poison dax0.0 --offset 0
  same "exit status of poison" "$status" 125
}

# The conformance suite; its rows are compared outside.
case_suite() {
  status=0
  env DAXEMU=kernel "$daxemu" run -- "$suite/in-guest" "$DAXEMU_TESTS/daxemu-conformance" --scratch /tmp/scratch 2>said || status=$?
  sed "s/^/# /" said
  exit $status
}

"case_$1"
