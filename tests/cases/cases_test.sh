#!/bin/sh
# cases_test.sh NAME: the case on the emulator answers as the recorded kernel did (answers/NAME.txt), row by row and word by word, but
# for what reasons.tsv names. Rows in open.tsv are still to be mended: they are counted, and one that is equal by now must go.
here=$(dirname -- "$(readlink -f -- "$0")")
# shellcheck source=tests/clients/lib.sh
. "$here/../clients/lib.sh"
case=$1
# shellcheck source=tests/cases/options.sh
. "$here/options.sh"
case $kind in
  hmem) set -- --region hmem --numa-node none ;;
  numa) set -- --region hmem --numa-node 0 ;;
  pmem) set -- --region pmem --numa-node none ;;
esac
# Backing shmem: what is asked does not depend on it, and needs no pool.
status_of sh "$here/apart.sh" "$scratch/left" "$daxemu" run --mode emulate --backing shmem --size 512M --align 2M "$@" -- \
  sh "$here/case.sh" "$case"
[ "$status" -ne 77 ] || { tail -n 1 out; exit 77; }
sed 's/^/left: /' left >>out
[ -z "$err" ] || printf '%s\n' "$err" >&2
"$here/compare.sh" ${CASES_MODE:+"--$CASES_MODE"} "$case" out
