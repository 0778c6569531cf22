#!/bin/sh
# case.sh NAME: asks one case of the device that is there, an emulated one or the kernel's. Programs come from $DAXEMU_TESTS.
# Exit status 77: what it needs is missing (its reason on stdout).
set -u
export LC_ALL=C
here=$(dirname -- "$(readlink -f -- "$0")")
bin=${DAXEMU_TESTS:?is not set: where the programs are}

cd / || exit

# needs COMMAND...
needs() {
  for tool in "$@"; do
    command -v "$tool" >/dev/null 2>&1 || { echo "SKIP: $tool is not installed"; exit 77; }
  done
}

case $1 in
  # Linux 6.1 panics when a device is opened while it is unbound and held (U1): the kernel is not asked that.
  reports) if [ "${CASES_KERNEL:-}" = yes ]; then "$bin/case_reports" R && "$bin/case_reports" U2; else "$bin/case_reports"; fi ;;
  sweep2) "$bin/case_sweep2" | cat ;; # a row lets no file grow, and what it prints is to be read all the same
  stdio) "$bin/case_stdio" 2>&1 ;;    # a row has the device as stdout
  corners-*) "$bin/case_corners" | cat ;;
  sweep1 | min1 | capmin | fiemap | remote | prog) "$bin/case_$1" ;;
  flock2 | flock_mmap) "$bin/case_$1" /dev/dax0.0 ;;
  flock) # ends with unlink(2) of the node, which the next case wants
    dev=$(cat /sys/bus/dax/devices/dax0.0/dev)
    "$bin/case_$1" /dev/dax0.0
    [ -e /dev/dax0.0 ] || mknod -m 600 /dev/dax0.0 c "${dev%:*}" "${dev#*:}" ;;
  pointers) "$bin/case_pointers" device ;;
  smaps_big_read) "$bin/case_$1" 2097152; "$bin/case_$1" 2097152 in-dax ;;
  vg1) "$bin/case_$1"; "$bin/case_$1" fork ;;
  shim)
    LD_PRELOAD="$DAXEMU_SHIM${LD_PRELOAD:+:$LD_PRELOAD}" "$bin/case_vg1" fork 2>&1
    LD_PRELOAD="${LD_PRELOAD:+$LD_PRELOAD:}$DAXEMU_SHIM" "$bin/case_vg1" fork 2>&1 ;;
  min2 | tools) needs bash; bash "$here/programs/$1.sh" 2>&1 ;;
  life) needs daxctl; sh "$here/programs/$1.sh" 2>&1 ;;
  nd | reconf-ns) needs ndctl daxctl; sh "$here/programs/$1.sh" 2>&1 ;;
  g1) sh "$here/programs/$1.sh" 2>&1 ;;
  core) HERE=$bin sh "$here/programs/$1.sh" 2>&1 ;;
  valgrind) needs valgrind; timeout -s KILL 60 valgrind -q "$bin/case_prog" 2>&1; echo "rc $?" ;;
  sysram_policy)
    needs daxctl "$bin/case_$1"
    daxctl reconfigure-device -m system-ram dax0.0 >/dev/null 2>&1; echo "reconf rc $?"
    "$bin/case_$1" ;;
  *) echo "no case $1"; exit 2 ;;
esac
