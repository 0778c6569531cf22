#!/bin/sh
# replay.sh TRANSCRIPT: runs the commands of a transcript again and prints the transcript of what happened now. Without what differs
# from machine to machine (names.awk, of which the first lines are) both are the same when the machine answers as the recorded one did. Runs on whatever CXL bus
# there is: under daxemu, or in a guest (python-free-scripts/guest --region cxl). Lines of a transcript:
#   # remark | $ COMMAND | -- stdout | -- stderr | -- exit status N
set -u
export LC_ALL=C
here=$(cd "$(dirname "$0")" && pwd -P)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$1" "$work/transcript" || exit 1
sh "$here/names.sh"
window() { # the lines of /proc/iomem that are of the windows
  awk '/CXL Window/ { inside = 1; print; next } /^ / { if (inside) print; next } { inside = 0 }' /proc/iomem
}
settle() { # what the kernel and the buses still have to do, a moment; under daxemu nothing
  [ -n "${DAXEMU_PLATFORM:-}" ] || sleep 0.3
}
show() { # STREAM FILE
  [ -s "$2" ] || return 0
  echo "-- $1"
  cat "$2"
}
while IFS= read -r line <&3; do
  case $line in
    '#'*) printf '%s\n' "$line"; continue ;;
    '$ '*) ;;
    *) continue ;;
  esac
  (eval "${line#\$ }") >"$work/out" 2>"$work/err" </dev/null 3<&-
  status=$?
  printf '%s\n' "$line"
  show stdout "$work/out"
  show stderr "$work/err"
  echo "-- exit status $status"
done 3<"$work/transcript"
