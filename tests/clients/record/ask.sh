#!/bin/sh
# ask.sh DAXEMU [SETUP]: what a machine has, asked of `daxemu record` and of the tools, one answer behind the other. SETUP (a file of this
# folder) runs first: it makes the machine into one that is worth recording. Runs in a guest, or under `daxemu run`.
set -u
export LC_ALL=C
daxemu=$1
if [ $# -gt 1 ]; then
  sh -e "$2" >/dev/null || exit 1
fi
part() { # NAME COMMAND...
  echo "%%% $1"
  shift
  "$@" 2>asked.err || { echo "exit status $?"; cat asked.err; }
}
part record "$daxemu" record
echo "%%% notes"
cat asked.err
part daxctl daxctl list -DRi
if [ -e /sys/bus/nd/devices/nmem0/nfit ]; then # with -vvv it tells the health of DIMMs, which not all have
  part ndctl ndctl list -BDRNiv
else
  part ndctl ndctl list -vvv
fi
! command -v cxl >/dev/null 2>&1 || part cxl cxl list -vvv
