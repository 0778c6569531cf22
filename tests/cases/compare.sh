#!/bin/sh
# compare.sh NAME GOT [EXPECTED]: prints which rows of GOT differ from answers/NAME.txt, expected | got, word by word; exit status 1
# if one differs that neither reasons.tsv nor open.tsv names, or if open.tsv names one that is equal.
#   --all: those that are named too. --list: only their names, as lines of open.tsv. --kernel: nothing may differ but what kernel.tsv names.
set -eu
here=$(dirname -- "$(readlink -f -- "$0")")
all=0 list=0 reasons=$here/reasons.tsv open=$here/open.tsv
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
echo '# none' >"$work/none"
case $1 in
  --kernel) reasons=$here/kernel.tsv open=$work/none; shift ;;
  --all) all=1; shift ;;
  --list) list=1; shift ;;
esac
# Times, rates and addresses are of the moment.
plain() {
  sed -E 's/[0-9.e-]+ s, [0-9.]+ [kMG]?B\/s/T s, R/; s/times=[0-9]+/times=N/; s/settid=[0-9]+/settid=N/; s/poll=[01] pvr/poll=N pvr/' "$1"
}
plain "${3:-$here/answers/$1.txt}" >"$work/expected"
plain "$2" >"$work/got"
awk -v file="$1" -v all=$all -v list=$list -f "$here/compare.awk" "$reasons" "$open" "$work/expected" "$work/got"
