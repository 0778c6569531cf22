#!/bin/sh
# growth: what is done among many others costs no more than its line says: how many instructions it takes among N, 2 N and 4 N, counted
# by valgrind and not timed, so that a busy machine says the same.
#   growth_test.sh PROGRAM
set -eu
program=$1
command -v valgrind >/dev/null 2>&1 || {
  echo "SKIP: valgrind is not installed (python-free-scripts/deps test third-party)"
  exit 77
}
said=$(mktemp)
trap 'rm -f "$said"' EXIT
count() {
  valgrind --tool=callgrind --callgrind-out-file=/dev/null --toggle-collect='*measured*' "$program" "$1" "$2" >"$said" 2>&1 || :
  awk '/Collected/ { print $4; counted = 1 } END { exit !counted }' "$said" || sed "s/^/$1 $2: /" "$said" >&2
}
kernel=$(uname -r | awk -F"[.-]" '{ print $1 * 100 + $2 }')
status=0
# SHAPE, N, and how many times those of N may be needed among 4 N, in hundredths: 150 where it is to grow with the logarithm at most, 450
# where each of the others is looked at once; and, for some, of which kernel on (611: Linux 6.11).
while read -r shape n most since; do
  if [ "$kernel" -lt "${since:-0}" ]; then
    printf '%-28s wants a newer kernel\n' "$shape"
    continue
  fi
  one=$(count "$shape" "$n")
  two=$(count "$shape" $((2 * n)))
  four=$(count "$shape" $((4 * n)))
  verdict=fine
  if [ "${one:-0}" -eq 0 ] || [ "${four:-0}" -eq 0 ] || [ $((four * 100)) -gt $((one * most)) ]; then
    verdict=FAIL
    status=1
  fi
  printf '%-28s %5d: %9s  %5d: %9s  %5d: %9s  %s\n' "$shape" "$n" "$one" $((2 * n)) "$two" $((4 * n)) "$four" "$verdict"
done <<'END_OF_SHAPES'
name 250 150
name_in_50_regions 250 150
no_name 250 150
create 250 450
anywhere 15000 200
file_goes 4000 150
shown_beside_a_long_one 4000 150
shown_beside_another_views 4000 150
view 12 150
outside_piece 1000 150 611
outside_file 12 150
inode_as_it_was 200 1000
END_OF_SHAPES
exit $status
