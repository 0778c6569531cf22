#!/bin/sh
# ls, cat, readlink, stat, find, test and shell globbing on /dev/dax0.0 and its sysfs: unmodified, and in agreement.
# shellcheck source=tests/clients/lib.sh
. "$(dirname "$0")/../lib.sh"
needs bash find stat

inside() {
  runs "$daxemu" run --size 1G --align 2M -- "$@"
  same "nothing on stderr of: $*" "$err" ""
}

# shellcheck disable=SC2016 # for that shell
inside sh -c 'ls -l /dev/dax0.0; cat /sys/bus/dax/devices/dax0.0/size
  readlink -f /sys/dev/char/$(cat /sys/bus/dax/devices/dax0.0/dev)'
matches "ls -l shows a character device of root's" "$out" \
  '^crw------- 1 root root [0-9]+, *[0-9]+ .* /dev/dax0\.0$'
same "size" "$(printf '%s\n' "$out" | sed -n 2p)" 1073741824
same "readlink -f of the char device" "$(printf '%s\n' "$out" | sed -n 3p)" /sys/devices/platform/hmem.0/dax0.0

inside sh -c 'cat /sys/bus/dax/devices/dax0.0/dev; stat -c "%t %T %F %s %a" /dev/dax0.0'
number=$(printf '%s\n' "$out" | sed -n 1p)
expected=$(printf '%x %x character special file 0 600' "${number%:*}" "${number#*:}")
same "stat agrees with the dev attribute" "$(printf '%s\n' "$out" | sed -n 2p)" "$expected"

inside test -c /dev/dax0.0
status_of "$daxemu" run --size 1G -- test -c /dev/dax0.1
same "test -c of a device that is not there" "$status" 1
status_of "$daxemu" run --size 1G -- ls /dev/dax0.1
same "ls of a device that is not there" "$status" 2

inside find /dev -maxdepth 1 -name 'dax*'
same "find in /dev" "$out" /dev/dax0.0
# shellcheck disable=SC2016 # for that shell
inside bash -c 'echo /dev/dax*; for one in /sys/bus/dax/devices/*; do echo "$one"; done; cd /sys/bus/dax/devices/dax0.0 && echo s*ze; < size read -r bytes && echo $bytes'
same "bash globs and reads" "$out" "/dev/dax0.0
/sys/bus/dax/devices/dax0.0
size
1073741824"

# Every name that find prints can be looked at, and every plain file read or refused as sysfs refuses.
# shellcheck disable=SC2016 # for that shell
inside sh -c 'find /sys/bus/dax/ /sys/bus/dax/devices/dax0.0/ | while read -r name; do
  ls -ld "$name" >/dev/null || echo "cannot look at $name"
  done
  find /sys/bus/dax/devices/'
has_not "each name can be looked at" "$out" 'cannot look'
matches "find lists the device" "$out" '^/sys/bus/dax/devices/dax0\.0$'

# The whole device directory by three ways is one.
# shellcheck disable=SC2016 # for that shell
inside sh -c 'd=$(cat /sys/bus/dax/devices/dax0.0/dev)
  for way in /sys/bus/dax/devices/dax0.0 /sys/dev/char/$d /sys/bus/dax/drivers/device_dax/dax0.0; do
    (cd "$way" && pwd -P && ls) | cksum
  done | sort -u | wc -l
  cat /sys/dev/char/$d/uevent; basename $(readlink /sys/dev/char/$d/subsystem)'
same "three ways to one directory" "$(printf '%s\n' "$out" | sed -n 1p)" 1
matches "uevent" "$out" '^DEVNAME=dax0\.0$'
same "subsystem" "$(printf '%s\n' "$out" | tail -n 1)" dax

# What the machine really has in /dev is still there, once.
runs ls /dev
outside=$out
inside ls /dev
same "the rest of /dev" "$(printf '%s\n' "$out" | grep -v '^dax0\.0$')" "$(printf '%s\n' "$outside" | grep -v '^dax0\.0$')"
same "the device is listed once" "$(printf '%s\n' "$out" | grep -c '^dax0\.0$')" 1

# Another name and other sizes show.
runs "$daxemu" run --device dax2.5 --size 2G --align 1G -- sh -c \
  'ls /dev/dax*; cd /sys/bus/dax/devices/dax2.5; cat size align; pwd -P'
same "another device" "$out" "/dev/dax2.5
2147483648
1073741824
/sys/devices/platform/hmem.2/dax2.5"
nothing_runs
