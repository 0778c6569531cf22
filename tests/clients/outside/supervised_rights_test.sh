#!/bin/sh
# supervised_rights_test.sh: what a program that has changed its user may do with attributes and nodes: answered from outside it is what the library says of them,
# which is what a guest's kernel says (client.cxl.calls).
here=$(cd "$(dirname "$0")/.." && pwd -P)
# shellcheck source=tests/clients/lib.sh
. "$here/lib.sh"
[ "$(id -u)" = 0 ] || skip "only root can become another user"
status_of "$daxemu" run --size 64M --intercept kernel -- true
case $err in
  *'the kernel does not tell of system calls'*) skip "$err" ;;
esac
same "exit status" "$status" 0
program=${DAXEMU_TESTS:?}/attribute_calls_program
for who in as-nobody real-nobody effective-nobody files-as-nobody; do
  for how in libc kernel; do
    status_of "$daxemu" run --size 64M --region hmem --intercept $how -- "$program" --$who /sys/bus/dax/devices/dax0.0/align \
      /sys/bus/dax/devices/dax0.0/size /sys/bus/dax/drivers/device_dax/bind /sys/bus/dax/devices/dax0.0/uevent /sys/bus/dax/devices/dax0.0 /dev/dax0.0
    same "stderr" "$err" ""
    same "exit status" "$status" 0
    mv out said-$how
  done
  diff said-libc said-kernel || fail "$who may not do the same when calls are answered from outside (<: by the library)"
  mv said-libc said-"$who"
done
matches "a folder" "$(cat said-as-nobody)" "dax0.0 may: read=0 write=EACCES execute=0 write-effective=EACCES"
matches "the real user" "$(cat said-real-nobody)" "dax0.0 may: read=0 write=EACCES execute=0 write-effective=0"
matches "the effective user" "$(cat said-effective-nobody)" "dax0.0 may: read=0 write=0 execute=0 write-effective=EACCES"
matches "who opens files, by eaccess(3)" "$(cat said-files-as-nobody)" "align may: read=0 write=.* eaccess=0 eaccess-w=0"
# Nor may that user send a signal to who answers, which would end the supervisor.
status_of "$daxemu" run --size 64M --region hmem --intercept kernel -- "$1" /sys/bus/dax/devices/dax0.0/align
same "stderr" "$err" ""
same "exit status" "$status" 0
same "what another user could do to the supervisor" "$(cat out)" "tried: signalled 0"
nothing_runs
