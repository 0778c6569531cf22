#!/bin/sh
# Every environment variable of ours that the code reads is in the manual page, and the other way round.
#   environment.sh DAXEMU FOLDER-OF-MAN1
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd -P)
page=$(gzip -dc "$2/daxemu.1.gz")
read_in_code=$(grep -rhoE '"(DAXEMU(_[A-Z]+)*|NO_COLOR)"' "$top/runtime" "$top/emu" --include='*.cpp' --include='*.hpp' | tr -d '"' | sort -u)
faults=0
for name in $read_in_code; do
  case $name in
    DAXEMU_WORKING_DIRECTORY | DAXEMU_TRACE_SITES | DAXEMU_CWD | DAXEMU_ENTER | DAXEMU_SUPERVISED) continue ;; # between our own processes
  esac
  printf '%s\n' "$page" | grep -qF ".B $name" || { echo "daxemu.1 does not tell of $name"; faults=1; }
done
for name in $(printf '%s\n' "$page" | sed -n '/^\.SH ENVIRONMENT/,/^\.SH EXIT/s/^\.B \([A-Z_]*\)$/\1/p'); do
  grep -rqF "\"$name\"" "$top/runtime" "$top/emu" || { echo "nothing reads $name, of which daxemu.1 tells"; faults=1; }
done
[ "$faults" -eq 0 ] && echo "told: $read_in_code"
