#!/bin/sh
# supervised: programs whose system calls no library sees are answered from outside: static ones, one that makes calls of its own,
# Go; what dynamic programs print is what they print with the library.
#   supervised_test.sh OWN_CALLS_PROGRAM
# shellcheck source-path=SCRIPTDIR
here=$(cd "$(dirname "$0")/.." && pwd -P)
. "$(dirname "$0")/../lib.sh"
own_calls=$1
run() {
  status_of "$daxemu" run --size 64M --backing shmem --intercept "$@"
}
run kernel -- true
case $err in
  *'the kernel does not tell of system calls'*) skip "$err" ;;
esac
device=/sys/bus/dax/devices/dax0.0

# By the library, and from outside.
# shellcheck disable=SC2016 # the inner shell expands them
script='ls -l /dev/dax0.0 | cut -c 1-32; cat '$device'/size '$device'/align; ls -d /dev/dax*; readlink '$device'; cd '$device' && /bin/pwd && cat size; x=$(cat align | sed s/2/Z/); echo "$x";
  cd ..; pwd -P; ls; ls /sys/bus/dax; stat -c "%F %t %T" /dev/dax0.0; dd if=/dev/dax0.0 bs=4k count=1 2>&1 | head -n 1; cp '$device'/size copy; cat copy;
  echo x >/dev/dax0.0; echo nonsense >/sys/bus/dax/drivers/device_dax/unbind; echo dax0.0 >/sys/bus/dax/drivers/device_dax/unbind; ls '$device'/driver;
  echo dax0.0 >/sys/bus/dax/drivers/device_dax/bind; readlink -f '$device'/driver; ls /dev/dax0.0; mkdir /dev/dax0.0; mkdir '$device'/x; rm -f /dev/dax0.0/x; find /sys/bus/dax/ | sort;
  head -c 3 '$device'/size; tail -c 3 '$device'/size; test -r /dev/dax1.0; echo $?; exec 3<'$device'/size; cat <&3; cat <'$device'/align; /dev/dax0.0'
run libc -- sh -c "$script"
expected=$out expected_errors=$err
run kernel -- sh -c "$script"
same "a shell's output" "$out" "$expected"
same "a shell's errors" "$err" "$expected_errors"

if command -v busybox >/dev/null; then
  run auto -- busybox cat $device/size
  same "busybox cat" "$out" 67108864
  run auto -- busybox sh -c "$script"
  same "exit status of busybox's shell" "$status" 126 # the last line runs the device itself
  matches "what is bound again" "$out" /bus/dax/drivers/device_dax
  matches "a directory of ours" "$out" '^/sys/bus/dax/devices$'
  run auto -- busybox dd if=/dev/dax0.0 bs=4096 count=1
  matches "busybox dd" "$err" 'Invalid argument'
  # A dynamic program starts a static one: in the same process, and on its way through a pipe.
  # shellcheck disable=SC2016 # the inner shell expands them
  run auto -- sh -c 'busybox cat '$device'/size | cat; x=$(busybox stat -c %t /dev/dax0.0); echo "$x"; env -i busybox ls /dev/dax0.0; echo $$; exec busybox sh -c "echo \$\$"'
  printf '%s\n' "$out" >lines
  same "static children" "$(sed -n '1p;3p' lines)" "67108864
/dev/dax0.0"
  same "the process it became" "$(sed -n 5p lines)" "$(sed -n 4p lines)"
  same "said of static children" "$err" ""
fi

run kernel -- "$own_calls" /dev/dax0.0 $device/align
same "exit status of a program with calls of its own: $err" "$status" 0
same "its output" "$out" "stat: ok
character device: 1
stat of nothing: -ENOENT
stat of bad memory: -EFAULT
stat into bad memory: -EFAULT
open: ok
read: -EINVAL
write: -EINVAL
lseek: ok
ftruncate: -EINVAL
fstat of a copy: ok
character device: 1
mmap private: -EINVAL
mmap of a page: -EINVAL
mmap: ok
aligned: 1
sum: 261120
munmap of a page: -EINVAL
mprotect of a page: -EINVAL
msync: -EINVAL
munmap of an extent: ok
low: 1, not low: 1
child: 0, its byte: 77
vforked child: 0
open an attribute: ok
attribute: 2097152
failed among signals: 0, signals: 1"

# Who has given up root may do what its new user may.
if [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null; then
  run kernel -- setpriv --reuid 65534 --regid 65534 --clear-groups sh -c "cat $device/size; exec 3<>/dev/dax0.0"
  same "read by another user" "$out" 67108864
  matches "opened by another user" "$err" "ermission denied"
fi

if command -v daxctl >/dev/null; then
  for tool in 'daxctl list -DRM -u' 'daxctl disable-device dax0.0' 'daxctl reconfigure-device --mode=system-ram dax0.0'; do
    run libc -- sh -c "$tool"
    expected=$out expected_errors=$err
    run kernel -- sh -c "$tool"
    same "$tool" "$out$err" "$expected$expected_errors"
  done
fi
if command -v pmempool >/dev/null; then
  tool='pmempool create obj /dev/dax0.0; pmempool info /dev/dax0.0 | grep -v -E "UUID|Checksum|time|Creation"'
  run libc -- sh -c "$tool"
  expected=$out$err
  run kernel -- sh -c "$tool"
  same "pmempool" "$out$err" "$expected"
fi
if command -v fio >/dev/null; then
  run kernel -- fio --name=t --filename=/dev/dax0.0 --ioengine=dev-dax --rw=randwrite --bs=4k --size=8M --verify=crc32c --thread
  matches "fio" "$out" 'err= 0'
fi
if command -v go >/dev/null; then
  cp "$here/programs/go_program.go" program.go
  if GO111MODULE=off GOCACHE=$scratch/cache CGO_ENABLED=0 go build -o go_program program.go 2>go_errors; then
    run auto -- ./go_program
    same "a Go program" "$out" "device dax0.0
size 67108864
mode Dcrw-------
write write /dev/dax0.0: invalid argument
sum 7168"
    # With C in it: the dynamic linker loads it, and its runtime makes system calls of its own all the same.
    sed 's|^import (|// #include <stdlib.h>\nimport "C"\n\nimport (|; s|"sum", sum)|"sum", sum, C.abs(-3))|' program.go >cgo.go
    if GO111MODULE=off GOCACHE=$scratch/cache CGO_ENABLED=1 go build -o cgo_program cgo.go 2>go_errors; then
      run auto -- ./cgo_program
      matches "a Go program with C in it" "$out" "^sum 7168 3$"
    fi
    run auto -- sh -c './go_program | tail -n 1'
    same "one that a shell starts" "$out" "sum 7168"
  fi
fi
nothing_runs
